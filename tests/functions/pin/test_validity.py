"""Tests of how long a PIN works, and for whom."""

import hashlib
from hashlib import pbkdf2_hmac
from typing import Any

import pytest

from latchkey import tokens
from tests.functions.pin.typed_pins import other_than, typed
from tests.kit.browser import App, Browser
from tests.kit.clock import DAY
from tests.kit.portal import Portal
from tests.kit.seed import change


def test_a_pin_expires_after_24_hours(portal: Portal, app: App, ana: bytes) -> None:
    """B98"""
    pin = portal.pin_for(ana)
    portal.now += DAY
    assert typed(app, "ana@example.com", pin).code == "pin_refused"


def test_a_pin_works_until_the_last_second_of_24_hours(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    portal.now += DAY - 1
    assert typed(app, "ana@example.com", pin).status == 200


def test_a_pin_works_once(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    assert typed(app, "ana@example.com", pin).status == 200
    assert typed(portal.app(), "ana@example.com", pin).code == "pin_refused"


def test_only_the_newest_pin_works(portal: Portal, app: App, ana: bytes) -> None:
    """B99"""
    first, second = portal.pin_for(ana), portal.pin_for(ana)
    if first != second:
        assert typed(app, "ana@example.com", first).code == "pin_refused"
    assert typed(app, "ana@example.com", second).status == 200


def test_a_pin_and_a_link_do_not_end_each_other(portal: Portal, browser: Browser, app: App, ana: bytes) -> None:
    path = browser.link("ana@example.com")
    assert typed(app, "ana@example.com", portal.pin_for(ana)).status == 200
    assert browser.get(path).location == "/willow/home"


def test_a_pin_is_useless_with_another_address(portal: Portal, app: App, ana: bytes) -> None:
    """B100"""
    pin = portal.pin_for(ana)
    assert typed(app, "lee@example.com", pin).code == "pin_refused"
    assert typed(app, "ana@example.com", pin).status == 200


def test_a_pin_of_one_practice_is_useless_at_another(portal: Portal, app: App, ana: bytes) -> None:
    assert typed(app, "ana@example.com", portal.pin_for(ana), "harbor").code == "pin_refused"


def test_a_pin_is_invalid_once_access_has_ended_and_stays_so(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    change(portal, "willow", "ana@example.com", status="disabled", epoch=2)
    assert typed(app, "ana@example.com", pin).code == "pin_refused"
    change(portal, "willow", "ana@example.com", status="active", epoch=2)
    assert typed(app, "ana@example.com", pin).code == "pin_refused"


@pytest.mark.parametrize("changes", [{"status": "disabled"}, {"status": "paused"}, {"epoch": 2}], ids=str)
def test_the_right_pin_of_ended_access_gets_no_further_than_a_wrong_one(
    portal: Portal, app: App, ana: bytes, changes: dict[str, Any]
) -> None:
    """The response is that of a wrong PIN, and no session is tried. A later version may add `paused`."""
    pin = portal.pin_for(ana)
    change(portal, "willow", "ana@example.com", **changes)
    assert typed(app, "ana@example.com", pin).code == "pin_refused"
    assert portal.aws.summary()[-3:] == ["Update Pins", "BatchGet", "Put Events"]


def test_wrong_expired_used_and_never_made_get_one_answer(portal: Portal, ana: bytes) -> None:
    bodies = set()
    for email in ("ana@example.com", "lee@example.com", "nobody@example.com", "robin@example.com"):
        pin = other_than(portal.pin_for(ana))
        answer = typed(portal.app(), email, pin)
        bodies.add((answer.status, answer.body, tuple(sorted(answer.headers)), answer.cookies))
    assert len(bodies) == 1


def test_refusing_a_pin_takes_as_long_where_there_is_none(
    portal: Portal, app: App, ana: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing the typed PIN takes nearly all of the time."""
    rounds: list[int] = []

    def stretch(name: str, pin: bytes, salt: bytes, times: int) -> bytes:
        rounds.append(times)
        return pbkdf2_hmac(name, pin, salt, times)

    pin = portal.pin_for(ana)
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", stretch)
    for email in ("ana@example.com", "lee@example.com", "nobody@example.com", "robin@example.com"):
        assert typed(app, email, other_than(pin)).code == "pin_refused"
    portal.now += DAY
    assert typed(app, "ana@example.com", pin).code == "pin_refused"
    assert rounds == [tokens.PIN_ROUNDS] * 5
