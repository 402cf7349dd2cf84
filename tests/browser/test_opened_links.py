"""Tests of opening links: by a click, in webmail, and by pages that only point at them."""

import time

import pytest
from playwright.sync_api import Browser as Chromium

from tests.browser import chromium
from tests.browser.chromium import Window
from tests.browser.foreign_site import webmail
from tests.browser.people import ANA, LUIS, MARIA
from tests.kit.live_portal import LivePortal


def test_the_browser_that_requested_it_is_signed_in_as_soon_as_the_link_is_opened(
    live_portal: LivePortal, window: Window
) -> None:
    window.go("/willow")
    window.follow("I’m an existing client")
    window.page.get_by_label("Email address").fill(ANA)
    window.click_button("Send link")
    assert (window.path, window.heading) == ("/willow/sign-in/sent", "Check your email")
    window.go(live_portal.letter(ANA)["url"])

    assert (window.path, window.heading) == ("/willow/home", "Welcome, Ana Reyes")
    assert window.complaints == []


def test_another_browser_has_to_press_a_button(live_portal: LivePortal, window: Window, other_window: Window) -> None:
    window.request_link("willow", ANA)
    other_window.go(live_portal.letter(ANA)["url"])
    assert other_window.heading == "Sign in to your Client Portal"
    other_window.click_button("Sign in")
    window.go("/willow/home")

    assert (other_window.path, other_window.heading) == ("/willow/home", "Welcome, Ana Reyes")
    assert window.path == "/willow/sign-in"
    assert window.complaints == other_window.complaints == []


def test_the_whole_journey_needs_no_script(browser: Chromium, live_portal: LivePortal) -> None:
    with chromium.window(browser, live_portal, java_script_enabled=False) as window:
        page = window.go("/willow")
        window.follow("I’m an existing client")
        window.click_button("Send link")
        assert page.evaluate("document.activeElement.innerText").startswith("There is a problem")
        page.get_by_label("Email address").fill(MARIA)
        window.click_button("Send link")
        window.follow("Try these tips")
        assert window.heading == "Having trouble signing in?"
        window.go(live_portal.letter(MARIA)["url"])
        window.click_button("Leo Gomez")
        assert window.path == "/willow/home"
        window.follow("Switch profile")
        window.click_button("Emma Gomez")
        window.click_button("Sign out")

        assert (window.path, window.heading) == ("/willow/signed-out", "You’re signed out")
        assert window.complaints == []


@pytest.mark.parametrize("attributes", ['target="_blank" rel="noopener noreferrer"', 'target="_blank"', ""])
def test_a_click_in_someone_elses_webmail_signs_in_at_once(
    live_portal: LivePortal, window: Window, attributes: str
) -> None:
    window.request_link("willow", ANA)
    link = live_portal.letter(ANA)["url"]
    with webmail(f'<a href="{link}" {attributes}>Sign in</a>') as inbox:
        window.go(inbox)
        if "target" in attributes:
            with window.context.expect_page() as opening:
                window.page.get_by_role("link").click()
            opened = opening.value
        else:
            window.page.get_by_role("link").click()
            opened = window.page
        opened.wait_for_url(f"{live_portal.url}/willow/home")

        assert opened.locator("h1").inner_text() == "Welcome, Ana Reyes"
        assert opened.evaluate("document.referrer") in ("", inbox)


def test_the_letter_itself_leads_in(live_portal: LivePortal, window: Window) -> None:
    window.request_link("willow", ANA)
    with webmail(live_portal.letter(ANA)["html"]) as inbox:
        window.go(inbox)
        with window.context.expect_page() as opening:
            window.page.get_by_role("link", name="Sign in").click()
        opening.value.wait_for_url(f"{live_portal.url}/willow/home")

        assert opening.value.evaluate("window.opener") is None


HINTS = {
    "prefetch": '<link rel="prefetch" href="{link}">',
    "picture": '<img src="{link}" alt="">',
    "frame": '<iframe src="{link}"></iframe>',
    "script": '<script>fetch("{link}", {{mode: "no-cors", credentials: "include"}})</script>',
}


@pytest.mark.parametrize("hint", HINTS)
def test_a_page_that_only_points_at_the_link_does_not_open_it(
    live_portal: LivePortal, window: Window, hint: str
) -> None:
    window.request_link("willow", ANA)
    link = live_portal.letter(ANA)["url"]
    live_portal.settle()
    seen, before = opened_pages(live_portal), live_portal.at_rest()
    with webmail(HINTS[hint].format(link=link) + f'<a href="{link}">Sign in</a>') as inbox:
        window.go(inbox)
        wait_for_a_request(live_portal, seen)
        assert live_portal.changes_since(before) == {}
        window.page.get_by_role("link").click()
        window.page.wait_for_url(f"{live_portal.url}/willow/home")


@pytest.mark.parametrize("how", ["prefetch", "prerender"])
def test_a_link_that_the_browser_gets_ahead_is_not_opened_before_someone_wants_it(
    browser: Chromium, live_portal: LivePortal, how: str
) -> None:
    with chromium.window(browser, live_portal, bypass_csp=True) as window:
        window.request_link("willow", ANA)
        link = live_portal.letter(ANA)["url"]
        live_portal.settle()
        seen, before = opened_pages(live_portal), live_portal.at_rest()
        window.page.evaluate(
            """([how, link]) => {
                const rules = document.createElement("script");
                rules.type = "speculationrules";
                rules.textContent = JSON.stringify({[how]: [{urls: [link], eagerness: "immediate"}]});
                document.head.append(rules);
            }""",
            [how, link],
        )
        wait_for_a_request(live_portal, seen)
        assert live_portal.changes_since(before) == {}
        window.go(link)
        if window.path != "/willow/home":
            window.click_button("Sign in")

        assert window.path == "/willow/home"


def opened_pages(live_portal: LivePortal) -> int:
    """Return the number of requests that RedeemLink has logged."""
    return (live_portal.portal.logs / "RedeemLink.log").read_text().count("/link/{token}")


def wait_for_a_request(live_portal: LivePortal, seen: int) -> None:
    """Wait until RedeemLink has logged another request. Otherwise the browser sent none, and the test proves
    nothing.
    """
    deadline = time.monotonic() + 5
    while opened_pages(live_portal) == seen:
        assert time.monotonic() < deadline, "the browser did not ask for the link"
        time.sleep(0.05)


def test_back_to_the_link_after_signing_in_leads_home_anew(live_portal: LivePortal, window: Window) -> None:
    link = live_portal.link(ANA)
    window.go(link)
    window.click_button("Sign in")
    window.back()

    assert window.path == "/willow/home"


def test_a_link_of_someone_else_asks_before_it_switches(live_portal: LivePortal, window: Window) -> None:
    window.become(live_portal.signed_in(ANA))
    window.go(live_portal.link(LUIS))
    window.follow("Stay signed in as Ana Reyes")
    assert window.heading == "Welcome, Ana Reyes"
    window.back()
    window.click_button("Switch account")

    assert (window.path, window.heading) == ("/willow/home", "Welcome, Luis Ortega")
    assert window.complaints == []
