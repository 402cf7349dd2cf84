"""Accounts: who may sign in. Read consistently, because what they say decides."""

from collections.abc import Iterable
from typing import Any, cast

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import keys, settings
from latchkey.rules import mails
from latchkey.rules.accounts import Account, Kind, OpenSession, Profile, Status
from latchkey.rules.mails import Report
from latchkey.rules.practices import known
from latchkey.store.tables import Table, set_or_remove, unmet
from latchkey.tokens import account_key, decode, encode


class ProfileItem(MapAttribute[str, Any]):
    """A profile that the account opens."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    kind = UnicodeAttribute()
    features = UnicodeSetAttribute(null=True)


class OpenSessionItem(MapAttribute[str, Any]):
    """A session that the account has open."""

    digest = UnicodeAttribute()
    started_at = NumberAttribute()


class AccountItem(Table):
    """An account at rest."""

    class Meta:
        table_name = settings.load().accounts_table

    key = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute()
    practice = UnicodeAttribute()
    address = UnicodeAttribute()
    name = UnicodeAttribute()
    language = UnicodeAttribute()
    status = UnicodeAttribute()
    epoch = NumberAttribute()
    email_ok = BooleanAttribute()
    suppressed = BooleanAttribute(default=False)
    owner = UnicodeAttribute(null=True)
    google = UnicodeAttribute(null=True)
    ended_at = NumberAttribute(null=True)
    profiles = ListAttribute(of=ProfileItem)
    sessions = ListAttribute(of=OpenSessionItem, default=list)
    revision = NumberAttribute(default=0)
    first_sign_in_at = NumberAttribute(null=True)
    last_sign_in_at = NumberAttribute(null=True)
    email_status = UnicodeAttribute(null=True)
    email_status_at = NumberAttribute(null=True)
    message_id = UnicodeAttribute(null=True)

    def account(self) -> Account:
        """The account as rules know it."""
        return Account(
            key=decode(self.key) or b"",
            id=self.id,
            practice=self.practice,
            address=self.address,
            name=self.name,
            language=known(self.language),
            status=Status(self.status),
            epoch=int(self.epoch),
            email_ok=self.email_ok,
            suppressed=self.suppressed,
            owner=self.owner,
            google=self.google,
            ended_at=_whole(self.ended_at),
            profiles=tuple(
                Profile(p.id, p.name, cast("Kind", p.kind), frozenset(p.features or ())) for p in self.profiles
            ),
            sessions=tuple(OpenSession(s.digest, int(s.started_at)) for s in self.sessions),
            revision=int(self.revision),
            first_sign_in_at=_whole(self.first_sign_in_at),
            last_sign_in_at=_whole(self.last_sign_in_at),
            email_status=self.email_status or "none",
            email_status_at=_whole(self.email_status_at),
        )


def key_of(practice: str, address: str) -> bytes:
    """Where the account of a canonical address is kept.

    :raises Unavailable: the key for it cannot be read.
    """
    return account_key(keys.lookup(), practice, address)


def find(account: bytes) -> Account | None:
    """The account kept there, or None."""
    try:
        return AccountItem.get(encode(account), consistent_read=True).account()
    except AccountItem.DoesNotExist:
        return None


def find_all(accounts: Iterable[bytes]) -> dict[bytes, Account]:
    """The accounts kept there, by key; those that do not exist are left out."""
    found = AccountItem.batch_get([encode(account) for account in accounts], consistent_read=True)
    return {account.key: account for account in (item.account() for item in found)}


def save(account: Account) -> None:
    """Create or replace an account, whatever was there."""
    AccountItem(encode(account.key)).write([*_changed(account), AccountItem.revision.set(account.revision)])


def write_to(transaction: TransactWrite, account: Account) -> None:
    """Write an account as a clinician's decision left it, if nobody has signed in or decided since it was read."""
    unchanged = AccountItem.revision == account.revision
    new = AccountItem.key.does_not_exist() if account.revision == 0 else None
    transaction.update(
        AccountItem(encode(account.key)),
        [*_changed(account), AccountItem.revision.set(account.revision + 1)],
        condition=(new | unchanged) if new is not None else unchanged,
    )


def _changed(account: Account) -> list[Action]:
    """Everything but what mail events write."""
    profiles = [
        ProfileItem(id=p.id, name=p.name, kind=p.kind, features=set(p.features) or None) for p in account.profiles
    ]
    sessions = [OpenSessionItem(digest=s.digest, started_at=s.started_at) for s in account.sessions]
    return [
        AccountItem.id.set(account.id),
        AccountItem.practice.set(account.practice),
        AccountItem.address.set(account.address),
        AccountItem.name.set(account.name),
        AccountItem.language.set(account.language),
        AccountItem.status.set(account.status),
        AccountItem.epoch.set(account.epoch),
        AccountItem.email_ok.set(account.email_ok),
        AccountItem.suppressed.set(account.suppressed),
        AccountItem.profiles.set(profiles),
        AccountItem.sessions.set(sessions),
        set_or_remove(AccountItem.owner, account.owner),
        set_or_remove(AccountItem.google, account.google),
        set_or_remove(AccountItem.ended_at, account.ended_at),
        set_or_remove(AccountItem.first_sign_in_at, account.first_sign_in_at),
        set_or_remove(AccountItem.last_sign_in_at, account.last_sign_in_at),
    ]


def note_mail(account: bytes, status: str, now: int, message_id: str | None = None) -> None:
    """Note what became of the newest mail, for the clinician to see.

    `status` is one of the names of `email_status` in the contract.
    """
    AccountItem(encode(account)).write(
        [
            AccountItem.email_status.set(status),
            AccountItem.email_status_at.set(now),
            AccountItem.message_id.set(message_id) if message_id else AccountItem.message_id.remove(),
        ],
        condition=AccountItem.key.exists(),
    )


def note_report(report: Report, now: int) -> bool:
    """Note what a mail system reports; False if there is no such account, a later mail or report has overtaken it, or
    it says nothing new.

    An address that stops is stopped, whichever of its mails the report is about.
    """
    stopped = report.stops and _changes(
        report.account,
        [AccountItem.suppressed.set(True), AccountItem.revision.add(1)],
        (AccountItem.practice == report.practice) & ~AccountItem.suppressed.is_in(True),
    )
    noted = _changes(
        report.account,
        [AccountItem.email_status.set(report.status), AccountItem.email_status_at.set(now)],
        (AccountItem.message_id == report.message) & AccountItem.email_status.is_in(*mails.earlier(report.status)),
    )
    return stopped or noted


def _changes(account: bytes, actions: list[Action], condition: Condition) -> bool:
    try:
        AccountItem(encode(account)).write(actions, condition=condition)
    except UpdateError as error:
        if unmet(error):
            return False
        raise
    return True


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
