"""Tests of the link in a letter, and of what is written down before and after SES takes it."""

import pytest

from latchkey import tokens
from latchkey.mail import ses
from latchkey.mail.letters import Letter
from latchkey.rules.events import Event
from latchkey.store import events
from tests.functions.send_mail.sent_letters import copies, noted
from tests.kit.browser import Browser
from tests.kit.clock import DAY, HOUR, NOON
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, key_of


def tags_of(account: bytes) -> dict[str, list[str]]:
    """Return the tags of SES reports about a letter to this account."""
    return {"practice": ["willow"], "account": [tokens.base64url_encode(account)]}


def test_a_letter_that_was_sent_is_written_down_for_the_clinician(portal: Portal, ana: bytes) -> None:
    """B66"""
    portal.now += 5
    portal.work(body_of(a_job(ana, NOON)))

    seen = noted(portal, ana)
    assert seen.pop("message_id")
    assert seen == {"email_status": "sent", "email_status_at": str(NOON + 5)}
    (row,) = portal.at_rest()["Events"]
    assert (row["kind"]["S"], row["actor"]["S"]) == ("link_sent", "system")


def test_a_delivery_that_is_reported_at_once_is_seen(
    portal: Portal, ana: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B66: SES can report a delivery before the worker has finished."""
    hand_over, write, used = ses.send, events.append, []

    def send(letter: Letter, tags: dict[str, str]) -> str:
        used.append(hand_over(letter, tags))
        return used[-1]

    def add(event: Event) -> None:
        mail = {"messageId": used[-1], "tags": tags_of(ana)}
        portal.handle_event("MailEvents", {"detail": {"eventType": "Delivery", "mail": mail}})
        write(event)

    monkeypatch.setattr(ses, "send", send)
    monkeypatch.setattr(events, "append", add)
    portal.work(body_of(a_job(ana, NOON)))

    assert noted(portal, ana)["email_status"] == "delivered"
    assert portal.audit() == [("link_sent", None)]


def test_a_letter_without_its_audit_row_is_audited_when_its_mail_job_is_redelivered(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    portal.aws.refuse("PutItem", "InternalServerError")
    portal.work(body_of(a_job(ana, NOON)))
    assert portal.audit() == []

    (copy,) = copies(portal)
    assert portal.work(copy["MessageBody"]) == []

    assert portal.audit() == [("link_sent", None)]
    first, second = portal.letters
    assert first.path == second.path
    assert browser.post(second.path).location == "/willow/home"


def test_the_link_is_stored_before_the_letter_is_sent(portal: Portal, ana: bytes) -> None:
    portal.work(body_of(a_job(ana, NOON)))

    operations = portal.aws.operations()
    stored = next(
        number
        for number, (operation, fields) in enumerate(portal.aws.calls)
        if operation == "UpdateItem" and fields["TableName"] == "Links"
    )
    assert stored < operations.index("SendEmail")


def test_when_the_link_cannot_be_stored_no_letter_is_sent(portal: Portal, browser: Browser, ana: bytes) -> None:
    portal.aws.refuse("UpdateItem", "InternalServerError")
    job = body_of(a_job(ana, NOON))

    assert portal.work(job) == []
    assert portal.letters == []

    (copy,) = copies(portal)
    assert portal.work(copy["MessageBody"]) == []
    assert browser.post(portal.letters[0].path).location == "/willow/home"


def test_a_letters_link_lives_a_day_from_when_it_was_made(portal: Portal, browser: Browser, ana: bytes) -> None:
    portal.now += 3 * HOUR
    portal.work(body_of(a_job(ana, NOON)))

    portal.now += DAY - 1
    assert browser.get(portal.letters[0].path).status == 200
    portal.now += 1
    assert browser.get(portal.letters[0].path).status == 410


def test_a_message_that_comes_twice_sends_the_same_link_twice(portal: Portal, browser: Browser, ana: bytes) -> None:
    job = body_of(a_job(ana, NOON))

    assert portal.work(job, job) == []

    first, second = portal.letters
    assert first.path == second.path
    assert browser.post(first.path).location == "/willow/home"


def test_a_message_that_is_redelivered_after_its_link_was_used_sends_nothing(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    job = body_of(a_job(ana, NOON))
    portal.work(job)
    browser.post(portal.letters[0].path)

    assert portal.work(job) == []

    assert len(portal.letters) == 1
    assert ("link_suppressed", "superseded") in portal.audit()
    assert portal.browser().post(portal.letters[0].path).status == 410


def test_the_newer_of_two_links_is_valid_in_either_order_of_delivery(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    """B35"""
    older, newer = body_of(a_job(ana, NOON)), body_of(a_job(ana, NOON + 60))

    assert portal.work(newer, older) == []

    (letter,) = portal.letters
    assert portal.audit() == [("link_sent", None), ("link_suppressed", "superseded")]
    assert browser.post(letter.path).location == "/willow/home"


def test_a_link_made_before_a_key_rotation_is_mailed_anew_as_it_was(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    job = body_of(a_job(ana, NOON))
    portal.work(job)
    portal.rotate("LinkKey")

    portal.work(job)
    portal.work(body_of(a_job(key_of(portal, "willow", "lee@example.com"), NOON)))

    assert portal.letters[0].path == portal.letters[1].path
    assert browser.post(portal.letters[1].path).location == "/willow/home"
    assert portal.browser().post(portal.letters[2].path).location == "/willow/home"
