"""Events that leave the service: which audit rows become one, and what it says. It holds ids and no personal data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from latchkey.rules.accounts import Account
from latchkey.rules.events import EventKind
from latchkey.rules.times import Millis

type PublishedKind = Literal["first_sign_in", "access_ended", "profile_revoked", "client_erased", "mail_bounced"]
PUBLISHED_KINDS: tuple[PublishedKind, ...] = get_args(PublishedKind.__value__)

KIND_BY_AUDIT: Mapping[EventKind, PublishedKind] = {
    EventKind.SESSION_STARTED: "first_sign_in",
    EventKind.ACCESS_DISABLED: "access_ended",
    EventKind.PROFILE_REVOKED: "profile_revoked",
    EventKind.CLIENT_ERASED: "client_erased",
    EventKind.LINK_FAILED: "mail_bounced",
}
"""The kinds of audit rows that may be published. The filter of the stream in the template names the same."""
BOUNCED = "bounced"
"""The reason of a `link_failed` row about a mail that came back."""
ULID_LENGTH = 26


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An audit row as the stream delivers it."""

    id: str
    """ULID."""
    practice: str
    subject_key: bytes
    kind: EventKind
    at_ms: Millis
    reason: str | None = None

    @property
    def client(self) -> str | None:
        """The client that the row is about. None if it is about an account."""
        if len(self.subject_key) != ULID_LENGTH:
            return None
        return self.subject_key.decode("ascii", "replace")


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event for other systems."""

    id: str
    """ULID of the audit row, the same in every repetition."""
    kind: PublishedKind
    practice: str
    at_ms: Millis
    account: str | None = None
    """ULID of the account, as in session documents."""
    client: str | None = None
    """ULID of the client whom it is about."""
    contact: str | None = None
    """ULID of the contact who lost the profile."""


def needs_account(row: AuditRow) -> bool:
    """Return True if the row is about an account, whose ids the event needs."""
    if row.kind not in KIND_BY_AUDIT or row.client is not None:
        return False
    return row.kind is not EventKind.LINK_FAILED or row.reason == BOUNCED


def event_of(row: AuditRow, account: Account | None) -> PublishedEvent | None:
    """Return the event of an audit row, or None for a row that is not published.

    `account` is the account that the row is about, as it is now. A sign-in is the first one if the account's first
    sign-in has the row's second.
    """
    kind = KIND_BY_AUDIT.get(row.kind)
    if kind is None or (row.client is None and account is None):
        return None
    if kind == "first_sign_in" and (account is None or account.first_sign_in_at != row.at_ms // 1000):
        return None
    if kind == "mail_bounced" and row.reason != BOUNCED:
        return None
    client, contact = row.client, None
    if kind == "profile_revoked":
        # Removing a contact writes a row about the client, whose reason is the contact. Ending a contact's access
        # writes a row about the account, whose reason is the client.
        client, contact = (row.client, row.reason) if row.client else (row.reason, None)
    elif account:
        client = account.owner
    return PublishedEvent(row.id, kind, row.practice, row.at_ms, account.id if account else None, client, contact)


def document(event: PublishedEvent, timestamp: str) -> dict[str, object]:
    """Return the event as other systems read it. `timestamp` is its time in RFC 3339."""
    ids = {"account": event.account, "client": event.client, "contact": event.contact}
    data = {"practice": event.practice, **{name: value for name, value in ids.items() if value}}
    return {"type": event.kind, "timestamp": timestamp, "data": data}
