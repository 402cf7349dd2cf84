"""The wait in a response is exact to the second, for every rate limit that a visitor can fill."""

import json
from collections.abc import Callable

import pytest

from latchkey import tokens
from latchkey.http.requests import JSON
from latchkey.rules import limits
from latchkey.rules.limits import (
    CREATED_PER_CLINICIAN,
    INVITATIONS_PER_IMPORT,
    NOTICES_PER_ACCOUNT,
    REQUEST_LINK_PER_ADDRESS,
    REQUESTS_PER_MACHINE,
    RESEND_COOLDOWN,
    SAMPLES_PER_CLINICIAN,
    Limit,
)
from tests.kit.browser import Browser
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal
from tests.kit.seed import key_of, lookup_ring, use_up

HOME = "2001:db8:40:1::1"
NEAR, AROUND = "2001:db8:40:1::/64", "2001:db8:40::/48"
LATE = 17
"""Time since the start of the window, in seconds."""


def ask(browser: Browser) -> HttpResponse:
    return browser.request_link("ana@example.com")


def request_unknown(browser: Browser) -> HttpResponse:
    return browser.request_link("nobody@example.com")


def open_link(browser: Browser) -> HttpResponse:
    return browser.post("/willow/link/none")


def submit_pin(browser: Browser) -> HttpResponse:
    return browser.post("/willow/pin", {"email": "ana@example.com", "pin": "123456"})


def start_google(browser: Browser) -> HttpResponse:
    return browser.post("/willow/google")


def send_refresh_token(browser: Browser) -> HttpResponse:
    fields = json.dumps({"refresh_token": "none"}).encode()
    return browser.send("POST", "/willow/app/session", {"content-type": JSON, "accept": JSON}, fields)


def fill(portal: Portal, limit: Limit, *who: str | bytes) -> None:
    """Open a window now, and fill it."""
    use_up(portal, limit, 1, *who)
    portal.tables.update_item(
        TableName="Budgets",
        Key={"bucket": {"S": tokens.opaque_key(lookup_ring(portal), *who)}},
        UpdateExpression="SET windows.#limit.#count = :most",
        ExpressionAttributeNames={"#limit": limit.name, "#count": "count"},
        ExpressionAttributeValues={":most": {"N": str(limit.max_count)}},
    )


_, QUARTER, DAY = REQUEST_LINK_PER_ADDRESS.limits
CASES: list[tuple[Limit, tuple[str, ...], Callable[[Browser], HttpResponse]]] = [
    (limits.REQUEST_LINK_PER_SOURCE.limit, ("source", "ask", NEAR), ask),
    (limits.REQUEST_LINK_PER_NETWORK.limit, ("network", "ask", AROUND), ask),
    (limits.UNKNOWN_ADDRESS_PER_SOURCE.limit, ("source", "ask", NEAR), ask),
    (limits.UNKNOWN_ADDRESS_PER_SOURCE.limit, ("source", "ask", NEAR), request_unknown),
    (limits.UNKNOWN_ADDRESS_PER_NETWORK.limit, ("network", "ask", AROUND), ask),
    (limits.UNKNOWN_ADDRESS_PER_NETWORK.limit, ("network", "ask", AROUND), request_unknown),
    (QUARTER, ("address",), ask),
    (DAY, ("address",), ask),
    (limits.MAIL_PER_PRACTICE.limit, ("practice", "willow"), ask),
    (limits.OPEN_LINK_PER_SOURCE.limit, ("source", "link", NEAR), open_link),
    (limits.OPEN_LINK_PER_NETWORK.limit, ("network", "link", AROUND), open_link),
    (limits.SUBMIT_PIN_PER_SOURCE.limit, ("source", "pin", NEAR), submit_pin),
    (limits.SUBMIT_PIN_PER_NETWORK.limit, ("network", "pin", AROUND), submit_pin),
    (limits.WRONG_PINS_PER_ADDRESS.limit, ("pin address",), submit_pin),
    (limits.WRONG_PINS_PER_PRACTICE.limit, ("pin practice", "willow"), submit_pin),
    (limits.START_PROVIDER_PER_SOURCE.limit, ("source", "provider", NEAR), start_google),
    (limits.START_PROVIDER_PER_NETWORK.limit, ("network", "provider", AROUND), start_google),
    (limits.APP_PER_SOURCE.limit, ("source", "app", NEAR), send_refresh_token),
    (limits.APP_PER_NETWORK.limit, ("network", "app", AROUND), send_refresh_token),
]


@pytest.mark.parametrize(
    ("limit", "who", "act"), CASES, ids=[f"{limit.name}-{act.__name__}" for limit, _, act in CASES]
)
def test_a_second_before_its_end_a_rate_limit_is_full_and_at_its_end_it_is_not(
    portal: Portal, limit: Limit, who: tuple[str, ...], act: Callable[[Browser], HttpResponse]
) -> None:
    portal.parameters["GoogleClientId"] = "portal"
    of: tuple[str | bytes, ...] = who if who[1:] else (*who, key_of(portal, "willow", "ana@example.com"))
    fill(portal, limit, *of)
    ends = portal.now + limit.window_seconds
    answers = {}
    for seconds in (limit.window_seconds - LATE, 1, 0):
        portal.now = ends - seconds
        answers[seconds] = act(portal.browser(HOME))

    assert {wait: answer.headers.get("retry-after") for wait, answer in answers.items()} == {
        limit.window_seconds - LATE: str(limit.window_seconds - LATE),
        1: "1",
        0: None,
    }
    assert [answer.status for answer in answers.values()][:2] == [429, 429]
    assert answers[0].status != 429


def test_every_rate_limit_of_a_visitor_is_among_them() -> None:
    """One limit is missing: the minute between two links, because no response tells that wait."""
    every = {limit for policy in limits.POLICIES for limit in policy.limits}

    of_staff = {policy.limit for policy in (CREATED_PER_CLINICIAN, SAMPLES_PER_CLINICIAN, REQUESTS_PER_MACHINE)}
    of_services = {NOTICES_PER_ACCOUNT.limit}
    assert every - {limit for limit, *_ in CASES} == {
        RESEND_COOLDOWN,
        *of_staff,
        *of_services,
        *INVITATIONS_PER_IMPORT.limits,
    }
