"""Tests of the form in which people type a PIN, and of signing in with it."""

import pytest

from latchkey import tokens
from tests.functions.pin.typed_pins import typed
from tests.kit.browser import App, Browser
from tests.kit.portal import Portal
from tests.kit.seed import key_of


def test_the_page_asks_for_the_address_and_the_pin(browser: Browser) -> None:
    """B101"""
    page = browser.get("/willow/pin").page
    assert page.one("input", name="email").attributes["type"] == "email"
    assert page.one("input", name="pin").attributes["inputmode"] == "numeric"


def test_a_browser_that_requested_a_link_need_not_type_the_address_anew(browser: Browser) -> None:
    browser.request_link("ana@example.com")
    assert browser.get("/willow/pin").page.one("input", name="email").attributes["value"] == "ana@example.com"


@pytest.mark.parametrize("spelling", ["{0}", "{1} {2}", "{1}-{2}", " {0} ", "{1}\u2013{2}"])
def test_a_pin_signs_in_however_its_digits_are_grouped(
    portal: Portal, browser: Browser, ana: bytes, spelling: str
) -> None:
    pin = portal.pin_for(ana)
    answer = typed(browser, "ana@example.com", spelling.format(pin, pin[:3], pin[3:]))
    assert answer.location == "/willow/home"
    assert browser.is_signed_in()


def test_full_width_digits_are_digits(portal: Portal, browser: Browser, ana: bytes) -> None:
    wide = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in portal.pin_for(ana))
    assert typed(browser, "ana@example.com", wide).location == "/willow/home"


def test_an_app_gets_the_session_document(portal: Portal, app: App, ana: bytes) -> None:
    answer = typed(app, "ana@example.com", portal.pin_for(ana))
    assert answer.status == 200
    assert answer.document["method"] == "pin"
    assert app.is_signed_in()


@pytest.mark.parametrize("pin", ["12345", "1234567", "12345a", "½23456", "١٢٣٤٥"])
def test_a_pin_that_is_not_six_digits_has_an_error_of_its_own(app: App, pin: str) -> None:
    answer = typed(app, "ana@example.com", pin)
    assert (answer.status, answer.code) == (422, "pin_invalid")


def test_a_pin_is_never_redisplayed(browser: Browser) -> None:
    answer = typed(browser, "ana@example.com", "987654")
    assert answer.status == 422
    assert "987654" not in answer.body
    assert answer.page.one("input", name="email").attributes["value"] == "ana@example.com"


def test_a_form_from_another_page_is_refused(browser: Browser) -> None:
    answer = browser.post("/willow/pin", {"email": "ana@example.com", "pin": "123456"}, origin="https://evil.example")
    assert answer.status == 403


def test_a_pin_entered_while_signed_in_needs_confirmation_to_switch(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    browser.sign_in("lee@example.com")
    pin, limit_items = portal.pin_for(ana), portal.at_rest()["Budgets"]

    question = typed(browser, "ana@example.com", pin)
    assert (question.status, question.cookies) == (200, ())
    assert "Lee" in question.page.text
    assert "a•••@example.com" in question.page.text
    assert portal.at_rest()["Budgets"] == limit_items
    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "0"}
    assert browser.is_signed_in()
    repeated = {field.attributes["name"]: field.attributes["value"] for field in question.page.all("input")}
    assert repeated == {"email": "ana@example.com", "pin": pin}
    assert browser.post("/willow/pin", repeated | {"switch": "yes"}).location == "/willow/home"

    (row,) = [row for row in portal.at_rest()["Events"] if row["kind"]["S"] == "session_ended"]
    lee = tokens.base64url_encode(key_of(portal, "willow", "lee@example.com"))
    assert (row["subject"]["S"], row["reason"]["S"], row["method"]["S"]) == (f"willow#{lee}", "replaced", "link")
