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
from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import keys, settings
from latchkey.rules import mail
from latchkey.rules.accounts import Account, AccountStatus, Profile, ProfileKind, SessionRef
from latchkey.rules.events import Event
from latchkey.rules.languages import language_or_default
from latchkey.rules.mail import MailReport
from latchkey.rules.providers import PROVIDER_NAMES, ProviderName
from latchkey.store import events
from latchkey.store.dynamodb import Table, condition_failed, connection, set_or_remove, transaction_condition_failed
from latchkey.tokens import account_key, base64url_decode, base64url_encode


class ProfileItem(MapAttribute[str, Any]):
    """A profile that the account opens."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    kind = UnicodeAttribute()
    features = UnicodeSetAttribute(null=True)


class SessionRefItem(MapAttribute[str, Any]):
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
    confirmed_at = NumberAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    # the identity that is linked at a provider, in an attribute with the provider's name
    for provider in PROVIDER_NAMES:
        vars()[provider] = UnicodeAttribute(null=True)
    del provider
    ended_at = NumberAttribute(null=True)
    profiles = ListAttribute(of=ProfileItem)
    sessions = ListAttribute(of=SessionRefItem, default=list)
    revision = NumberAttribute(default=0)
    first_sign_in_at = NumberAttribute(null=True)
    last_sign_in_at = NumberAttribute(null=True)
    email_status = UnicodeAttribute(null=True)
    email_status_at = NumberAttribute(null=True)
    message_id = UnicodeAttribute(null=True)

    def account(self) -> Account:
        """The account as rules know it."""
        return Account(
            key=base64url_decode(self.key) or b"",
            id=self.id,
            practice=self.practice,
            address=self.address,
            name=self.name,
            language=language_or_default(self.language),
            status=AccountStatus(self.status),
            epoch=int(self.epoch),
            email_ok=self.email_ok,
            suppressed=self.suppressed,
            confirmed_at=_int_or_none(self.confirmed_at),
            owner=self.owner,
            identities={name: subject for name in PROVIDER_NAMES if (subject := getattr(self, name))},
            ended_at=_int_or_none(self.ended_at),
            profiles=tuple(
                Profile(p.id, p.name, cast("ProfileKind", p.kind), frozenset(p.features or ())) for p in self.profiles
            ),
            sessions=tuple(SessionRef(s.digest, int(s.started_at)) for s in self.sessions),
            revision=int(self.revision),
            first_sign_in_at=_int_or_none(self.first_sign_in_at),
            last_sign_in_at=_int_or_none(self.last_sign_in_at),
            email_status=self.email_status or "none",
            email_status_at=_int_or_none(self.email_status_at),
        )


def identity_attribute(provider: ProviderName) -> UnicodeAttribute:
    """Return the attribute of an account that holds the digest of its identity at a provider."""
    attribute: UnicodeAttribute = getattr(AccountItem, provider)
    return attribute


def key_of(practice: str, address: str) -> bytes:
    """Where the account of a canonical address is kept.

    :raises Unavailable: the key for it cannot be read.
    """
    return account_key(keys.lookup(), practice, address)


def find(account: bytes) -> Account | None:
    """The account kept there, or None."""
    try:
        return AccountItem.get(base64url_encode(account), consistent_read=True).account()
    except AccountItem.DoesNotExist:
        return None


def find_all(accounts: Iterable[bytes]) -> dict[bytes, Account]:
    """The accounts kept there, by key; those that do not exist are left out."""
    found = AccountItem.batch_get([base64url_encode(account) for account in accounts], consistent_read=True)
    return {account.key: account for account in (item.account() for item in found)}


def save(account: Account) -> None:
    """Create or replace an account, whatever was there."""
    AccountItem(base64url_encode(account.key)).upsert(
        [*_update_actions(account), AccountItem.revision.set(account.revision)]
    )


def update_in(transaction: TransactWrite, account: Account, before: Account | None) -> None:
    """Write an account as a clinician's decision left it, if nobody has signed in or decided since it was read as
    `before`. What became of the newest mail is touched only where the decision says something else of it."""
    unchanged = AccountItem.revision == account.revision
    new = AccountItem.key.does_not_exist() if account.revision == 0 else None
    mail = [] if before is None or before.email_status == account.email_status else _mail(account.email_status, None)
    transaction.update(
        AccountItem(base64url_encode(account.key)),
        [*_update_actions(account), *mail, AccountItem.revision.set(account.revision + 1)],
        condition=(new | unchanged) if new is not None else unchanged,
    )


def _update_actions(account: Account) -> list[Action]:
    """Everything but what mail events write."""
    profiles = [
        ProfileItem(id=p.id, name=p.name, kind=p.kind, features=set(p.features) or None) for p in account.profiles
    ]
    sessions = [SessionRefItem(digest=s.digest, started_at=s.started_at) for s in account.sessions]
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
        set_or_remove(AccountItem.confirmed_at, account.confirmed_at),
        set_or_remove(AccountItem.owner, account.owner),
        *(set_or_remove(identity_attribute(name), account.identities.get(name)) for name in PROVIDER_NAMES),
        set_or_remove(AccountItem.ended_at, account.ended_at),
        set_or_remove(AccountItem.first_sign_in_at, account.first_sign_in_at),
        set_or_remove(AccountItem.last_sign_in_at, account.last_sign_in_at),
    ]


def _mail(status: str, at: int | None, message_id: str | None = None) -> list[Action]:
    return [
        AccountItem.email_status.set(status),
        set_or_remove(AccountItem.email_status_at, at),
        set_or_remove(AccountItem.message_id, message_id or None),
    ]


def set_mail_status(account: bytes, status: str, now: int, message_id: str | None = None) -> None:
    """Note what became of the newest mail, for the clinician to see.

    `status` is one of the names of `email_status` in the contract.
    """
    AccountItem(base64url_encode(account)).upsert(_mail(status, now, message_id), condition=AccountItem.key.exists())


def apply_report(report: MailReport, now: int, row: Event | None = None) -> bool:
    """Note what a mail system reports, together with its row of the audit if it has one. False, and no row, if there is
    no such account, a later mail or report has overtaken it, or it says nothing new.

    An address that stops is stopped, whichever of its mails the report is about, unless it was confirmed after that.
    """
    shown: list[Action] = [AccountItem.email_status.set(report.status), AccountItem.email_status_at.set(now)]
    newest = (AccountItem.message_id == report.message_id) & AccountItem.email_status.is_in(
        *mail.statuses_before(report.status)
    )
    stopped: list[Action] = [AccountItem.suppressed.set(True), AccountItem.revision.add(1)]
    goes = (
        (AccountItem.practice == report.practice)
        & ~AccountItem.suppressed.is_in(True)
        & (AccountItem.confirmed_at.does_not_exist() | (AccountItem.confirmed_at <= report.sent_at))
    )
    # each is all that is new, or nothing: what comes again after half of it would find nothing new, and write no row
    ways: list[tuple[list[Action], Condition]] = [(shown, newest)]
    if report.suppresses:
        ways = [([*stopped, *shown], goes & newest), (stopped, goes), *ways]
    return any(_changes(report.account_key, actions, condition, row) for actions, condition in ways)


def _changes(account: bytes, actions: list[Action], condition: Condition, row: Event | None) -> bool:
    item = AccountItem(base64url_encode(account))
    try:
        if row is None:
            item.upsert(actions, condition=condition)
        else:
            with TransactWrite(connection=connection) as transaction:
                transaction.update(item, actions, condition=condition)
                events.append_in(transaction, row)
    except UpdateError as error:
        if condition_failed(error):
            return False
        raise
    except TransactWriteError as error:
        if transaction_condition_failed(error):
            return False
        raise
    return True


def _int_or_none(number: float | None) -> int | None:
    return None if number is None else int(number)
