"""Tests that the diagnosis agrees with the responses that a client gets at that moment (B156)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from latchkey.rules.addresses import canonical
from latchkey.rules.limits import (
    MAIL_PER_PRACTICE,
    REQUEST_LINK_PER_ADDRESS,
    WRONG_PINS_PER_ADDRESS,
    WRONG_PINS_PER_PRACTICE,
    Limit,
)
from latchkey.rules.practices import UnknownAddressPolicy
from latchkey.store import accounts, limits, practices
from tests.api.cloud import MinistackCloud
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.http_response import HttpResponse
from tests.kit.seed import WILLOW

KIM = "kim@example.com"
QUARTER = next(limit for limit in REQUEST_LINK_PER_ADDRESS.limits if limit.name == "ask_quarter")
LIMITS: dict[str, Limit] = {
    "address": QUARTER,
    "browser": QUARTER,
    "practice": MAIL_PER_PRACTICE.limit,
    "practice browser": MAIL_PER_PRACTICE.limit,
    "pin address": WRONG_PINS_PER_ADDRESS.limit,
    "pin browser": WRONG_PINS_PER_ADDRESS.limit,
    "pin practice": WRONG_PINS_PER_PRACTICE.limit,
}
"""Each rate limit, by the name that the tests use for it."""

FULL: list[tuple[str, ...]] = [
    (),
    ("address",),
    ("browser",),
    ("address", "browser"),
    ("browser", "address"),
    ("practice",),
    ("practice browser",),
    ("practice", "practice browser"),
    ("practice browser", "practice"),
    ("address", "practice browser"),
    ("address", "browser", "practice"),
    ("address", "browser", "practice", "practice browser"),
    ("pin address",),
    ("pin browser",),
    ("pin address", "pin browser"),
    ("pin browser", "pin address"),
    ("pin practice",),
    ("pin address", "pin practice"),
    ("address", "pin address"),
    ("address", "browser", "pin address"),
    ("address", "pin address", "pin browser"),
    ("address", "browser", "pin address", "pin browser"),
    ("practice", "practice browser", "pin practice"),
]
"""Sets of full rate limits. Within a set they fill up in this order, a minute apart."""

both_settings = pytest.mark.parametrize("setting", UnknownAddressPolicy)
every_lock = pytest.mark.parametrize("full", FULL, ids=" + ".join)


def fill(clock: Clock, names: tuple[str, ...]) -> None:
    """Fill these rate limits, one each minute."""
    for name in names:
        who = "willow" if "practice" in name else accounts.key_of("willow", canonical(KIM))
        limit = LIMITS[name]
        limits.LimitItem(
            limits.scope_key(name, who),
            windows={limit.name: {"count": limit.max_count, "ends": clock.now + limit.window_seconds}},
            revision=1,
            sweep_at=clock.now + limit.window_seconds + limits.SWEEP_SECONDS,
        ).save()
        clock.advance(60)


def diagnosis(clinician: ClinicianApi, client: str) -> Any:
    answer = clinician.request("GET", "/clients/{client}/diagnosis", client=client)
    assert answer.status == 200, answer.body
    return answer.document


def on_file(clinician: ClinicianApi, cloud: MinistackCloud, setting: UnknownAddressPolicy) -> tuple[str, Browser]:
    """Put Kim on file at a practice with that setting. Return the client's id and a known browser."""
    practices.save(replace(WILLOW, unknown_address=setting))
    client = clinician.add_client("Kim Lee", KIM, invite={})
    known = cloud.browser()
    assert known.enter_pin(KIM, clinician.pin(client)).status == 200
    cloud.take_jobs()
    cloud.clock.advance(3600)
    return client, known


def ask(browser: Browser) -> HttpResponse:
    return browser.request_link(KIM)


def until(clock: Clock, found: Any, on: str, name: str) -> int | None:
    """Return the seconds for which the diagnosis says that a method is locked, or None."""
    ends = next((lock[name] for lock in found["locks"] if lock["on"] == on), None)
    return None if ends is None else int(datetime.fromisoformat(ends).timestamp()) - clock.now


def locked_for(clock: Clock, act: Callable[[], HttpResponse], seconds: int | None) -> None:
    """Fail unless requests are refused for exactly this many seconds. None means that they are not refused."""
    begun = clock.now
    if seconds is not None:
        assert act().status == 429
        clock.advance(seconds - 1)
        assert act().status == 429
        clock.advance(1)
    assert act().status in (202, 422)
    clock.now = begun


def about(found: Any, on: str) -> str:
    """Return the diagnosis's sentence about a lock, or ""."""
    start = {"links": "Links were asked for too often.", "pins": "Pin Codes were typed wrong too often. This"}[on]
    return next((sentence for sentence in found["advice"] if sentence.startswith(start)), "")


@both_settings
@every_lock
def test_a_lock_is_shown_for_exactly_as_long_as_a_browser_that_was_never_here_has_to_wait(
    clinician: ClinicianApi, cloud: MinistackCloud, full: tuple[str, ...], setting: UnknownAddressPolicy
) -> None:
    client, _ = on_file(clinician, cloud, setting)
    fill(cloud.clock, full)
    found = diagnosis(clinician, client)
    locked_for(cloud.clock, lambda: ask(cloud.browser()), until(cloud.clock, found, "links", "until"))
    locked_for(
        cloud.clock, lambda: cloud.browser().enter_pin(KIM, "000000"), until(cloud.clock, found, "pins", "until")
    )


