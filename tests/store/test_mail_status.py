"""Tests of the mail status under reports and workers that write at one moment."""

from collections.abc import Callable
from functools import partial

from latchkey.rules.events import Event, EventKind
from latchkey.rules.mail import MailJob, MailReport, MailStatus
from latchkey.store import accounts, mail_status
from tests.kit.clock import NOON
from tests.store.flows import ask, at_once, on_file

WRITERS = 8


def reported(job: MailJob, status: MailStatus) -> bool:
    """Apply a report about the letter of a job, with its audit row if the letter failed. Return True if it is new."""
    report = MailReport("m", job.practice, job.account_key, status, NOON, suppresses=False, sequence=job.sequence)
    failed = Event(job.practice, job.account_key, EventKind.LINK_FAILED, job.requested_at_ms, "system", status)
    return mail_status.apply_report(report, NOON, failed if status == "bounced" else None)


def test_of_reports_at_one_moment_the_last_word_is_that_about_the_newest_mail() -> None:
    """B66"""
    account = on_file()
    older, newer = ask(account), ask(account, NOON * 1000 + 1)
    mail_status.write(account.key, "sent", NOON, sequence=older.sequence)
    acts: list[Callable[[], object]] = [
        partial(reported, older, "bounced"),
        partial(reported, newer, "delayed"),
        partial(reported, newer, "delivered"),
        partial(mail_status.write, account.key, "sent", NOON, "m", sequence=newer.sequence),
    ]

    outcomes = at_once(*acts * WRITERS)

    stored = accounts.find(account.key)
    assert stored is not None
    assert (stored.email_status, stored.mail_sequence) == ("delivered", newer.sequence)
    assert outcomes[2::4].count(True) == 1
    assert outcomes[0::4].count(True) <= 1


def test_a_mail_that_was_not_queued_gives_back_the_status_before_unless_a_newer_one_is_known() -> None:
    account = on_file()
    jobs = [ask(account, NOON * 1000 + number) for number in range(3)]
    mail_status.write(account.key, "delivered", NOON, sequence=jobs[0].sequence)
    read = accounts.find(account.key)
    assert read is not None
    mail_status.write(account.key, "queued", NOON, sequence=jobs[1].sequence)

    mail_status.withdraw(read, jobs[1].sequence, NOON + 1)
    assert (found := accounts.find(account.key))
    assert (found.email_status, found.mail_sequence) == ("delivered", jobs[0].sequence)

    mail_status.write(account.key, "queued", NOON, sequence=jobs[2].sequence)
    mail_status.withdraw(read, jobs[1].sequence, NOON + 1)
    assert (found := accounts.find(account.key))
    assert found.email_status == "queued"


def test_a_status_of_an_older_mail_replaces_no_newer_one() -> None:
    account = on_file()
    older, newer = ask(account), ask(account, NOON * 1000 + 1)
    mail_status.write(account.key, "sent", NOON, sequence=newer.sequence)
    mail_status.write(account.key, "rejected", NOON, sequence=older.sequence)
    assert (found := accounts.find(account.key))
    assert found.email_status == "sent"
