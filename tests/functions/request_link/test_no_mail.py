"""Tests of addresses that get no mail."""

from dataclasses import replace
from typing import Any

import pytest

from latchkey.rules.limits import (
    UNKNOWN_ADDRESS_PER_NETWORK,
)
from latchkey.store import practices
from tests.kit.browser import App, Browser
from tests.kit.clock import MINUTE
from tests.kit.portal import Portal
from tests.kit.seed import WILLOW, change, put, use_up


@pytest.mark.parametrize(
    "address", ["nobody@example.com", "robin@example.com", "an.a@example.com", "ana+1@example.com"]
)
def test_an_address_without_access_is_reported_and_gets_nothing(browser: Browser, portal: Portal, address: str) -> None:
    """B18, B19, B64, B65"""
    answer = browser.request_link(address)

    assert answer.status == 422
    page = answer.page
    assert "We don’t have that email address on file" in page.text
    assert "try a different email address" in page.text
    assert page.links["(555) 010-0142"] == "tel:5550100142"
    assert page.one("input").attributes["value"] == address
    assert portal.waiting() == []
    assert portal.audit() == [("link_refused", "email_unknown")]


def test_an_app_learns_that_an_address_has_no_access(app: App) -> None:
    answer = app.request_link("nobody@example.com")

    assert (answer.status, answer.code) == (422, "email_unknown")


UNREACHABLE = {
    "no consent": {"email_ok": False},
    "bounced": {"suppressed": True, "email_status": "bounced"},
    "complained": {"suppressed": True, "email_status": "complained"},
}
"""Facts of an account that may sign in, but gets no mail."""

every_reason_against_mail = pytest.mark.parametrize("facts", UNREACHABLE.values(), ids=UNREACHABLE)


@every_reason_against_mail
def test_where_no_mail_can_be_sent_the_page_says_so_and_offers_the_other_ways_in(
    browser: Browser, portal: Portal, facts: dict[str, Any]
) -> None:
    """B157"""
    change(portal, "willow", "ana@example.com", **facts)

    answer = browser.request_link(" Ana@Example.com")
    page = answer.page

    assert answer.status == 422
    assert page.heading == "We can’t send email to that address"
    assert "Call Willow Family Therapy to check your email address and to get a Pin Code" in page.text
    assert page.links["(555) 010-0142"] == "tel:5550100142"
    assert [form.attributes["action"] for form in page.all("form")] == ["/willow/pin", "/willow/sign-in"]
    assert page.one("input", name="email").attributes["value"] == " Ana@Example.com"
    assert page.one("button", name="clear").text == "Use a different address"
    assert "sent" not in page.text
    assert portal.audit() == [("link_refused", "no_mail_possible")]
    assert portal.waiting() == []
    assert answer.cookie_values.keys() == {"__Host-typed-willow"}
    assert browser.get("/willow/sign-in/sent").location == "/willow/sign-in"


def test_where_no_mail_can_be_sent_google_is_offered_if_the_practice_offers_it(
    browser: Browser, portal: Portal
) -> None:
    """B157"""
    portal.parameters |= {"GoogleClientId": "client"}
    assert "Continue with Google" in browser.request_link("jo@example.com").page.text
    practices.save(replace(WILLOW, providers=frozenset()))
    assert "Google" not in browser.request_link("jo@example.com").page.text


@every_reason_against_mail
def test_an_app_learns_that_no_mail_can_be_sent(app: App, portal: Portal, facts: dict[str, Any]) -> None:
    """B157"""
    change(portal, "willow", "ana@example.com", **facts)

    answer = app.request_link("ana@example.com")

    assert (answer.status, answer.code) == (422, "no_mail_possible")
    assert portal.waiting() == []


@every_reason_against_mail
def test_where_every_address_gets_one_answer_nobody_learns_that_no_mail_can_be_sent(
    browser: Browser, portal: Portal, facts: dict[str, Any]
) -> None:
    """B157"""
    change(portal, "harbor", "ana@example.com", **facts)

    assert browser.request_link("ana@example.com", "harbor").location == "/harbor/sign-in/sent"
    assert portal.audit() == [("link_requested", None)]
    assert portal.deliver() == 0


def test_someone_without_access_is_unknown_also_where_no_mail_could_be_sent(app: App, portal: Portal) -> None:
    change(portal, "willow", "robin@example.com", email_ok=False, suppressed=True)

    assert app.request_link("robin@example.com").code == "email_unknown"


def test_addresses_that_get_no_mail_count_like_unknown_ones_for_a_source(portal: Portal) -> None:
    """B21, B157"""
    app = portal.app()
    for number in range(5):
        put(portal, WILLOW, f"returned{number}@example.com", suppressed=True)
        assert app.request_link(f"returned{number}@example.com").code == "no_mail_possible"

    for address in ("returned0@example.com", "typo@example.com", "ana@example.com"):
        assert (app.request_link(address).status, app.request_link(address).code) == (429, "wait")
    portal.now += 15 * MINUTE
    assert app.request_link("ana@example.com").status == 202


def test_addresses_that_get_no_mail_also_count_for_the_network_of_the_source(portal: Portal) -> None:
    use_up(portal, UNKNOWN_ADDRESS_PER_NETWORK.limit, 49, "network", "ask", "2001:db8:77::/48")

    assert portal.app("2001:db8:77:1::1").request_link("jo@example.com").code == "no_mail_possible"
    assert portal.app("2001:db8:77:2::1").request_link("ana@example.com").code == "wait"


def test_an_address_that_was_confirmed_gets_its_link_anew(browser: Browser, portal: Portal) -> None:
    change(portal, "willow", "ana@example.com", suppressed=True)
    assert browser.request_link("ana@example.com").status == 422
    change(portal, "willow", "ana@example.com", suppressed=False)

    assert browser.link("ana@example.com")


def test_reinstated_access_lets_a_client_request_a_link(browser: Browser, portal: Portal) -> None:
    """B62"""
    assert browser.request_link("robin@example.com").status == 422
    change(portal, "willow", "robin@example.com", status="active", epoch=2)

    assert browser.link("robin@example.com")
