"""Tests of a practice that gives every address the same answer, and of what a mail job holds."""

import json

from latchkey import tokens
from latchkey.rules.practices import Practice, UnknownAddressPolicy
from latchkey.store import practices
from tests.kit.browser import App, Browser
from tests.kit.portal import Portal
from tests.kit.seed import key_of


def test_the_page_does_not_confirm_an_address(browser: Browser, portal: Portal) -> None:
    browser.request_link("nobody@example.com", "harbor")
    page = browser.get("/harbor/sign-in/sent").page

    assert "If nobody@example.com is the address that Harbor Street Counseling has for you" in page.text
    assert "Send again" in page.buttons
    assert page.links["(555) 010-0177"] == "tel:5550100177"
    assert portal.deliver() == 0
    assert portal.letters == []


def test_an_app_gets_one_answer_for_every_address(app: App) -> None:
    for address in ("ana@example.com", "nobody@example.com", "robin@example.com"):
        answer = app.request_link(address, "harbor")
        assert (answer.status, answer.document) == (202, {"status": "sent"})


def test_a_changed_unknown_address_policy_applies_at_once(browser: Browser) -> None:
    assert browser.request_link("nobody@example.com", "harbor").status == 303
    practices.save(Practice(slug="harbor", name="Harbor", unknown_address=UnknownAddressPolicy.TELL))

    assert browser.request_link("nobody2@example.com", "harbor").status == 422


def test_a_mail_job_holds_no_address_and_no_secret(browser: Browser, portal: Portal) -> None:
    browser.request_link("ana@example.com")
    (body,) = portal.waiting()
    portal.deliver()
    secret = tokens.base64url_decode(portal.letters[0].path.rpartition("/")[2])
    assert secret is not None

    assert "@" not in body
    assert tokens.base64url_encode(secret[33:]) not in body
    assert secret[33:].hex() not in body
    assert json.loads(body)["account"] == tokens.base64url_encode(key_of(portal, "willow", "ana@example.com"))
