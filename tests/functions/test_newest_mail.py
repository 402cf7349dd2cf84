"""Tests of what a clinician sees of the newest mail when the mail before it was delivered (B66).

*Sent* of such a mail is its audit event, and no write to the account. Reports name the mail's job in a tag.
"""

from typing import Any
from unittest import mock

import pytest
from pynamodb.transactions import TransactWrite

from latchkey import tokens
from latchkey.http.responses import rfc3339
from latchkey.mail import ses
from latchkey.rules.accounts import Account, AccountKey
from latchkey.rules.mail import MailJob
from latchkey.store import accounts, events, mail_status
from latchkey.store.dynamodb import connection
from latchkey.store.events import PAGE
from tests.kit.clock import NOON
from tests.kit.portal import Letter, Portal
from tests.kit.seed import a_job, body_of, key_of

HOUR = 3600
HARD = {"bounce": {"bounceType": "Permanent"}}
SOFT = {"bounce": {"bounceType": "Transient"}}


@pytest.fixture
def ana(portal: Portal) -> AccountKey:
    """Return the key of Ana's account."""
    return key_of(portal, "willow", "ana@example.com")


@pytest.fixture
def first(portal: Portal, ana: AccountKey) -> Letter:
    """Return a letter to Ana that was delivered, an hour ago."""
    portal.work(body_of(a_job(ana, portal.now)))
    report(portal, portal.letters[0], "Delivery")
    portal.now += HOUR
    return portal.letters[0]


def report(portal: Portal, letter: Letter, kind: str, **details: Any) -> None:
    """Deliver an SES report about a letter."""
    tags = {tag["Name"]: [tag["Value"]] for tag in letter.arguments["EmailTags"]}
    mail = {"messageId": "0100018f-1", "timestamp": rfc3339(portal.now), "tags": tags}
    portal.handle_event("MailEvents", {"detail": {"eventType": kind, "mail": mail, **details}})


def send(portal: Portal, account: AccountKey) -> Letter:
    """Send a letter that is requested now."""
    portal.work(body_of(a_job(account, portal.now)))
    return portal.letters[-1]


def found(account: AccountKey) -> Account:
    """Return the account as clinicians read it."""
    return mail_status.with_newest_of_each(accounts.find_all([account]))[account]


def seen(account: AccountKey) -> tuple[str, int | None]:
    """Return the mail status that a clinician sees, and its time."""
    return found(account).email_status, found(account).email_status_at


@pytest.mark.usefixtures("first")
def test_a_later_mail_is_seen_as_sent_from_when_it_was_sent(portal: Portal, ana: AccountKey) -> None:
    assert seen(ana) == ("delivered", NOON)
    send(portal, ana)
    assert seen(ana) == ("sent", NOON + HOUR)


@pytest.mark.usefixtures("first")
def test_its_report_becomes_what_is_seen(portal: Portal, ana: AccountKey) -> None:
    letter = send(portal, ana)
    portal.now += 5
    report(portal, letter, "Delivery")
    portal.now += 5
    for kind in ("Delivery", "DeliveryDelay"):
        report(portal, letter, kind)
    assert seen(ana) == ("delivered", NOON + HOUR + 5)


@pytest.mark.usefixtures("first")
def test_a_report_that_comes_before_the_audit_event_is_seen(portal: Portal, ana: AccountKey) -> None:
    append = events.append

    def report_first(event: Any) -> None:
        report(portal, portal.letters[-1], "Delivery")
        append(event)

    with mock.patch.object(events, "append", report_first):
        send(portal, ana)
    assert seen(ana) == ("delivered", NOON + HOUR)


@pytest.mark.parametrize("kind", ["Delivery", "DeliveryDelay", "Reject"])
def test_a_late_report_of_the_mail_before_hides_no_newer_one(
    portal: Portal, ana: AccountKey, first: Letter, kind: str
) -> None:
    newer = send(portal, ana)
    report(portal, first, kind)
    assert seen(ana) == ("sent", NOON + HOUR)

    report(portal, newer, "Delivery")
    report(portal, first, kind)
    assert seen(ana)[0] == "delivered"


def test_a_late_bounce_of_the_mail_before_stops_the_address_and_says_when(
    portal: Portal, ana: AccountKey, first: Letter
) -> None:
    report(portal, send(portal, ana), "Delivery")
    report(portal, first, "Bounce", **SOFT)
    assert (found(ana).email_status, found(ana).suppressed) == ("delivered", False)
    report(portal, first, "Bounce", **HARD)
    assert (found(ana).email_status, found(ana).suppressed) == ("delivered", True)
    assert found(ana).bounced_at == portal.now


