"""Tests of the ways in which a session ends."""

from typing import Any

import pytest

from latchkey.rules.accounts import AccountStatus
from tests.kit import sam_template
from tests.kit.browser import App, Browser
from tests.kit.clock import MINUTE
from tests.kit.portal import Portal
from tests.kit.seed import change


@pytest.mark.parametrize(("silence", "lives"), [(20 * MINUTE - 1, True), (20 * MINUTE, False)])
def test_twenty_minutes_of_silence(ana: Browser, portal: Portal, silence: int, lives: bool) -> None:
    portal.now += silence

    assert ana.is_signed_in() is lives


def test_a_request_after_eighteen_minutes_carries_on(ana: Browser, portal: Portal) -> None:
    for _ in range(3):
        portal.now += 18 * MINUTE
        assert ana.get("/willow/home").status == 200


@pytest.mark.parametrize(
    ("method", "headers"),
    [("HEAD", {}), ("HEAD", {"sec-purpose": "prefetch"}), ("GET", {"sec-purpose": "prefetch;prerender"})],
    ids=str,
)
@pytest.mark.parametrize("place", ["home", "session", "profiles"])
def test_a_browser_that_gets_ahead_keeps_nobody_signed_in(
    ana: Browser, portal: Portal, method: str, headers: dict[str, str], place: str
) -> None:
    portal.now += 19 * MINUTE
    before = portal.at_rest()

    assert ana.send(method, f"/willow/{place}", headers).status in {200, 303}

    assert portal.at_rest() == before
    portal.now += MINUTE
    assert not ana.is_signed_in()


@pytest.mark.parametrize(
    "end", [{"status": AccountStatus.DISABLED, "epoch": 2}, {"epoch": 2}, {"session_epoch": 1}], ids=str
)
def test_a_session_ends_with_its_access_at_the_next_request(ana: Browser, portal: Portal, end: dict[str, Any]) -> None:
    """B58, B62"""
    change(portal, "willow", "ana@example.com", **end)

    assert not ana.is_signed_in()
    change(portal, "willow", "ana@example.com", status=AccountStatus.ACTIVE)
    assert not ana.is_signed_in()


def test_signing_out_ends_the_session_here_and_for_anyone_who_copied_its_cookie(ana: Browser, portal: Portal) -> None:
    """B77"""
    copied = dict(ana.cookies)

    answer = ana.post("/willow/sign-out")

    assert answer.location == "/willow/signed-out"
    assert answer.cookie_values == {"__Host-session-willow": ""}
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    thief = portal.browser()
    thief.cookies = copied
    assert not thief.is_signed_in()
    assert sam_template.sessions_in(portal.at_rest()) == {}
    assert ("session_ended", "signed_out") in portal.audit()
    assert "Also sign out of your email" in ana.get("/willow/signed-out").page.text


def test_signing_out_twice_or_when_nobody_is_in_is_no_error(browser: Browser, app: App, portal: Portal) -> None:
    assert browser.post("/willow/sign-out").location == "/willow/signed-out"
    assert app.post("/willow/sign-out").document == {"status": "signed_out"}
    assert portal.audit() == []


def test_an_app_signs_out(app: App) -> None:
    app.sign_in("ana@example.com")

    assert app.post("/willow/sign-out").document == {"status": "signed_out"}
    assert not app.is_signed_in()


def test_signing_out_needs_a_press_of_the_button_on_our_page(ana: Browser) -> None:
    assert ana.get("/willow/sign-out").status == 405
    assert ana.head("/willow/sign-out").status == 405
    assert ana.post("/willow/sign-out", origin="https://evil.example").status == 403
    assert ana.is_signed_in()


def test_signing_out_at_one_practice_leaves_the_other(ana: Browser) -> None:
    ana.sign_in("ana@example.com", "harbor")

    ana.post("/willow/sign-out")

    assert ana.is_signed_in("harbor")


def test_two_session_cookies_count_as_none(ana: Browser) -> None:
    """Another host can set a second cookie, before or after the portal's own."""
    good = ana.cookies["__Host-session-willow"]

    for pair in ((good, "bad"), ("bad", good), (good, good)):
        cookie = "; ".join(f"__Host-session-willow={value}" for value in pair)
        assert ana.get("/willow/session", cookie=cookie).status == 401
    assert ana.is_signed_in()


@pytest.mark.parametrize("value", ["", "AAAA", "a" * 64, "é" * 64, "=" * 64, "a" * 6000, '"quoted"', "a b"])
def test_a_session_cookie_of_any_other_shape_is_none(browser: Browser, value: str) -> None:
    assert browser.get("/willow/session", cookie=f"__Host-session-willow={value}").status == 401


def test_when_the_store_does_not_answer_nobody_is_let_in_and_nobody_is_signed_out(ana: Browser, portal: Portal) -> None:
    portal.aws.refuse("BatchGetItem", "InternalServerError", times=2)

    assert ana.get("/willow/home").status == 503
    answer = ana.get("/willow/session")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.cookies == ()
    assert ana.is_signed_in()
