"""The status of an account's newest mail. It is written as the mail is queued, sent and reported on."""

from collections.abc import Mapping
from dataclasses import replace

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from latchkey.rules import mail
from latchkey.rules.accounts import Account, AccountKey
from latchkey.rules.events import Event
from latchkey.rules.mail import MailReport
from latchkey.store import events
from latchkey.store.accounts import AccountItem, attention_actions, mail_actions, update_if
from latchkey.store.dynamodb import set_or_remove
from latchkey.tokens import base64url_encode


def with_newest(account: Account) -> Account:
    """Return an account with the status of its newest mail. `sent` may be in the audit only (docs/decisions/0036).

    This takes one query if no report about that mail has come yet, else no call.
    """
    if account.newer_link_sequence is None:
        return account
    sent_at_ms = events.sent_at_ms(account.practice, account.key, account.newer_link_sequence)
    return account if sent_at_ms is None else replace(account, email_status="sent", email_status_at=sent_at_ms // 1000)


def with_newest_of_each(accounts_by_key: Mapping[AccountKey, Account]) -> dict[AccountKey, Account]:
    """Return accounts with the status of the newest mail of each, as `with_newest` does."""
    return {key: with_newest(account) for key, account in accounts_by_key.items()}


def write(
    account_key: AccountKey, status: str, now: int, message_id: str | None = None, *, sequence: str | None = None
) -> None:
    """Write the status of a mail, a `MailStatus` that it has since `now` (Unix seconds).

    `sequence` is that of the mail's job. Nothing changes if the account has the status of a newer mail, or a report
    about this one.
    """
    actions, known = mail_actions(status, now, message_id), AccountItem.mail_sequence
    if sequence is None:
        AccountItem(base64url_encode(account_key)).upsert(actions, condition=AccountItem.key.exists())
        return
    is_reported = AccountItem.email_status.is_in(*mail.REPORTED_STATUSES)
    is_newest = known.does_not_exist() | (known < sequence) | ((known == sequence) & ~is_reported)
    update_if(account_key, [*actions, known.set(sequence)], AccountItem.key.exists() & is_newest, None)


def withdraw(account: Account, sequence: str, now: int) -> None:
    """Write the mail status that the account had when it was read, because the job of `sequence` was not queued."""
    actions = [
        *mail_actions(account.email_status, now),
        set_or_remove(AccountItem.mail_sequence, account.mail_sequence),
    ]
    update_if(account.key, actions, AccountItem.mail_sequence == sequence, None)


def apply_report(report: MailReport, now: int, audit_event: Event | None = None) -> bool:
    """Write what SES reports about a mail, with its audit row if there is one. Return False if nothing is new.

    Nothing is new if there is no such account, or a later mail or report was written before. A hard bounce or complaint
    suppresses the address, also when it is about an older mail. It does not if a clinician confirmed the address after
    that mail was sent.
    """
    # Reports arrive late, twice and out of order: status only moves forward, and never from a newer mail to an older.
    # Suppression ignores which mail it was: a bounce of an older mail still means that the address is dead.
    # Each way is one write with its audit row. Half a write would make the redelivered report look old.
    seen: list[Action] = [AccountItem.email_status.set(report.status), AccountItem.email_status_at.set(now)]
    if report.sequence:
        seen.append(AccountItem.mail_sequence.set(report.sequence))
    status, is_newest = seen, _is_by_newest_job(report) if report.sequence else _is_by_last_message(report)
    suppression: list[Action] = [AccountItem.suppressed.set(True), AccountItem.revision.add(1)]
    if report.bounce_reason:
        bounce: list[Action] = [AccountItem.bounced_at.set(now), AccountItem.bounce_reason.set(report.bounce_reason)]
        bounce += attention_actions("bounced", now)
        status, suppression = [*status, *bounce], [*suppression, *bounce]
    may_suppress = (
        (AccountItem.practice == report.practice)
        & ~AccountItem.suppressed.is_in(True)
        & (AccountItem.confirmed_at.does_not_exist() | (AccountItem.confirmed_at <= report.sent_at))
    )
    ways: list[tuple[list[Action], Condition]] = [(status, is_newest)]
    if report.suppresses:
        ways = [([*suppression, *seen], may_suppress & is_newest), (suppression, may_suppress), *ways]
    return any(update_if(report.account_key, actions, condition, audit_event) for actions, condition in ways)


def _is_by_newest_job(report: MailReport) -> Condition:
    """Return the condition that the account knows neither a later mail nor a later status of this mail.

    A clinician who confirms an address sets *none*. No report about an earlier mail replaces that.
    """
    known = AccountItem.mail_sequence
    before = AccountItem.email_status.is_in(*mail.statuses_before(report.status)[1:])
    is_newer = known.does_not_exist() | (known < report.sequence)
    condition: Condition = (AccountItem.key.exists() & is_newer) | ((known == report.sequence) & before)
    return condition


def _is_by_last_message(report: MailReport) -> Condition:
    """Return the same condition for a report of a mail whose job is not known: a mail of the version before."""
    before = AccountItem.email_status.is_in(*mail.statuses_before(report.status))
    condition: Condition = (AccountItem.message_id == report.message_id) & before
    return condition
