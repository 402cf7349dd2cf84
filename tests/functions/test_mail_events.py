"""Tests of SES reports. They change the mail status that clinicians see, and can suppress an address."""

import copy
import json
import traceback
from collections.abc import Callable
from contextlib import suppress
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latchkey import tokens, web
from latchkey.http.responses import rfc3339
from latchkey.rules import address_changes
from latchkey.rules.accounts import AccountKey
from latchkey.rules.clients import AddressOnFile, Client
from latchkey.store import accounts
from tests.kit.browser import Browser
from tests.kit.clock import NOON
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, key_of


@pytest.fixture
def ana(portal: Portal) -> AccountKey:
    """Return the key of Ana's account."""
    return key_of(portal, "willow", "ana@example.com")


def letter_to(portal: Portal, account: AccountKey) -> str:
    """Send a letter, and return SES's message id."""
    portal.work(body_of(a_job(account, portal.now)))
    (item,) = [item for item in portal.at_rest()["Accounts"] if item["key"]["S"] == tokens.base64url_encode(account)]
    message: str = item["message_id"]["S"]
    return message


def reported(portal: Portal, account: AccountKey, message: str, kind: str, sent_at: int = NOON, **details: Any) -> str:
    """Deliver an SES report, and return the mail status that the clinician then sees."""
    tags = {
        "practice": ["willow"],
        "account": [tokens.base64url_encode(account)],
        "ses:configuration-set": ["ConfigurationSet"],
    }
    mail = {"messageId": message, "timestamp": rfc3339(sent_at).replace("Z", ".123Z"), "tags": tags}
    detail = {"eventType": kind, "mail": mail, **details}
    portal.handle_event("MailEvents", {"id": "1", "source": "aws.ses", "detail": detail})
    found = accounts.find(account)
    assert found
    return found.email_status


def is_stopped(account: AccountKey) -> bool:
    """Return True if the address is suppressed."""
    found = accounts.find(account)
    assert found
    return found.suppressed


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


def test_a_report_of_an_older_mail_does_not_change_what_is_seen_of_the_newest(portal: Portal, ana: AccountKey) -> None:
    older = letter_to(portal, ana)
    portal.now += 3600
    letter_to(portal, ana)
    assert reported(portal, ana, older, "Delivery") == "sent"


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
    accounts.set_mail_status(ana, "none", portal.now)
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


def test_a_mail_that_came_back_is_written_down(portal: Portal, ana: AccountKey) -> None:
    reported(portal, ana, letter_to(portal, ana), "Bounce", bounce={"bounceType": "Permanent"})
    assert ("link_failed", "bounced") in portal.audit()


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


# ── repeated and reordered reports ──


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


@pytest.mark.parametrize(
    "order", list(permutations(["DeliveryDelay", "Delivery", "Bounce", "Complaint"])), ids="-".join
)
def test_the_gravest_mail_report_stays_in_any_order(portal: Portal, ana: AccountKey, order: tuple[str, ...]) -> None:
    message = letter_to(portal, ana)
    seen = [reported(portal, ana, message, kind, bounce={"bounceType": "Permanent"}) for kind in order]

    assert seen[-1] == "complained"
    assert is_stopped(ana)


def test_a_report_that_comes_twice_is_written_down_and_noted_once(portal: Portal, ana: AccountKey) -> None:
    message = letter_to(portal, ana)
    reported(portal, ana, message, "Reject")
    portal.now += 60
    before = portal.at_rest()

    assert reported(portal, ana, message, "Reject") == "rejected"
    assert portal.at_rest() == before


def test_a_stop_that_is_reported_twice_is_written_down_and_noted_once(portal: Portal, ana: AccountKey) -> None:
    message = letter_to(portal, ana)
    reported(portal, ana, message, "Bounce", bounce={"bounceType": "Permanent"})
    portal.now += 60
    before = portal.at_rest()

    reported(portal, ana, message, "Bounce", bounce={"bounceType": "Permanent"})
    assert portal.at_rest() == before


