"""Tests of opening a link, in the browser that requested it and in others."""

import pytest

from latchkey import tokens
from tests.functions.redeem_link.stored_sessions import sessions_of
from tests.kit.browser import App, Browser
from tests.kit.clock import NOON
from tests.kit.portal import Portal
from tests.kit.seed import WILLOW, a_job, body_of, key_of, put


def test_the_browser_that_requested_it_is_signed_in_by_the_click_alone(
    browser: Browser, portal: Portal, path: str
) -> None:
    """B26, B27"""
    answer = browser.get(path)

    assert answer.location == "/willow/home"
    assert answer.cookie_values.keys() == {
        "__Host-session-willow",
        "__Host-browser-willow",
        "__Host-req-willow",
        "__Host-typed-willow",
    }
    assert answer.cookie_values["__Host-req-willow"] == answer.cookie_values["__Host-typed-willow"] == ""
    assert browser.is_signed_in()
    assert portal.audit()[-1] == ("session_started", None)


def test_someone_with_several_profiles_chooses_first(browser: Browser) -> None:
    """B103"""
    assert browser.sign_in("maria.gomez@gmail.com").location == "/willow/profiles"


def test_a_session_cookie_ends_with_the_browser_and_the_others_do_not(browser: Browser, path: str) -> None:
    (session,) = (cookie for cookie in browser.get(path).cookies if cookie.startswith("__Host-session-"))

    assert "Max-Age" not in session


def test_the_cookies_of_a_sign_in_are_small(browser: Browser, path: str) -> None:
    assert sum(map(len, browser.get(path).cookies)) < 500


def test_the_cookies_of_a_request_are_small_even_for_an_address_of_254_octets_and_padded_with_blanks(
    browser: Browser, portal: Portal
) -> None:
    max_length = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.com"
    put(portal, WILLOW, max_length)

    for typed in ("ana@example.com", max_length, f"{' ' * 4000}lee@example.com{' ' * 3000}"):
        answer = browser.request_link(typed)
        assert answer.status == 303
        assert sum(len(f"{name}={value}") for name, value in answer.cookie_values.items()) < 500


@pytest.mark.parametrize(
    "hint",
    [
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"purpose": "Prefetch"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
    ],
    ids=str,
)
def test_a_prefetch_signs_nobody_in(browser: Browser, portal: Portal, path: str, hint: dict[str, str]) -> None:
    before = portal.at_rest()

    answer = browser.send("GET", path, hint)

    assert answer.status == 200
    assert answer.page.buttons == ["Sign in on this device"]
    assert portal.at_rest() == before
    assert browser.get(path).location == "/willow/home"


def test_a_head_request_signs_nobody_in(browser: Browser, portal: Portal, path: str) -> None:
    before = portal.at_rest()

    assert browser.head(path).status == 200

    assert portal.at_rest() == before


def test_any_other_browser_sees_the_masked_address_and_one_button(another: Browser, portal: Portal, path: str) -> None:
    page = another.get(path).page

    assert "You asked to sign in with a•••@example.com." in page.text
    assert page.buttons == ["Sign in on this device"]
    assert path.rpartition("/")[2] not in another.get(path).body

    assert another.post(path).location == "/willow/home"
    assert another.is_signed_in()
    assert sessions_of(portal) == 1


def test_a_browser_that_requested_another_link_has_to_press_the_button(another: Browser, path: str) -> None:
    another.post("/willow/sign-in", {"email": "lee@example.com"})

    assert another.get(path).page.buttons == ["Sign in on this device"]
    assert not another.is_signed_in()


def test_only_the_browser_that_opened_the_link_is_signed_in(browser: Browser, another: Browser, path: str) -> None:
    another.post(path)

    assert another.is_signed_in()
    assert not browser.is_signed_in()


def test_a_scanner_that_follows_links_consumes_and_writes_nothing(portal: Portal, path: str) -> None:
    """The tables are the same as before, and the person can still sign in."""
    before = portal.at_rest()
    scanner = portal.browser(source="198.51.100.9", user_agent="Scanner/1.0")

    for _ in range(50):
        assert scanner.get(path).status == 200
        assert scanner.head(path).status == 200
    assert scanner.get(path, accept="*/*").status == 200
    assert scanner.get(path, accept="application/json").document == {"status": "confirm", "email": "a•••@example.com"}
    assert scanner.get(path + "?utm_source=mail").status == 200

    assert portal.at_rest() == before
    assert portal.browser().post(path).location == "/willow/home"


def test_an_app_opens_a_link_and_learns_who_is_signed_in(app: App, browser: Browser) -> None:
    """B119, B132"""
    path = browser.link("maria.gomez@gmail.com")
    answer = app.post(path)

    assert answer.status == 200
    document = answer.document
    assert document.keys() == {
        "account", "profile", "profiles", "features", "signed_in_at", "expires_at", "method"
    }  # fmt: skip
    assert document["profile"] is None
    assert [profile["name"] for profile in document["profiles"]] == ["Maria Gomez", "Leo Gomez"]
    assert document["method"] == "link"
    assert (document["signed_in_at"], document["expires_at"]) == ("2026-03-03T12:00:00Z", "2026-03-03T12:20:00Z")
    assert app.is_signed_in()


def test_an_app_that_requested_it_opens_its_link_with_a_get_as_a_browser_does(app: App) -> None:
    path = app.link("ana@example.com")

    assert app.get(path).document["method"] == "link"
    assert app.is_signed_in()


def test_an_invitation_is_never_opened_by_a_click_alone(browser: Browser, portal: Portal) -> None:
    """B32, B51: not even in the browser that requested the link, because a scanner may run there."""
    path = browser.link("sam@example.com")
    token = tokens.base64url_decode(path.rpartition("/")[2])
    assert token is not None
    sam = key_of(portal, "willow", "sam@example.com")
    job = a_job(sam, NOON + 1, job_id=token[17:33], kind="invitation")
    portal.now += 1
    assert portal.work(body_of(job)) == []

    invitation = portal.letters[-1].path
    page = browser.get(invitation).page
    assert page.heading == "Welcome to your Client Portal"
    assert sessions_of(portal, "sam@example.com") == 0
    assert browser.post(invitation).location == "/willow/home"
