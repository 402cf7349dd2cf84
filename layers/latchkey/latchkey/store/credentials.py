"""Credentials: one item for each account, with its newest link, its sessions, its devices and its last sign-in.

Clinicians never write this item, so their changes and sign-ins do not conflict. Access is in the account. A link or a
session works only while its epoch is the account's, so readers of this item read the account too.
"""

from collections.abc import Iterator
from typing import Any

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import settings
from latchkey.rules import links
from latchkey.rules.accounts import Account, AccountKey, SessionRef
from latchkey.rules.devices import MAX_DEVICES, AppDevice
from latchkey.rules.languages import language_of
from latchkey.rules.links import Link
from latchkey.rules.mail import REQUESTED_AT_DIGITS
from latchkey.rules.sessions import ABSOLUTE_TIMEOUT_SECONDS, IDLE_TIMEOUT_SECONDS, MAX_SESSIONS, Session, SessionPlace
from latchkey.store.dynamodb import IntegerAttribute, Map, Table
from latchkey.store.records import to_attributes, to_record
from latchkey.tokens import base64url_encode

LIVE, USED = "live", "used"
NEVER = 253402300799
"""The end of the year 9999. An item with a last sign-in stays as long as its account, because clinicians read it."""
SLOTS = tuple(f"session_{number}" for number in range(MAX_SESSIONS))
"""The attributes that hold sessions, one each. A new session takes an empty one, or that of a dead session."""
DEVICE_SLOTS = tuple(f"device_{number}" for number in range(MAX_DEVICES))
"""The attributes that hold devices, one each, with the session of the device's app. They follow those of `SLOTS`."""
ALL_SLOTS = (*SLOTS, *DEVICE_SLOTS)
SESSION_PROJECTION = ("account", *ALL_SLOTS, "last_sign_in_at", "signed_in_as")
"""The attributes that are read to check a session. The link is none of them."""


IN_THE_KEY = ("slot", "practice", "account_key")
"""Fields of a session that are not stored in its attribute: the account and the slot's name give them."""


class SessionItem(Map):
    """A session. It holds the digest of its cookie, so the cookie cannot be made from the table."""

    digest = UnicodeAttribute()
    epoch = IntegerAttribute()
    session_epoch = IntegerAttribute(default=0)
    method = UnicodeAttribute()
    started_at = IntegerAttribute()
    last_active_at = IntegerAttribute(attr_name="seen_at")
    profile = UnicodeAttribute(null=True)
    profile_grant = UnicodeAttribute(null=True)
    welcome_pending = BooleanAttribute(attr_name="first", default=False)
    previous_sign_in_at = IntegerAttribute(attr_name="previous", null=True)


class DeviceItem(SessionItem):
    """A device with the session of its app. Without the device there is no session."""

    device = UnicodeAttribute()
    name = UnicodeAttribute()
    family = UnicodeAttribute()
    token = UnicodeAttribute()
    signed_in_at = IntegerAttribute()