@pytest.mark.usefixtures("first")
def test_a_mail_that_ses_did_not_accept_is_not_sent(portal: Portal, ana: AccountKey) -> None:
    with mock.patch.object(ses, "send", side_effect=ses.Delayed("TooManyRequestsException")):
        portal.work(body_of(job := a_job(ana, portal.now)))
    assert seen(ana)[0] == "delayed"
    portal.now += 60
    portal.work(body_of(job))
    assert seen(ana) == ("sent", NOON + HOUR + 60)


@pytest.mark.usefixtures("first")
def test_a_worker_that_stops_before_it_calls_ses_changes_nothing_that_is_seen(portal: Portal, ana: AccountKey) -> None:
    with mock.patch.object(ses, "send", side_effect=KeyError), mock.patch.object(mail_status, "write"):
        portal.work(body_of(a_job(ana, portal.now)))
    assert seen(ana) == ("delivered", NOON)


@pytest.mark.usefixtures("first")
def test_a_redelivered_job_leaves_the_report_of_its_mail(portal: Portal, ana: AccountKey) -> None:
    body = body_of(a_job(ana, portal.now))
    portal.work(body)
    report(portal, portal.letters[-1], "Bounce", **SOFT)
    portal.work(body)
    assert seen(ana)[0] == "bounced"


def test_a_report_of_a_mail_from_before_a_confirmation_is_not_seen(
    portal: Portal, ana: AccountKey, first: Letter
) -> None:
    newer = send(portal, ana)
    report(portal, first, "Bounce", **HARD)
    stopped = found(ana)
    confirm(portal, stopped)
    before = portal.at_rest()
    for letter in (newer, first):
        report(portal, letter, "Delivery")
    assert seen(ana)[0] == "none"
    assert portal.at_rest() == before

    portal.now += HOUR
    send(portal, ana)
    assert seen(ana)[0] == "sent"


def confirm(portal: Portal, account: Account) -> None:
    """Write an account as the confirmation of its address leaves it."""
    with TransactWrite(connection=connection) as transaction:
        accounts.update_in(transaction, account.confirmed(portal.now), account)


@pytest.mark.usefixtures("first")
def test_the_newest_mail_is_found_behind_many_other_events(portal: Portal, ana: AccountKey) -> None:
    job: MailJob = a_job(ana, portal.now)
    for _ in range(PAGE + 1):
        portal.tables.put_item(
            TableName="Events",
            Item={
                "subject": {"S": f"willow#{tokens.base64url_encode(ana)}"},
                "id": {"S": tokens.new_ulid(job.requested_at_ms)},
                "kind": {"S": "link_refused"},
                "at": {"N": str(job.requested_at_ms)},
                "actor": {"S": "client"},
            },
        )
    portal.now += 1
    portal.work(body_of(job))
    assert seen(ana) == ("sent", NOON + HOUR + 1)


@pytest.fixture
def unknown(portal: Portal, ana: AccountKey) -> None:
    """Let Ana's account have a delivered mail of the version before, which knew mails by SES's id."""
    portal.work(body_of(a_job(ana, portal.now)))
    key = {"key": {"S": tokens.base64url_encode(ana)}}
    portal.tables.update_item(
        TableName="Accounts",
        Key=key,
        UpdateExpression="SET email_status = :sent, message_id = :id REMOVE mail_sequence",
        ExpressionAttributeValues={":sent": {"S": "sent"}, ":id": {"S": "0100018f-0"}},
    )


@pytest.mark.usefixtures("unknown")
def test_a_status_of_the_version_before_is_seen_until_the_next_mail(portal: Portal, ana: AccountKey) -> None:
    tags = {"practice": ["willow"], "account": [tokens.base64url_encode(ana)]}
    mail = {"messageId": "0100018f-0", "timestamp": rfc3339(portal.now), "tags": tags}
    for _ in range(2):
        portal.handle_event("MailEvents", {"detail": {"eventType": "Delivery", "mail": mail}})
    assert seen(ana)[0] == "delivered"

    portal.now += HOUR
    newer = send(portal, ana)
    assert seen(ana) == ("sent", NOON + HOUR)
    portal.handle_event("MailEvents", {"detail": {"eventType": "Bounce", "mail": mail, **SOFT}})
    assert seen(ana)[0] == "sent"
    report(portal, newer, "Delivery")
    assert seen(ana)[0] == "delivered"


@pytest.mark.parametrize("job", ["", "x", "000000000000000-", "00000000000000a-00", ["a", "b"], 7])
@pytest.mark.usefixtures("first")
def test_a_report_with_a_job_that_is_none_is_passed_over(portal: Portal, ana: AccountKey, job: object) -> None:
    tags = {"practice": ["willow"], "account": [tokens.base64url_encode(ana)]}
    tags["job"] = job if isinstance(job, list) else [job]  # type: ignore[list-item]
    before = portal.at_rest()
    detail = {"eventType": "Bounce", "mail": {"messageId": "x", "tags": tags}, **HARD}
    portal.handle_event("MailEvents", {"detail": detail})
    assert portal.at_rest() == before
