"""Audit events: the rows that clinicians and auditors read about sign-ins and changes of access."""

from dataclasses import dataclass
from enum import StrEnum

from latchkey.rules.machines import SUBJECT_PREFIX
from latchkey.rules.mail import MailKind, ServiceNoticeKind
from latchkey.rules.providers import PROVIDER_NAMES, ProviderName
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.rules.times import Millis

UNNAMED_ACTORS = frozenset(("client", "system"))
"""Actors of events that are not known by a `sub` or an id."""


def may_be_clinician(subject: str) -> bool:
    """Return True if a `sub` can stand for a clinician in the audit: it is not how another actor is written (B262)."""
    return subject not in UNNAMED_ACTORS and not subject.startswith(SUBJECT_PREFIX)


class EventKind(StrEnum):
    """A kind of event. Its value must stay the same, because stored events are never rewritten.

    Each provider has two kinds of its own: see `identity_refused` and `identity_unlinked`.
    """

    _ignore_ = "provider"
    LINK_REQUESTED = "link_requested"
    LINK_SUPPRESSED = "link_suppressed"
    LINK_SENT = "link_sent"
    LINK_FAILED = "link_failed"
    LINK_REFUSED = "link_refused"
    INVITATION_REQUESTED = "invitation_requested"
    PIN_CREATED = "pin_created"
    PIN_REFUSED = "pin_refused"
    PIN_LOCKED = "pin_locked"
    for provider in PROVIDER_NAMES:
        vars()[f"{provider.upper()}_REFUSED"] = f"{provider}_refused"
        vars()[f"{provider.upper()}_UNBOUND"] = f"{provider}_unbound"
    NOTICE_SENT = "notice_sent"
    SESSION_STARTED = "session_started"
    SESSION_ENDED = "session_ended"
    DEVICE_ADDED = "device_added"
    """An app was signed in on a device."""
    DEVICE_ENDED = "device_ended"
    ACCESS_ENABLED = "access_enabled"
    ACCESS_DISABLED = "access_disabled"
    ADDRESS_CHANGED = "address_changed"
    CONSENT_CHANGED = "consent_changed"
    PROFILE_GRANTED = "profile_granted"
    PROFILE_REVOKED = "profile_revoked"
    ITEMS_SHARED = "items_shared"
    ITEMS_CHANGED = "items_changed"
    CLIENT_ADDED = "client_added"
    CLIENT_CHANGED = "client_changed"
    CLIENT_ERASED = "client_erased"
    PRACTICE_CHANGED = "practice_changed"
    MEMBER_CHANGED = "member_changed"
    SAMPLE_REQUESTED = "sample_requested"
    MACHINE_CHANGED = "machine_changed"
    """Credentials of a practice system were made or revoked."""
    WEBHOOK_CHANGED = "webhook_changed"
    STAFF_SIGNED_IN = "staff_signed_in"
    STAFF_SIGNED_OUT = "staff_signed_out"
    ADMIN_DENIED = "admin_denied"
    LIMIT_HIT = "limit_hit"
    OTHER = "other"
    """A kind that only a later version knows. This version never writes it."""

    @classmethod
    def _missing_(cls, value: object) -> "EventKind":  # noqa: ARG003 - any value has the same result
        """Return `OTHER` for a kind that only a later version knows."""
        return cls.OTHER

    @classmethod
    def identity_refused(cls, provider: ProviderName) -> "EventKind":
        """Return the kind for a sign-in with a provider that was refused."""
        return cls(f"{provider}_refused")

    @classmethod
    def identity_unlinked(cls, provider: ProviderName) -> "EventKind":
        """Return the kind for an identity at a provider that a clinician unlinked."""
        return cls(f"{provider}_unbound")


type EventMethod = SignInMethod | MailKind | ServiceNoticeKind
"""A sign-in method, or the kind of a mail."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the audit log. It holds no address and no secret."""

    practice: str
    subject_key: bytes
    """The key of an account, of an address without account, or `Client.audit_key`."""
    kind: EventKind
    at_ms: Millis
    """Unix milliseconds."""
    actor: str = "client"
    """"client", "system", the `sub` of a clinician, or `machine:` and the id of a practice system."""
    reason: str | None = None
    """A machine-readable word, such as the code of a refusal or the name of a limit."""
    method: EventMethod | None = None
    support_code: str | None = None
    """The request's support code, as the page shows it."""