class CredentialsItem(Table):
    """The newest link, the sessions, the devices and the last sign-in of an account."""

    class Meta:
        table_name = settings.load().links_table

    account_key = UnicodeAttribute(attr_name="account", hash_key=True)
    job_id = BinaryAttribute(attr_name="request", legacy_encoding=False, null=True)
    digest = UnicodeAttribute(null=True)
    sequence = UnicodeAttribute(null=True)
    epoch = IntegerAttribute(null=True)
    state = UnicodeAttribute(null=True)
    used_by = UnicodeAttribute(null=True)
    expires_at = IntegerAttribute(null=True)
    letter_language = UnicodeAttribute(null=True)
    for name in SLOTS:
        vars()[name] = SessionItem(null=True)
    for name in DEVICE_SLOTS:
        vars()[name] = DeviceItem(null=True)
    del name
    last_sign_in_at = IntegerAttribute(null=True)
    signed_in_as = UnicodeAttribute(null=True)
    """The id of the account that signed in last. The next person with the same address has another id."""
    retained_until = IntegerAttribute(null=True)
    sweep_at = IntegerAttribute()

    def link(self) -> Link | None:
        """Return the link as a value, None if there is none."""
        if not self.sequence:
            return None
        return to_record(
            Link,
            self,
            state="live" if self.state == LIVE else "used",
            requested_at=int(self.sequence[:REQUESTED_AT_DIGITS]) // 1000,
            letter_language=language_of(self.letter_language),
        )

    def sessions(self, account: Account) -> Iterator[Session]:
        """Yield the stored sessions of this account, dead ones too."""
        for number, name in enumerate(ALL_SLOTS):
            if stored := self.attribute_values.get(name):
                yield to_record(Session, stored, slot=number, practice=account.practice, account_key=account.key)

    def devices(self, account: Account) -> Iterator[AppDevice]:
        """Yield the stored devices of this account, dead ones too."""
        for session in self.sessions(account):
            if session.device:
                stored = getattr(self, ALL_SLOTS[session.slot])
                yield to_record(AppDevice, stored, id=session.device, session=session)

    def session_refs(self, account: Account) -> tuple[SessionRef, ...]:
        """Return the sessions that the account has not ended, oldest first."""
        current = (session for session in self.sessions(account) if session.belongs_to(account))
        refs = (SessionRef(session.digest, session.started_at, session.slot) for session in current)
        return tuple(sorted(refs, key=lambda ref: ref.started_at))


def item_of(session: Session) -> CredentialsItem:
    """Return the item that holds a session, without its attributes, for a write."""
    return CredentialsItem(base64url_encode(session.account_key))


def slot(number: int) -> Any:
    """Return the attribute of a slot, for an expression. The session's attributes are inside it."""
    return getattr(CredentialsItem, ALL_SLOTS[number])


def holds(session: Session) -> Condition:
    """Return the condition that a session is still stored."""
    condition: Condition = slot(session.slot).digest == session.digest
    return condition


def _is_free(number: int, account: Account, now: int) -> Condition:
    """Return the condition that a slot is empty, or that its session is dead. `now` is Unix seconds."""
    stored = slot(number)
    condition: Condition = (
        stored.does_not_exist()
        | (stored.started_at <= now - ABSOLUTE_TIMEOUT_SECONDS)
        | (stored.last_active_at <= now - IDLE_TIMEOUT_SECONDS)
        | (stored.epoch != account.epoch)
        | (stored.session_epoch != account.session_epoch)
    )
    return condition


def sign_in_write(session: Session, account: Account, place: SessionPlace) -> tuple[list[Action], Condition]:
    """Return the actions that store a new session and the sign-in, and the condition that its slot is unchanged."""
    condition: Condition = (
        slot(place.slot).digest == place.digest if place.digest else _is_free(place.slot, account, session.started_at)
    )
    stored = SessionItem(**to_attributes(session, leave_out=(*IN_THE_KEY, "device")))
    actions = [
        slot(session.slot).set(stored),
        CredentialsItem.last_sign_in_at.set(session.started_at),
        CredentialsItem.signed_in_as.set(account.id),
        CredentialsItem.retained_until.set(NEVER),
        CredentialsItem.sweep_at.set(NEVER),
    ]
    return actions, condition


def device_action(device: AppDevice) -> Action:
    """Return the action that stores a device in the slot of its session."""
    of_session = to_attributes(device.session, leave_out=(*IN_THE_KEY, "device"))
    of_device = to_attributes(device, leave_out=("id", "session"))
    action: Action = slot(device.session.slot).set(DeviceItem(**of_session, **of_device, device=device.id))
    return action


def expire_in(transaction: TransactWrite, account_key: AccountKey, now: int) -> None:
    """Let an erased account's item expire, in the transaction that erases. `now` is Unix seconds.

    Devices have names that people gave them, so they are deleted at once.
    """
    devices = [getattr(CredentialsItem, name).remove() for name in DEVICE_SLOTS]
    transaction.update(
        CredentialsItem(base64url_encode(account_key)),
        [
            *devices,
            CredentialsItem.retained_until.remove(),
            CredentialsItem.sweep_at.set(now + links.KEEP_DEAD_SECONDS),
        ],
    )