@both_settings
@every_lock
def test_a_lock_holds_for_known_browsers_exactly_as_long_as_they_have_to_wait(
    clinician: ClinicianApi, cloud: MinistackCloud, full: tuple[str, ...], setting: UnknownAddressPolicy
) -> None:
    client, known = on_file(clinician, cloud, setting)
    fill(cloud.clock, full)
    found = diagnosis(clinician, client)
    locked_for(cloud.clock, lambda: ask(known), until(cloud.clock, found, "links", "known_browsers_until"))
    locked_for(
        cloud.clock, lambda: known.enter_pin(KIM, "000000"), until(cloud.clock, found, "pins", "known_browsers_until")
    )


@every_lock
def test_advice_offers_what_works_where_it_works_and_nothing_else(
    clinician: ClinicianApi, cloud: MinistackCloud, full: tuple[str, ...]
) -> None:
    client, _ = on_file(clinician, cloud, UnknownAddressPolicy.TELL)
    fill(cloud.clock, full)
    found = diagnosis(clinician, client)
    fields = {"links": "ask for a new link", "pins": "with a Pin Code that I read out"}
    works = {"links": "A link by email works now.", "pins": "A Pin Code works now."}
    for on, other in (("links", "pins"), ("pins", "links")):
        fresh, known = until(cloud.clock, found, on, "until"), until(cloud.clock, found, on, "known_browsers_until")
        way = found["advice"][-1]
        assert (fields[on] in way) is (known is None)
        assert (f"{fields[on]} in a browser that has signed in before" in way) is (fresh is not None and known is None)
        text = about(found, on)
        assert bool(text) is (fresh is not None)
        assert ("It does not stop a browser that has signed in before" in text) is (bool(text) and known is None)
        assert (works[other] in text) is (bool(text) and until(cloud.clock, found, other, "until") is None)
    everything = " ".join(found["advice"])
    assert everything.lower().count("ask for a new") == (
        until(cloud.clock, found, "links", "known_browsers_until") is None
    )


def test_advice_tells_both_ends_where_known_browsers_wait_less(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client, _ = on_file(clinician, cloud, UnknownAddressPolicy.TELL)
    fill(cloud.clock, ("browser", "address"))
    assert about(diagnosis(clinician, client), "links") == (
        "Links were asked for too often. This ends at 7:16 AM. In a browser that has signed in before, it ends at"
        " 7:15 AM. A Pin Code works now."
    )


def test_where_nothing_works_advice_tells_from_when_on(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client, _ = on_file(clinician, cloud, UnknownAddressPolicy.TELL)
    fill(cloud.clock, ("address", "browser", "pin address", "pin browser"))
    assert diagnosis(clinician, client)["advice"][-1] == (
        "You can try again at https://portal.example.com/willow from 7:15 AM on."
    )


UNREACHABLE = {
    "no consent": {"email_ok": False},
    "bounced": {"suppressed": True, "email_status": "bounced"},
    "complained": {"suppressed": True, "email_status": "complained"},
}


@both_settings
@pytest.mark.parametrize("full", [(), ("address",), ("pin address",), ("address", "browser")], ids=" + ".join)
@pytest.mark.parametrize("facts", UNREACHABLE.values(), ids=UNREACHABLE)
def test_nobody_is_sent_to_ask_for_a_link_where_no_mail_would_come(
    clinician: ClinicianApi,
    cloud: MinistackCloud,
    facts: dict[str, Any],
    full: tuple[str, ...],
    setting: UnknownAddressPolicy,
) -> None:
    client, _ = on_file(clinician, cloud, setting)
    account = accounts.find(accounts.key_of("willow", canonical(KIM)))
    assert account
    accounts.save(replace(account, **facts))
    fill(cloud.clock, full)
    tells = setting is UnknownAddressPolicy.TELL
    answer = ask(cloud.browser())
    assert answer.status == (422 if tells else 429 if "address" in full else 202)
    assert cloud.deliver() == []

    found = diagnosis(clinician, client)
    everything = " ".join([*found["say"], *found["note"]])
    assert "new link" not in everything
    assert "A link by email works now" not in everything
    assert "Pin Code that I read out" in found["advice"][-1]
    if tells:
        assert answer.code == "no_mail_possible"
        assert found["last_refusals"][0]["reason"] == "no_mail_possible"
        assert "Someone asked for a link with this address while no email could be sent to it." in found["note"]


def test_without_access_a_rate_limit_is_shown_and_no_pin_is_created(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    client, _ = on_file(clinician, cloud, UnknownAddressPolicy.SAME_ANSWER)
    clinician.request("DELETE", "/clients/{client}/portal-access", client=client)
    fill(cloud.clock, ("address",))
    found = diagnosis(clinician, client)
    assert about(found, "links") == "Links were asked for too often. This ends at 7:15 AM."
    assert clinician.create_pin(client).code == "no_access"
