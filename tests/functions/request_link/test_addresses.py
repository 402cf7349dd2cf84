"""Tests of typed addresses: those on file get a link, and malformed ones an error."""

import pytest

from tests.kit.browser import App, Browser
from tests.kit.portal import Portal


def test_an_address_on_file_gets_a_link_and_the_person_learns_where_to_look(browser: Browser, portal: Portal) -> None:
    """B15, B16, B23"""
    assert browser.request_link("ana@example.com").location == "/willow/sign-in/sent"
    page = browser.get("/willow/sign-in/sent").page

    assert page.heading == "Check your email"
    assert "We sent an email to ana@example.com" in page.text
    assert page.links["Try these tips"] == "/willow/help"
    assert portal.deliver() == 1
    assert portal.letters[0].to == ["ana@example.com"]
    assert portal.audit() == [("link_requested", None), ("link_sent", None)]


def test_an_app_asks_and_is_answered_in_json(app: App, portal: Portal) -> None:
    """B119"""
    answer = app.request_link("ana@example.com")

    assert (answer.status, answer.document) == (202, {"status": "sent"})
    assert portal.deliver() == 1


@pytest.mark.parametrize("typed", ["ANA@Example.COM", "  ana@example.com \t", "ana@example.com\r\n"])
def test_case_and_outer_blanks_do_not_matter_and_the_letter_goes_to_the_address_on_file(
    browser: Browser, portal: Portal, typed: str
) -> None:
    """B19"""
    browser.request_link(typed)

    assert portal.deliver() == 1
    assert portal.letters[0].to == ["ana@example.com"]


def test_the_page_shows_the_address_as_it_was_typed(browser: Browser) -> None:
    browser.request_link("ANA@example.com")

    assert "We sent an email to ANA@example.com" in browser.get("/willow/sign-in/sent").page.text


def test_only_the_browser_that_requested_a_link_sees_the_page_about_it(browser: Browser, another: Browser) -> None:
    browser.request_link("ana@example.com")

    assert another.get("/willow/sign-in/sent").location == "/willow/sign-in"
    assert browser.get("/harbor/sign-in/sent").location == "/harbor/sign-in"


@pytest.mark.parametrize(
    ("typed", "words_of"),
    [
        ("", "Enter your email address"),
        ("   ", "Enter your email address"),
        ("ana", "The address needs an @ sign, like name@example.com"),
        ("ana@exam\u212aple.com", "Enter the whole email address, like name@example.com"),
    ],
)
def test_what_is_no_address_is_reported_and_stays_to_be_corrected(
    browser: Browser, portal: Portal, typed: str, words_of: str
) -> None:
    before = portal.at_rest()

    answer = browser.request_link(typed)

    assert answer.status == 422
    assert words_of in answer.page.text
    assert answer.page.one("input").attributes["value"] == typed
    assert portal.at_rest() == before


def test_an_app_learns_what_is_no_address(app: App) -> None:
    for typed in ("", "ana", "ana@@example.com"):
        answer = app.request_link(typed)
        assert (answer.status, answer.code) == (422, "email_invalid")


def test_a_form_without_the_field_is_an_empty_one(browser: Browser, app: App) -> None:
    assert browser.post("/willow/sign-in", {}).status == 422
    assert browser.post("/willow/sign-in", {}, content_type="").status == 422
    assert app.post("/willow/sign-in", {}).code == "email_invalid"
