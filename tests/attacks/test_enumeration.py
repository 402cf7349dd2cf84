"""Tests that nobody learns whether an address is on file, if the practice gives every address the same response."""

import re
from typing import Any

import pytest

from latchkey.rules.accounts import AccountStatus
from tests.kit.clock import NOON
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal
from tests.kit.seed import HARBOR, put

DAY = 24 * 3600
PAUSES = (0, 10, 50, 60, 60, 900, 900)
"""Seconds before each request: the first, one too early, more until the rate limit is full, and one after the wait."""

STATES: dict[str, dict[str, Any]] = {
    "active, never signed in": {"first_sign_in_at": None, "last_sign_in_at": None},
    "active, signed in before": {},
    "disabled": {"status": AccountStatus.DISABLED},
    "invited": {"status": AccountStatus.INVITED, "first_sign_in_at": None, "last_sign_in_at": None},
    "no consent to email": {"email_ok": False},
    "bounced": {"suppressed": True},
}


def call(operation: str, arguments: dict[str, Any]) -> list[Any]:
    """Return a call to AWS without the values that differ between addresses."""
    alike = [arguments.get(name) for name in ("TableName", "UpdateExpression", "ConditionExpression", "QueueUrl")]
    sizes = {name: len(repr(value)) for name, value in arguments.items() if isinstance(value, (str, bool))}
    return [operation, *alike, sizes]


def shown(answer: HttpResponse, address: str) -> list[Any]:
    """Return a response without the typed address, the date, the support code and the values of cookies."""
    body = re.sub('datetime="[^"]*"', "", answer.body.replace(address, "ADDRESS"))
    if "<code>" in body:
        body = body.replace(answer.page.one("code").text, "CODE")
    body = re.sub('"support_code": "[^"]+"', '"support_code": "CODE"', body)
    cookies = [cookie.replace(cookie.partition("=")[2].partition(";")[0], "") for cookie in answer.cookies]
    return [
        answer.status,
        answer.headers,
        body,
        cookies,
        {name: len(value) for name, value in answer.cookie_values.items()},
    ]


def seen(portal: Portal, address: str, hour: int, *, app: bool) -> list[Any]:
    """Request links with an address for an hour. Return the responses and the calls to AWS."""
    source = f"198.51.100.{hour}"
    visitor = portal.app(source) if app else portal.browser(source)
    # All of these days are in summer time, so that pages show one time of day.
    portal.now = NOON + (hour * 2 + 10) * DAY
    observed: list[Any] = []
    for pause in PAUSES:
        portal.now += pause
        portal.aws.calls.clear()
        observed.append(shown(visitor.request_link(address, "harbor"), address))
        observed.append([call(*made) for made in portal.aws.calls])
        observed.append(shown(visitor.get("/harbor/sign-in/sent"), address))
    return observed


@pytest.mark.parametrize("app", [False, True], ids=["browser", "app"])
def test_every_state_of_an_account_gets_the_answer_of_an_address_that_nobody_has(portal: Portal, app: bool) -> None:
    """Status, body, headers and cookies are the same, and so are the order and size of the calls to AWS."""
    people = {state: f"person{place}@example.com" for place, state in enumerate(STATES)}
    for state, address in people.items():
        put(portal, HARBOR, address, **STATES[state])
    seen(portal, "person8@example.com", 1, app=app)

    nobody = seen(portal, "person9@example.com", 2, app=app)

    accepted = 202 if app else 303
    assert [response[0] for response in nobody[::3]] == [
        accepted,
        accepted,
        accepted,
        accepted,
        429,
        accepted,
        accepted,
    ]
    for hour, (state, address) in enumerate(people.items(), 3):
        assert seen(portal, address, hour, app=app) == nobody, state
