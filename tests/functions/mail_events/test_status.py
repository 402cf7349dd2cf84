"""Tests of the mail status that a clinician sees, in any order of reports."""

from contextlib import suppress
from itertools import permutations

import pytest

from latchkey import tokens, web
from latchkey.rules.accounts import AccountKey
from tests.functions.mail_events.reports import is_stopped, letter_to, reported
from tests.kit.portal import Portal


@pytest.mark.parametrize(
    ("kind", "status"),
    [("Delivery", "delivered"), ("DeliveryDelay", "delayed"), ("Reject", "rejected"), ("Complaint", "complained")],
)
def test_a_report_becomes_the_status_that_the_clinician_sees(
    portal: Portal, ana: AccountKey, kind: str, status: str
) -> None:
    """B66"""
    assert reported(portal, ana, letter_to(portal, ana), kind) == status


def test_a_delivered_mail_is_not_delayed_any_more_whichever_report_comes_last(portal: Portal, ana: AccountKey) -> None:
    message = letter_to(portal, ana)
    assert reported(portal, ana, message, "Delivery") == "delivered"
    assert reported(portal, ana, message, "DeliveryDelay") == "delivered"


def test_a_bounce_can_follow_a_delivery(portal: Portal, ana: AccountKey) -> None:
    message = letter_to(portal, ana)
    reported(portal, ana, message, "Delivery")
    assert reported(portal, ana, message, "Bounce", bounce={"bounceType": "Permanent"}) == "bounced"


def test_a_report_of_an_older_mail_does_not_change_the_status_of_the_newest(portal: Portal, ana: AccountKey) -> None:
    older = letter_to(portal, ana)
    portal.now += 3600
    letter_to(portal, ana)
    assert reported(portal, ana, older, "Delivery") == "sent"


def test_a_bounced_mail_is_audited(portal: Portal, ana: AccountKey) -> None:
    reported(portal, ana, letter_to(portal, ana), "Bounce", bounce={"bounceType": "Permanent"})
    assert ("link_failed", "bounced") in portal.audit()


@pytest.mark.parametrize(
    "order", list(permutations(["DeliveryDelay", "Delivery", "Bounce", "Complaint"])), ids="-".join
)
def test_the_gravest_mail_report_stays_in_any_order(portal: Portal, ana: AccountKey, order: tuple[str, ...]) -> None:
    message = letter_to(portal, ana)
    seen = [reported(portal, ana, message, kind, bounce={"bounceType": "Permanent"}) for kind in order]

    assert seen[-1] == "complained"
    assert is_stopped(ana)


def test_a_report_that_comes_twice_is_stored_and_audited_once(portal: Portal, ana: AccountKey) -> None:
    message = letter_to(portal, ana)
    reported(portal, ana, message, "Reject")
    portal.now += 60
    before = portal.at_rest()

    assert reported(portal, ana, message, "Reject") == "rejected"
    assert portal.at_rest() == before


def test_a_suppression_that_is_reported_twice_is_stored_and_audited_once(portal: Portal, ana: AccountKey) -> None:
    message = letter_to(portal, ana)
    reported(portal, ana, message, "Bounce", bounce={"bounceType": "Permanent"})
    portal.now += 60
    before = portal.at_rest()

    reported(portal, ana, message, "Bounce", bounce={"bounceType": "Permanent"})
    assert portal.at_rest() == before


@pytest.mark.parametrize("operation", ["UpdateItem", "TransactWriteItems"])
@pytest.mark.parametrize("fault", ["refused", "lost"])
def test_a_report_that_is_redelivered_after_an_outage_is_audited_once(
    portal: Portal, ana: AccountKey, operation: str, fault: str
) -> None:
    message = letter_to(portal, ana)
    if fault == "refused":
        portal.aws.refuse(operation, "InternalServerError")
    else:
        portal.aws.drop_response(operation)
    with suppress(web.EventFailed):
        reported(portal, ana, message, "Bounce", bounce={"bounceType": "Permanent"})

    assert reported(portal, ana, message, "Bounce", bounce={"bounceType": "Permanent"}) == "bounced"
    assert is_stopped(ana)
    assert portal.audit().count(("link_failed", "bounced")) == 1


def test_a_report_of_an_unknown_mail_changes_no_status(portal: Portal, ana: AccountKey) -> None:
    letter_to(portal, ana)
    before = portal.at_rest()

    for kind in ("Delivery", "DeliveryDelay", "Reject"):
        assert reported(portal, ana, "another", kind) == "sent"
    assert portal.at_rest() == before


def test_a_report_about_an_unknown_account_stores_nothing(portal: Portal) -> None:
    before = portal.at_rest()
    tags = {"practice": ["willow"], "account": [tokens.base64url_encode(tokens.random_id())]}
    for kind in ("Complaint", "Delivery"):
        detail = {"eventType": kind, "mail": {"messageId": "x", "tags": tags}}
        portal.handle_event("MailEvents", {"id": "1", "detail": detail})
    assert portal.at_rest() == before
