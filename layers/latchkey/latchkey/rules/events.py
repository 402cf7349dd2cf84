"""What is written down of a sign-in, for a clinician to read and an auditor to rely on."""

from dataclasses import dataclass
from enum import StrEnum

from latchkey.rules.mail import MailKind
from latchkey.rules.providers import PROVIDER_NAMES, ProviderName
from latchkey.rules.sign_in_methods import SignInMethod


class EventKind(StrEnum):
    """Kinds of events; names are kept for good, since events are never rewritten.

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
    ACCESS_ENABLED = "access_enabled"
    ACCESS_DISABLED = "access_disabled"
    ADDRESS_CHANGED = "address_changed"
    CONSENT_CHANGED = "consent_changed"
    PROFILE_GRANTED = "profile_granted"
    PROFILE_REVOKED = "profile_revoked"
    ITEMS_SHARED = "items_shared"
    CLIENT_ADDED = "client_added"
    CLIENT_CHANGED = "client_changed"
    CLIENT_ERASED = "client_erased"
    PRACTICE_CHANGED = "practice_changed"
    MEMBER_CHANGED = "member_changed"
    ADMIN_DENIED = "admin_denied"
    LIMIT_HIT = "limit_hit"
    OTHER = "other"
    """Something that a later version wrote down; never written by this one."""

    @classmethod
    def _missing_(cls, value: object) -> "EventKind":  # noqa: ARG003 - whatever it is
        return cls.OTHER

    @classmethod
    def identity_refused(cls, provider: ProviderName) -> "EventKind":
        """Return the kind for a sign-in with a provider that was refused."""
        return cls(f"{provider}_refused")

    @classmethod
    def identity_unlinked(cls, provider: ProviderName) -> "EventKind":
        """Return the kind for an identity at a provider that a clinician unlinked."""
        return cls(f"{provider}_unbound")


type EventMethod = SignInMethod | MailKind
"""A sign-in method, or the kind of a mail."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the audit: who, what, when, and why. No address, no secret."""

    practice: str
    subject_key: bytes
    """Key of the account, also of an address that has none."""
    kind: EventKind
    at_ms: int
    """Unix milliseconds."""
    actor: str = "client"
    reason: str | None = None
    """Machine-readable: a refusal's code, a limit's name, a mail's fault."""
    method: EventMethod | None = None
    support_code: str | None = None
    """The support code that the person was shown."""
