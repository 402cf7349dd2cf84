"""Tests of opening a link in a browser that is signed in, and of the number of sessions."""

import pytest

from latchkey import tokens
from latchkey.rules.accounts import AccountKey
from tests.functions.redeem_link.stored_sessions import sessions_of
from tests.kit.browser import App, Browser
from tests.kit.clock import MINUTE
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, key_of


def ends(portal: Portal, address: str = "ana@example.com") -> list[str]:
    """Return the reasons of ended sessions from the audit of an address at Willow."""
    mine = f"willow#{tokens.base64url_encode(key_of(portal, 'willow', address))}"
    rows = [row for row in portal.at_rest()["Events"] if row["subject"]["S"] == mine]
    return [row["reason"]["S"] for row in rows if row["kind"]["S"] == "session_ended"]


def test_a_link_of_another_account_asks_before_it_signs_anyone_out(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    """A link that somebody sent must not sign the browser in to another account unnoticed."""
    browser.sign_in("lee@example.com")
    path = another.link("ana@example.com")
    before = portal.at_rest()

    for answer in (browser.get(path), browser.send("GET", path, {"purpose": "prefetch"})):
        assert answer.status == 200
        assert answer.page.heading == "Do you want to switch to another account?"
        assert "Lee Park is signed in here. The link you opened is for a•••@example.com" in answer.page.text
        assert answer.cookies == ()
    assert portal.at_rest() == before
    assert browser.post(path).page.heading == "Do you want to switch to another account?"
    for no in ("", "no", "YES", "yes please"):
        assert browser.post(path, {"switch": no}).page.heading == "Do you want to switch to another account?"
    assert browser.get("/willow/home").page.heading == "Welcome, Lee Park"
    assert sessions_of(portal) == 0

    assert browser.post(path, {"switch": "yes"}).location == "/willow/home"
    assert browser.get("/willow/home").page.heading == "Welcome, Ana Reyes"
    assert sessions_of(portal, "lee@example.com") == 0
    assert ends(portal, "lee@example.com") == ["replaced"]
    assert ends(portal) == []


def test_the_browser_that_requested_another_account_has_to_confirm_too(browser: Browser, portal: Portal) -> None:
    browser.sign_in("lee@example.com")
    browser.post("/willow/sign-in", {"email": "ana@example.com"})
    portal.deliver()

    assert browser.get(portal.letters[-1].path).page.heading == "Do you want to switch to another account?"


def test_an_app_has_to_confirm_before_it_switches(app: App, browser: Browser) -> None:
    app.sign_in("lee@example.com")
    path = browser.link("ana@example.com")

    answer = app.post(path)
    assert (answer.status, answer.code) == (409, "account_switch")
    assert app.post(path, {"switch": "no"}).status == 409
    assert app.post(path, {"switch": "yes"}).status == 200


def test_a_repeated_account_is_no_switch_and_leaves_one_session(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    browser.sign_in("ana@example.com")
    was = browser.cookies["__Host-session-willow"]
    portal.now += MINUTE
    path = another.link("ana@example.com")

    assert browser.get(path).page.buttons == ["Sign in on this device"]
    assert browser.post(path).location == "/willow/home"
    assert browser.cookies["__Host-session-willow"] != was
    assert sessions_of(portal) == 1
    assert ends(portal) == ["replaced"]


def test_a_session_that_was_put_into_the_browser_is_gone_and_never_reused(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    """Session fixation, with an invented session and with a live one of the same account."""
    another.sign_in("ana@example.com")
    fixed = another.cookies["__Host-session-willow"]
    for planted in (
        tokens.new_session_cookie(AccountKey(bytes(16))),
        "AAAA",
        tokens.new_session_cookie(key_of(portal, "willow", "lee@example.com")),
        fixed,
    ):
        portal.now += 5 * MINUTE
        assert another.is_signed_in()
        path = browser.link("ana@example.com")
        browser.cookies["__Host-session-willow"] = planted
        assert browser.get(path).location == "/willow/home"
        assert browser.cookies["__Host-session-willow"] != planted
        browser.cookies.clear()

    assert not another.is_signed_in()
    assert (ends(portal), ends(portal, "lee@example.com")) == (["replaced"], [])


def test_a_session_that_was_over_already_does_not_end_once_more(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    portal.now += 20 * MINUTE

    browser.sign_in("ana@example.com")

    assert sessions_of(portal) == 1
    assert ends(portal) == []


@pytest.mark.parametrize("page", ["/willow", "/willow/sign-in", "a link"])
def test_to_be_recognised_on_other_pages_keeps_nobody_signed_in(browser: Browser, portal: Portal, page: str) -> None:
    browser.sign_in("ana@example.com")
    path = portal.browser().link("lee@example.com") if page == "a link" else page
    portal.now += 19 * MINUTE
    before = portal.at_rest()

    for _ in range(2):
        browser.get(path)
        browser.head(path)

    assert portal.at_rest() == before
    portal.now += MINUTE
    assert not browser.is_signed_in()


def test_a_session_of_another_practice_is_left_alone(browser: Browser) -> None:
    browser.sign_in("ana@example.com", "harbor")
    browser.sign_in("lee@example.com", "willow")

    assert browser.is_signed_in("harbor")
    assert browser.is_signed_in("willow")


def test_ten_devices_and_the_eleventh_signs_the_first_out(portal: Portal) -> None:
    devices = [portal.browser(source=f"198.51.100.{number}") for number in range(11)]
    ana = key_of(portal, "willow", "ana@example.com")
    for device in devices:
        portal.now += MINUTE
        assert portal.work(body_of(a_job(ana, portal.now))) == []
        assert device.post(portal.letters[-1].path).location == "/willow/home"

    assert [device.is_signed_in() for device in devices] == [False] + [True] * 10
    assert ends(portal) == ["room"]


def test_devices_that_have_signed_out_push_nobody_out(portal: Portal) -> None:
    ana, stays = key_of(portal, "willow", "ana@example.com"), portal.browser()
    stays.sign_in("ana@example.com")
    for number in range(11):
        portal.now += MINUTE
        comes = portal.browser(source=f"198.51.100.{number}")
        assert portal.work(body_of(a_job(ana, portal.now))) == []
        comes.post(portal.letters[-1].path)
        comes.post("/willow/sign-out")
        assert stays.is_signed_in()

    assert ends(portal) == ["signed_out"] * 11
