"""Tests of messages that are no mail jobs."""

import json
from typing import Any

import pytest

from latchkey.rules.mail import MAIL_KINDS
from tests.kit.clock import NOON
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, key_of


@pytest.mark.parametrize(
    "poison",
    [
        "not json",
        "",
        "null",
        "[]",
        "7",
        "{}",
        '{"practice": "willow"}',
        json.dumps({"practice": "willow", "account": "AAAA=", "request": "x", "epoch": 1, "kind": "sign_in"}),
    ],
)
def test_only_the_message_that_is_no_mail_job_is_redelivered(portal: Portal, ana: bytes, poison: str) -> None:
    lee = key_of(portal, "willow", "lee@example.com")

    assert portal.work(body_of(a_job(ana, NOON)), poison, body_of(a_job(lee, NOON))) == [1]

    assert [letter.to for letter in portal.letters] == [["ana@example.com"], ["lee@example.com"]]


@pytest.mark.parametrize(
    "change_",
    [
        {"kind": "pin"},
        {"kind": None},
        {"account": ""},
        {"account": 7},
        {"request": "="},
        {"epoch": "x"},
        {"asked_at": None},
    ],
    ids=str,
)
def test_a_mail_job_with_a_wrong_field_is_invalid(portal: Portal, ana: bytes, change_: dict[str, Any]) -> None:
    assert portal.work(json.dumps(json.loads(body_of(a_job(ana, NOON))) | change_)) == [0]
    assert portal.letters == []


def test_nothing_that_a_foreign_exception_says_is_written_down(portal: Portal, ana: bytes) -> None:
    portal.aws.raise_at("UpdateItem", ValueError("for canary@example.com"))

    assert portal.work("canary", body_of(a_job(ana, NOON))) == [0, 1]
    assert "canary" not in portal.log.getvalue()


def test_a_mail_job_of_a_newer_version_is_sent(portal: Portal, ana: bytes) -> None:
    assert portal.work(json.dumps(json.loads(body_of(a_job(ana, NOON))) | {"tomorrow": {"a": 1}})) == []

    assert len(portal.letters) == 1


NEWER = "pin_ended"
"""A kind of mail job that only a later version knows."""


def test_a_mail_job_of_an_unknown_kind_is_redelivered(portal: Portal, ana: bytes) -> None:
    """Any letter of this version would be wrong. The later version sends it, or the dead-letter queue's alarm tells."""
    before = portal.at_rest()
    body = json.dumps(json.loads(body_of(a_job(ana, NOON))) | {"kind": NEWER})

    assert portal.work(body, body_of(a_job(ana, NOON))) == [0]
    assert len(portal.letters) == 1
    assert portal.work(body) == [0]
    assert [row for row in portal.at_rest()["Events"] if row not in before["Events"] and NEWER in str(row)] == []


def test_a_kind_that_someone_adds_without_a_letter_sends_no_other_one(
    portal: Portal, ana: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latchkey.mail.queue.MAIL_KINDS", (*MAIL_KINDS, NEWER))
    body = json.dumps(json.loads(body_of(a_job(ana, NOON))) | {"kind": NEWER})

    assert portal.work(body) == [0]
    assert portal.letters == []


def test_a_mail_job_of_a_missing_practice_is_redelivered(portal: Portal, ana: bytes) -> None:
    portal.tables.delete_item(TableName="Practices", Key={"slug": {"S": "willow"}})

    assert portal.work(body_of(a_job(ana, NOON))) == [0]
    assert portal.letters == []


def test_the_worker_reads_the_machines_clock_where_nobody_tells_it_the_time(portal: Portal, ana: bytes) -> None:
    """SQS events do not contain the present time. By the machine's clock, NOON was long ago."""
    record = {"messageId": "0", "body": body_of(a_job(ana, NOON))}

    assert portal.invoke("SendMail", {"Records": [record]}, tell_time=False) == {"batchItemFailures": []}

    assert portal.audit() == [("link_suppressed", "late")]
