"""Tests of sign-in with Google in Chromium, with the pages' real headers. The stand-in for Google is on another
site.
"""

from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest

from local.oidc_provider import ACCOUNTS
from tests.browser.chromium import Window
from tests.kit.live_portal import LivePortal

MARIA = "maria.gomez@gmail.com"
BUTTON = "Continue with Google"
INSIDE = "/willow/profiles"


def choose(window: Window, name: str = "Maria Gomez") -> None:
    """Press the button of an account on Google's page."""
    window.page.get_by_role("button", name=name).click()


def complaints(window: Window) -> list[str]:
    """Return the errors of the portal's own pages. The stand-in has no icon."""
    return [complaint for complaint in window.complaints if "/favicon.ico: " not in complaint]


def click_google(window: Window) -> None:
    """Press the portal's button."""
    window.page.get_by_role("button", name=BUTTON).click()


@pytest.fixture(autouse=True)
def _unbound(live_portal: LivePortal) -> None:
    """Unlink the identity from Maria's account."""
    (account,) = live_portal.items("Accounts", practice="willow", address=MARIA)
    live_portal.portal.address.client("dynamodb").update_item(
        TableName="Accounts", Key={"key": {"S": account["key"]}}, UpdateExpression="REMOVE google"
    )


def from_the_sign_in_page(window: Window) -> None:
    """Open the sign-in page."""
    window.go("/willow/sign-in")


def from_a_link_on_another_device(window: Window) -> None:
    """Open a link in another browser than the one that requested it."""
    window.go(window.live_portal.link(MARIA))
    assert window.heading == "Sign in to your Client Portal"


def from_a_link_that_was_used(window: Window) -> None:
    """Open a link that was used."""
    link = window.live_portal.link(MARIA)
    assert window.live_portal.browser().post(link).status == 303
    window.go(link)
    assert window.page.get_by_role("button", name="Send link").count() == 1


def from_a_link_that_never_was(window: Window) -> None:
    """Open a link that was cut off."""
    window.go("/willow/link/" + "x" * 87)


@pytest.mark.parametrize(
    "begin",
    [
        from_the_sign_in_page,
        from_a_link_on_another_device,
        from_a_link_that_was_used,
        from_a_link_that_never_was,
    ],
)
def test_one_button_and_a_choice_at_google_lead_in(window: Window, begin: Callable[[Window], None]) -> None:
    """B65, B37"""
    begin(window)
    click_google(window)
    assert window.page.url.startswith("http://127.0.0.1:")
    choose(window)

    assert window.path == INSIDE
    assert complaints(window) == []


def test_the_second_time_asks_nothing(window: Window) -> None:
    """B73"""
    window.go("/willow/sign-in")
    click_google(window)
    choose(window)
    window.page.get_by_role("button", name="Leo Gomez").click()
    window.page.get_by_role("button", name="Sign out").click()
    window.page.wait_for_url("**/willow/signed-out")
    window.go("/willow/sign-in")
    click_google(window)

    assert window.path == INSIDE
    assert complaints(window) == []


def test_two_parallel_tabs_both_sign_in(window: Window) -> None:
    first, second = window.page, window.context.new_page()
    for tab in (first, second):
        tab.goto(f"{window.live_portal.url}/willow/sign-in")
        tab.get_by_role("button", name=BUTTON).click()
    for tab in (first, second):
        tab.get_by_role("button", name="Maria Gomez").click()
        tab.wait_for_url(f"**{INSIDE}")
    for tab in (first, second):
        tab.reload()
        assert tab.url.endswith(INSIDE)

    assert complaints(window) == []


def test_the_back_button_after_sign_in_shows_no_error_and_starts_no_session(
    live_portal: LivePortal, window: Window
) -> None:
    window.go("/willow/sign-in")
    click_google(window)
    choose(window)
    window.page.get_by_role("button", name="Leo Gomez").click()
    before = live_portal.sessions()
    seen = []
    for _ in range(3):
        window.back()
        seen.append((window.page.url.startswith(live_portal.url), window.heading))

    assert len(live_portal.sessions()) == len(before)
    assert [heading for expected, heading in seen if expected and "couldn’t" in heading] == []
    window.go("/willow/home")
    assert window.path == "/willow/home"
    assert complaints(window) == []


def test_an_account_that_is_on_file_nowhere_reads_so_and_may_choose_another(window: Window) -> None:
    window.go("/willow/sign-in")
    click_google(window)
    choose(window, "Pat Quinn")

    assert window.heading == "We can’t find a Client Portal for that Google Account"
    assert window.page.get_by_role("link", name="Request a new link").count() == 1
    assert window.page.get_by_role("link", name="Sign in via Pin Code").count() == 1
    click_google(window)
    choose(window)
    assert window.path == INSIDE
    assert complaints(window) == []


def test_to_cancel_at_google_leads_back_to_the_other_ways(window: Window) -> None:
    window.go("/willow/sign-in")
    click_google(window)
    window.page.get_by_role("button", name="Cancel").click()

    assert window.heading == "You didn’t finish signing in with Google"
    window.page.get_by_role("link", name="Request a new link").click()
    assert window.path == "/willow/sign-in"
    assert complaints(window) == []


def test_a_callback_that_another_browser_started_is_refused(live_portal: LivePortal, window: Window) -> None:
    """The victim opens the attacker's callback after starting sign-in with Google too."""
    window.go("/willow/sign-in")
    click_google(window)
    victims, lured = window.page, window.context.new_page()
    trap = agreed(live_portal.browser().post("/willow/google").location or "")
    lured.goto(trap)
    assert lured.locator("h1").inner_text() == "We couldn’t sign you in with Google"
    choose(window)

    assert victims.url == live_portal.url + INSIDE


def agreed(location: str) -> str:
    """Consent as Maria outside the browser. Return the URL of the callback."""
    there = urlsplit(location)
    way = HTTPConnection(there.netloc, timeout=10)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    way.request("POST", f"{there.path}?{there.query}", urlencode({"sub": ACCOUNTS[0].subject}), form)
    back = way.getresponse().headers["location"]
    way.close()
    return back
