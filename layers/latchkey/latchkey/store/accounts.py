"""Accounts: who may sign in. Read consistently, because what they say decides."""

from typing import Any, cast

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from latchkey import keys, settings
from latchkey.rules.accounts import Account, Kind, OpenSession, Profile, Status
from latchkey.rules.practices import Language
from latchkey.store.tables import Table
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
            language=cast(Language, self.language),
            status=Status(self.status),
            epoch=int(self.epoch),
            email_ok=self.email_ok,
            suppressed=self.suppressed,
            profiles=tuple(Profile(p.id, p.name, cast(Kind, p.kind), frozenset(p.features or ())) for p in self.profiles),
            sessions=tuple(OpenSession(s.digest, int(s.started_at)) for s in self.sessions),
            revision=int(self.revision),
            first_sign_in_at=_whole(self.first_sign_in_at),
            last_sign_in_at=_whole(self.last_sign_in_at),
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


def save(account: Account) -> None:
    """Create or replace an account."""
    AccountItem(
        encode(account.key),
        id=account.id,
        practice=account.practice,
        address=account.address,
        name=account.name,
        language=account.language,
        status=account.status,
        epoch=account.epoch,
        email_ok=account.email_ok,
        suppressed=account.suppressed,
        profiles=[
            ProfileItem(id=p.id, name=p.name, kind=p.kind, features=set(p.features) or None) for p in account.profiles
        ],
        sessions=[OpenSessionItem(digest=s.digest, started_at=s.started_at) for s in account.sessions],
        revision=account.revision,
        first_sign_in_at=account.first_sign_in_at,
        last_sign_in_at=account.last_sign_in_at,
    ).save()


def note_mail(account: bytes, status: str, now: int, message_id: str | None = None) -> None:
    """Note what became of the newest mail, for the clinician to see.

    `status` is one of the names of `email_status` in the contract.
    """
    AccountItem(encode(account)).update(
        [
            AccountItem.email_status.set(status),
            AccountItem.email_status_at.set(now),
            AccountItem.message_id.set(message_id) if message_id else AccountItem.message_id.remove(),
        ],
        condition=AccountItem.key.exists(),
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
