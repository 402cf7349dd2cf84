"""Tests of how long a session lasts, and what ends it."""

from datetime import datetime

import pytest

from tests.kit.browser import App, Browser
from tests.kit.live_portal import LivePortal

ANA = "ana@example.com"
MINUTE, HOUR = 60, 3600


def alive(visitor: Browser | App, practice: str = "willow") -> bool:
    """Return True if the browser or app is signed in."""
    return visitor.get(f"/{practice}/session").status == 200


def test_a_session_ends_after_20_idle_minutes_and_the_page_says_why(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    live_portal.wait(20 * MINUTE)
    left = browser.get("/willow/home")
    form = browser.follow(left)

    assert left.location == "/willow/sign-in"
    assert form.status == 200
    assert form.page.heading == "You were signed out after 20 minutes"
    assert browser.cookie("session-willow") is None
    assert "You were signed out" not in browser.get("/willow/sign-in").page.text


def test_a_program_learns_that_it_has_ended(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    live_portal.wait(20 * MINUTE)
    answer = browser.get("/willow/session")

    assert (answer.status, answer.code) == (401, "signed_out")


def test_each_request_extends_a_session_by_20_minutes(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    for _ in range(6):
        live_portal.wait(19 * MINUTE - 15)
        assert alive(browser)

    live_portal.wait(20 * MINUTE)
    assert not alive(browser)


def test_a_session_ends_after_12_hours_despite_activity(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    started = datetime.fromisoformat(browser.get("/willow/session").document["signed_in_at"]).timestamp()
    while live_portal.now() < started + 12 * HOUR - 15 * MINUTE:
        live_portal.wait(15 * MINUTE)
        assert alive(browser)
    ends = datetime.fromisoformat(browser.get("/willow/session").document["expires_at"]).timestamp()
    live_portal.wait_until(started + 12 * HOUR - 3)
    at_last = alive(browser)
    live_portal.wait_until(started + 12 * HOUR)

    assert ends == started + 12 * HOUR
    assert at_last
    assert not alive(browser)
    assert "You were signed out" not in browser.get("/willow/sign-in").page.text


def test_the_end_that_the_document_tells_is_the_end(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    ends = datetime.fromisoformat(browser.get("/willow/session").document["expires_at"]).timestamp()
    live_portal.wait_until(ends)

    assert not alive(browser)


def test_nobody_is_signed_in_on_more_than_ten_devices_and_the_first_is_evicted(live_portal: LivePortal) -> None:
    devices: list[Browser] = []
    for number in range(10):
        devices.append(live_portal.signed_in(ANA))
        live_portal.wait(6 * MINUTE)
        assert [alive(device) for device in devices] == [True] * (number + 1)
    devices[9].request_link(ANA)
    eleventh = live_portal.browser()
    eleventh.post(live_portal.letter(ANA, 11)["url"])

    assert [alive(device) for device in devices] == [False] + [True] * 9
    assert alive(eleventh)


def test_another_sign_in_ends_the_browsers_earlier_session(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    old = live_portal.browser()
    old.cookies = dict(browser.cookies)
    live_portal.wait(61)
    link = live_portal.link(ANA)
    browser.post(link)

    assert alive(browser)
    assert not alive(old)
    assert browser.cookie("session-willow") != old.cookie("session-willow")


@pytest.mark.parametrize("planted", ["A" * 64, "x", "", "%00", "'"])
def test_a_session_that_was_planted_in_a_browser_is_never_reused(live_portal: LivePortal, planted: str) -> None:
    link = live_portal.link(ANA)
    browser = live_portal.browser()
    browser.cookies["__Host-session-willow"] = planted
    opened = browser.post(link)

    assert opened.location == "/willow/home"
    assert len(browser.cookie("session-willow") or "") == 64
    assert browser.cookie("session-willow") != planted


def test_two_cookies_of_one_name_are_none(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    good = f"__Host-session-willow={browser.cookie('session-willow')}"
    bad = "__Host-session-willow=bad"
    stranger = live_portal.browser()

    for cookies in (f"{good}; {bad}", f"{bad}; {good}", f"{good}; {good}"):
        assert stranger.get("/willow/session", Cookie=cookies).status == 401
    assert stranger.get("/willow/session", Cookie=good).status == 200


def test_its_cookie_can_be_read_by_no_script_and_no_other_host(live_portal: LivePortal) -> None:
    cookies = live_portal.browser().post(live_portal.link(ANA)).morsels
    session = cookies["__Host-session-willow"]

    for cookie in cookies.values():
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax")
        assert cookie["secure"]
        assert cookie["httponly"]
    assert (session["max-age"], session["expires"]) == ("", "")
    assert sum(len(cookie.OutputString()) for cookie in cookies.values()) < 500


def test_signing_out_on_one_device_leaves_the_other_alone(live_portal: LivePortal) -> None:
    first = live_portal.signed_in(ANA)
    live_portal.wait(61)
    second = live_portal.signed_in(ANA)
    first.post("/willow/sign-out")

    assert not alive(first)
    assert alive(second)


def test_signing_out_twice_is_no_fault(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    browser.post("/willow/sign-out")

    assert browser.post("/willow/sign-out").location == "/willow/signed-out"
    assert live_portal.app().post("/willow/sign-out").document == {"status": "signed_out"}
