"""`sign-in?to=`: a page behind the portal sends a person to sign in, and the person comes back to it."""

from urllib.parse import quote

import pytest

from latchkey.web.return_paths import MAX_LENGTH
from tests.kit.browser import Browser
from tests.kit.portal import Portal
from tests.kit.seed import CHILDS, key_of

ANA = "ana@example.com"
MARIA = "maria.gomez@gmail.com"
PAGE = "/willow/booking/2026?day=3&at=10:30"
"""A page below the practice's portal."""


def sent_to_sign_in(browser: Browser, to: str = PAGE) -> None:
    """A page behind the portal has found nobody signed in."""
    assert browser.get(f"/willow/sign-in?to={quote(to, safe='')}").status == 200


def test_a_link_comes_back_in_the_same_browser(browser: Browser) -> None:
    """B182"""
    sent_to_sign_in(browser)
    answer = browser.sign_in(ANA)
    assert answer.location == PAGE
    assert browser.cookie("to-willow") is None


def test_a_link_comes_back_on_another_device(portal: Portal, browser: Browser, another: Browser) -> None:
    sent_to_sign_in(browser)
    browser.link(ANA)
    target = portal.letters[-1].target
    assert another.get(target).status == 200
    assert another.post(target).location == PAGE


def test_a_link_comes_back_in_another_language(portal: Portal, browser: Browser, another: Browser) -> None:
    sent_to_sign_in(browser)
    browser.link(ANA)
    target = portal.letters[-1].target
    another.get(target)
    path = portal.letters[-1].path
    assert another.get(f"{path}?lang=es").status == 200
    assert another.post(f"{path}?lang=es").location == PAGE


def test_a_pin_comes_back(portal: Portal, browser: Browser) -> None:
    sent_to_sign_in(browser)
    pin = portal.pin_for(key_of(portal, "willow", ANA))
    assert browser.enter_pin(ANA, pin).location == PAGE


def test_a_profile_is_chosen_on_the_way_back(portal: Portal, browser: Browser, another: Browser) -> None:
    sent_to_sign_in(browser)
    browser.link(MARIA)
    # on another device, which never saw the page
    assert another.post(portal.letters[-1].target).location == "/willow/profiles"
    assert another.post("/willow/profiles", {"profile": CHILDS.id}).location == PAGE
    assert another.post("/willow/profiles", {"profile": CHILDS.id}).location == "/willow/home"


def test_a_page_that_needs_a_profile_sends_there_and_gets_the_person_back(browser: Browser) -> None:
    browser.sign_in(MARIA)
    assert browser.get(f"/willow/profiles?to={quote(PAGE, safe='')}").status == 200
    assert browser.post("/willow/profiles", {"profile": CHILDS.id}).location == PAGE


def test_who_is_signed_in_goes_straight_back(browser: Browser) -> None:
    browser.sign_in(ANA)
    assert browser.get(f"/willow/sign-in?to={quote(PAGE, safe='')}").location == PAGE
    assert browser.get(f"/willow/profiles?to={quote(PAGE, safe='')}").location == PAGE


def test_the_browser_keeps_the_page_for_half_an_hour(browser: Browser) -> None:
    (cookie,) = browser.get(f"/willow/sign-in?to={quote(PAGE, safe='')}").cookies
    assert "; Max-Age=1800" in cookie
    assert "; SameSite=Lax" in cookie
    assert "; HttpOnly" in cookie


def test_signing_out_forgets_the_page(browser: Browser) -> None:
    browser.sign_in(ANA)
    browser.cookies["__Host-to-willow"] = "L3dpbGxvdy94"
    browser.post("/willow/sign-out")
    assert browser.cookie("to-willow") is None


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/harbor/home",
    "/willow",
    "/willowhome",
    "/willow/../harbor/home",
    "/willow/%2e%2e/harbor/home",
    "/willow/%2E%2E%2fharbor",
    "/willow//evil.example/x",
    "/willow/a\r\nSet-Cookie: x=1",
    "/willow/\x00",
    "/willow/é",
    "javascript:alert(1)",
    "/booking/harbor/x",
    "/booking/willowx",
    "/booking/x/willow/y",
    "/booking/willow/../harbor",
    "/booking//willow/x",
    "//willow/x",
    "/../willow/x",
    "/.%2e/willow/x",
    "/admin/willow/clients",
    "/local/willow/x",
    "/Booking/willow/x",
    "",
    "/willow/" + "a" * MAX_LENGTH,
]


@pytest.mark.parametrize("beside", ["/booking/willow", "/booking/willow/", "/booking/willow/2026?day=3"])
def test_a_page_of_a_service_beside_the_portal_is_one_to_come_back_to(browser: Browser, beside: str) -> None:
    """An API mapping can give a service only a first segment, so the practice is its second (decision 25)."""
    sent_to_sign_in(browser, beside)
    assert browser.sign_in(ANA).location == beside


@pytest.mark.parametrize("to", ELSEWHERE)
def test_no_other_path_is_one_to_come_back_to(portal: Portal, browser: Browser, another: Browser, to: str) -> None:
    """An open redirect would lend the portal's name to any page."""
    sent_to_sign_in(browser, to)
    assert browser.cookie("to-willow") is None
    assert browser.sign_in(ANA).location == "/willow/home"
    assert browser.get(f"/willow/sign-in?to={quote(to, safe='')}").location == "/willow/home"
    assert browser.get(f"/willow/profiles?to={quote(to, safe='')}").location == "/willow/home"
    portal.now += 61
    link = another.link(ANA)
    assert portal.browser().post(f"{link}?to={quote(to, safe='')}").location == "/willow/home"


def test_a_path_of_full_length_is_accepted_and_two_are_not(browser: Browser) -> None:
    full = "/willow/" + "a" * (MAX_LENGTH - len("/willow/"))
    sent_to_sign_in(browser, full)
    assert browser.sign_in(ANA).location == full
    assert browser.get(f"/willow/sign-in?to={PAGE}&to={PAGE}").status in {303, 400}


PLANTED = ["", "AAAA", "Ly9ldmlsLmV4YW1wbGU", "L2hhcmJvci9ob21l", "=", "é" * 9]


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_cookie_leads_nowhere_else(browser: Browser, planted: str) -> None:
    browser.cookies["__Host-to-willow"] = planted
    assert browser.sign_in(ANA).location == "/willow/home"


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_cookie_leads_nowhere_else_after_the_choice_of_a_profile(browser: Browser, planted: str) -> None:
    browser.sign_in(MARIA)
    browser.cookies["__Host-to-willow"] = planted
    assert browser.post("/willow/profiles", {"profile": CHILDS.id}).location == "/willow/home"


def test_another_practice_sends_nobody_to_this_one(browser: Browser) -> None:
    sent_to_sign_in(browser)
    assert browser.sign_in(ANA, "harbor").location == "/harbor/home"
    assert browser.cookie("to-willow")
