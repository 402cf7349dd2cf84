"""Tests of the landing page, the form and the tips."""

from latchkey import tokens
from latchkey.rules.accounts import AccountKey
from tests.kit.browser import Browser
from tests.kit.clock import MINUTE
from tests.kit.portal import Portal


def test_a_practice_has_a_page_to_bookmark_that_says_who_it_is(browser: Browser) -> None:
    """B4, B9"""
    page = browser.get("/willow").page

    assert page.heading == "Welcome to the Willow Family Therapy Client Portal"
    assert page.links["I’m an existing client"] == "/willow/sign-in"
    assert page.links["I’m a new client"] == "/willow/new-client"
    assert "Bookmark this page" in page.text


def test_a_practice_with_a_website_uses_its_words(browser: Browser) -> None:
    """B6"""
    links = browser.get("/harbor").page.links

    assert links["Client Portal"] == "/harbor/sign-in"
    assert links["Request Appointment"] == "https://harbor.example/appointments"


def test_the_landing_page_of_someone_signed_in_leads_into_the_portal(browser: Browser) -> None:
    """B9"""
    browser.sign_in("ana@example.com")

    assert browser.get("/willow").page.links["Go to the Client Portal"] == "/willow/home"


def test_a_link_on_the_practices_website_can_lead_straight_to_the_form(browser: Browser) -> None:
    """B10"""
    assert browser.get("/willow?client=existing").location == "/willow/sign-in"
    assert browser.get("/willow?client=else").status == 200


def test_a_new_client_is_advised_to_wait_for_the_invitation(browser: Browser) -> None:
    """B5"""
    page = browser.get("/willow/new-client").page

    assert page.heading == "I’m a new client"
    assert not page.all("form")


def test_the_form_asks_for_nothing_but_the_address(browser: Browser) -> None:
    """B2, B11, B12, B22"""
    page = browser.get("/willow/sign-in").page

    assert [field.attributes["name"] for field in page.all("input")] == ["email"]
    assert page.buttons == ["Send link"]
    assert page.links["Need help?"] == "/willow/help"


def test_the_tips_name_the_address_that_letters_come_from(browser: Browser, portal: Portal) -> None:
    """B28, B80, B83"""
    assert "yourprovider@mail.example.com" in browser.get("/willow/help").page.text

    browser.link("ana@example.com")
    assert portal.letters[0].arguments["FromEmailAddress"].endswith("<yourprovider@mail.example.com>")


def test_someone_signed_in_goes_on_from_the_form(browser: Browser) -> None:
    browser.sign_in("ana@example.com")

    assert browser.get("/willow/sign-in").location == "/willow/home"


def test_an_expired_session_is_reported_once(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    portal.now += 20 * MINUTE

    assert browser.get("/willow/home").location == "/willow/sign-in"
    page = browser.get("/willow/sign-in").page
    assert page.heading == "You were signed out after 20 minutes"
    assert "signed out" not in browser.get("/willow/sign-in").page.text


def test_a_session_cookie_that_stands_for_none_is_ended(browser: Browser) -> None:
    browser.cookies["__Host-session-willow"] = tokens.new_session_cookie(AccountKey(bytes(16)))

    answer = browser.get("/willow/sign-in")

    assert answer.cookie_values == {"__Host-session-willow": ""}
    assert "session has ended" not in answer.page.text
