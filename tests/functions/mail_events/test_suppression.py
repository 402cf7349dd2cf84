"""Tests of addresses that get no more mail after a bounce or a complaint."""

from typing import Any

import pytest

from latchkey import tokens
from latchkey.rules import address_changes
from latchkey.rules.accounts import AccountKey
from latchkey.rules.clients import AddressOnFile, Client
from latchkey.store import accounts, mail_status
from tests.functions.mail_events.reports import is_stopped, letter_to, reported
from tests.kit.browser import Browser
from tests.kit.clock import NOON
from tests.kit.portal import Portal


@pytest.mark.parametrize(
    ("kind", "details"), [("Bounce", {"bounce": {"bounceType": "Permanent"}}), ("Complaint", {"complaint": {}})]
)
def test_after_a_permanent_bounce_or_a_complaint_no_mail_is_sent(
    portal: Portal, browser: Browser, ana: AccountKey, kind: str, details: dict[str, Any]
) -> None:
    reported(portal, ana, letter_to(portal, ana), kind, **details)

    assert is_stopped(ana)
    portal.now += 3600
    answer = browser.request_link("ana@example.com")
    assert (answer.status, answer.page.heading) == (422, "We can’t send email to that address")
    assert portal.waiting() == []


def test_a_full_mailbox_stops_nothing(portal: Portal, ana: AccountKey) -> None:
    assert reported(portal, ana, letter_to(portal, ana), "Bounce", bounce={"bounceType": "Transient"}) == "bounced"
    assert not is_stopped(ana)


def test_a_late_bounce_of_an_older_mail_still_stops_the_address(portal: Portal, ana: AccountKey) -> None:
    older = letter_to(portal, ana)
    portal.now += 3600
    letter_to(portal, ana)
    reported(portal, ana, older, "Bounce", bounce={"bounceType": "Permanent"})
    assert is_stopped(ana)


def confirmed(portal: Portal, account: AccountKey) -> None:
    """Confirm the address of an account, as a clinician does."""
    found = accounts.find(account)
    assert found
    email = AddressOnFile(found.address, email_ok=True, recorded_by="dr-willow", recorded_at=portal.now)
    accounts.save(
        address_changes.confirm_address(Client("01A", "willow", "Ana"), email, account, {account: found}).account(
            account
        )
    )


@pytest.mark.parametrize(
    ("kind", "details"), [("Bounce", {"bounce": {"bounceType": "Permanent"}}), ("Complaint", {"complaint": {}})]
)
def test_a_report_about_mail_from_before_a_confirmation_suppresses_no_address(
    portal: Portal, ana: AccountKey, kind: str, details: dict[str, Any]
) -> None:
    old, sent_at = letter_to(portal, ana), portal.now
    reported(portal, ana, old, kind, sent_at, **details)
    portal.now += 3600
    confirmed(portal, ana)
    mail_status.write(ana, "none", portal.now)
    before = portal.at_rest()

    assert reported(portal, ana, old, kind, sent_at, **details) == "none"
    assert portal.at_rest() == before

    portal.now += 60
    new, sent_at = letter_to(portal, ana), portal.now
    reported(portal, ana, old, kind, NOON, **details)
    assert not is_stopped(ana)
    reported(portal, ana, new, kind, sent_at, **details)
    assert is_stopped(ana)


def test_an_address_that_nobody_had_to_confirm_is_stopped_by_a_late_bounce(portal: Portal, ana: AccountKey) -> None:
    message, sent_at = letter_to(portal, ana), portal.now
    portal.now += 3600
    confirmed(portal, ana)
    reported(portal, ana, message, "Bounce", sent_at, bounce={"bounceType": "Permanent"})
    assert is_stopped(ana)


def test_a_report_that_does_not_say_when_its_mail_was_sent_is_of_mail_from_now(portal: Portal, ana: AccountKey) -> None:
    reported(portal, ana, letter_to(portal, ana), "Bounce", bounce={"bounceType": "Permanent"})
    portal.now += 3600
    confirmed(portal, ana)
    tags = {"practice": ["willow"], "account": [tokens.base64url_encode(ana)]}
    portal.handle_event("MailEvents", {"detail": {"eventType": "Complaint", "mail": {"messageId": "x", "tags": tags}}})
    assert is_stopped(ana)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"detail": {}},
        {"detail": {"eventType": "Open", "mail": {"messageId": "x", "tags": {"practice": ["willow"]}}}},
        {"detail": {"eventType": "Bounce", "mail": {"messageId": "x", "tags": {}}}},
        {"detail": {"eventType": "Bounce", "mail": {"tags": {"practice": ["willow"], "account": ["nobody"]}}}},
    ],
)
def test_a_report_of_no_mail_of_the_portal_changes_nothing(portal: Portal, event: dict[str, Any]) -> None:
    before = portal.at_rest()
    portal.handle_event("MailEvents", event)
    assert portal.at_rest() == before


def test_a_report_cannot_stop_someone_at_another_practice(portal: Portal, ana: AccountKey) -> None:
    tags = {"practice": ["harbor"], "account": [tokens.base64url_encode(ana)]}
    detail = {"eventType": "Complaint", "mail": {"messageId": "x", "tags": tags}}
    portal.handle_event("MailEvents", {"detail": detail})
    assert not is_stopped(ana)


@pytest.mark.parametrize("subtype", ["General", "NoEmail", "Suppressed", "OnAccountSuppressionList"])
def test_an_address_that_ses_itself_refuses_to_mail_is_stopped_like_one_that_bounced(
    portal: Portal, ana: AccountKey, subtype: str
) -> None:
    bounce = {"bounceType": "Permanent", "bounceSubType": subtype}
    assert reported(portal, ana, letter_to(portal, ana), "Bounce", bounce=bounce) == "bounced"
    assert is_stopped(ana)


@pytest.mark.parametrize(
    "bounce",
    [
        {"bounceType": "Transient", "bounceSubType": "MailboxFull"},
        {"bounceType": "Transient", "bounceSubType": "General"},
        {"bounceType": "Undetermined", "bounceSubType": "Undetermined"},
        {},
    ],
)
def test_a_bounce_that_may_pass_is_shown_and_the_next_mail_is_sent(
    portal: Portal, ana: AccountKey, bounce: dict[str, str]
) -> None:
    assert reported(portal, ana, letter_to(portal, ana), "Bounce", bounce=bounce) == "bounced"
    assert not is_stopped(ana)

    portal.now += 3600
    assert letter_to(portal, ana)
    found = accounts.find(ana)
    assert found
    assert found.email_status == "sent"