@pytest.mark.parametrize("operation", ["UpdateItem", "TransactWriteItems"])
@pytest.mark.parametrize("fault", ["refused", "lost"])
def test_a_report_that_is_redelivered_after_an_outage_is_written_down_once(
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


def test_a_mail_that_nobody_knows_changes_nothing_that_is_seen(portal: Portal, ana: AccountKey) -> None:
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


# ── malformed reports, and the log ──

CANARY = "canary@example.com"
WELL: dict[str, Any] = {
    "id": "c0ffee00-0000-4000-8000-000000000000",
    "source": "aws.ses",
    "detail": {
        "eventType": "Bounce",
        "bounce": {"bounceType": "Permanent"},
        "mail": {
            "messageId": "0100018f-1",
            "timestamp": "2026-03-03T12:00:00.000Z",
            "tags": {"practice": ["willow"], "account": [tokens.base64url_encode(bytes(16))]},
        },
    },
}
"""A well-formed report about an account that does not exist."""
ODD: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.sampled_from([CANARY, "", "willow", "\ud800", "\x00", "a" * 3000, "Bounce", "0001-01-01T00:00:00+23:59"]),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
PLACES: list[tuple[str, ...]] = [
    (),
    ("id",),
    ("detail",),
    ("detail", "eventType"),
    ("detail", "bounce"),
    ("detail", "bounce", "bounceType"),
    ("detail", "mail"),
    ("detail", "mail", "messageId"),
    ("detail", "mail", "timestamp"),
    ("detail", "mail", "tags"),
    ("detail", "mail", "tags", "practice"),
    ("detail", "mail", "tags", "account"),
]


def with_(place: tuple[str, ...], value: Any) -> Any:
    """Return the report with another value in one place."""
    if not place:
        return value
    event = copy.deepcopy(WELL)
    inner = event
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return event


def outcomes(portal: Portal) -> list[tuple[str, str | None]]:
    """Return outcome and reason of each report in the log."""
    lines = [json.loads(line) for line in portal.log.getvalue().splitlines()]
    return [(line["outcome"], line["reason"]) for line in lines if line["message"] == "worked"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((), None),
        ((), []),
        ((), "report"),
        (("detail",), None),
        (("detail",), [1]),
        (("detail", "eventType"), {"a": 1}),
        (("detail", "mail"), "mail"),
        (("detail", "mail", "tags"), [["practice", "willow"]]),
        (("detail", "mail", "tags", "practice"), {"0": "willow"}),
        (("detail", "mail", "tags", "practice"), [7]),
        (("detail", "mail", "tags", "practice"), [CANARY]),
        (("detail", "mail", "tags", "account"), ["AAAA"]),
        (("detail", "mail", "tags", "account"), []),
        (("detail", "mail", "messageId"), "\ud800"),
        (("detail", "mail", "messageId"), 7),
    ],
    ids=str,
)
def test_a_report_of_a_wrong_shape_is_passed_over_and_not_retried(
    portal: Portal, place: tuple[str, ...], value: Any
) -> None:
    """A retry could not succeed either, and would set off the alarm of the dead-letter queue for nothing."""
    before = portal.at_rest()
    portal.handle_event("MailEvents", with_(place, value))

    assert outcomes(portal) == [("passed_over", "malformed")]
    assert portal.at_rest() == before


@given(place=st.sampled_from(PLACES), value=ODD)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_report_of_any_shape_fails_or_is_written_down(portal: Portal, place: tuple[str, ...], value: Any) -> None:
    portal.handle_event("MailEvents", with_(place, value))

    assert "canary" not in portal.log.getvalue()


def lost(portal: Portal) -> None:
    """Let the call to AWS fail."""
    portal.aws.refuse("TransactWriteItems", "InternalServerError", times=9)


def broken(portal: Portal) -> None:
    """Let another exception be raised."""
    portal.aws.raise_at("TransactWriteItems", ValueError(f"for {CANARY}"))


@pytest.mark.parametrize("fault", [lost, broken])
def test_a_report_that_cannot_be_noted_is_redelivered_and_lambda_gets_no_message(
    portal: Portal, ana: AccountKey, fault: Callable[[Portal], None]
) -> None:
    """Lambda logs the traceback of an exception that a function raises."""
    message = letter_to(portal, ana)
    fault(portal)
    with pytest.raises(web.EventFailed) as raised:
        reported(portal, ana, message, "Bounce", bounce={"bounceType": "Permanent"})

    assert str(raised.value) == ""
    printed = "".join(traceback.format_exception(raised.value))
    # the traceback still holds this file's source lines
    assert "example.com" not in printed
    assert "InternalServerError" not in printed
    assert "example.com" not in portal.log.getvalue()
