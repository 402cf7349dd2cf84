"""Sessions of clinicians in the console: they end without activity, after twelve hours, and at sign-out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from latchkey.rules.accounts import SessionRef
from latchkey.rules.refusals import SignedOut
from latchkey.rules.sessions import ABSOLUTE_TIMEOUT_SECONDS, IDLE_TIMEOUT_SECONDS, TOUCH_INTERVAL_SECONDS

MAX_STAFF_SESSIONS = 5
"""Sessions of one person at once. A further sign-in ends the oldest."""


@dataclass(frozen=True, slots=True)
class StaffPerson:
    """A person as the clinicians' OpenID provider knows them."""

    subject: str
    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    verified_email: str | None = field(default=None, repr=False)
    """The same address, if the provider says that it is verified."""


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A session in the console."""

    digest: str
    """The digest of the session's cookie."""
    subject: str
    name: str = field(repr=False)
    """The person's name, or their address."""
    started_at: int
    """Unix seconds."""
    last_active_at: int
    """Unix seconds of the last recorded activity."""


def check_staff_session(session: StaffSession | None, subject: str, now: int) -> StaffSession:
    """Return the session if it is live. `now` is Unix seconds.

    :raises SignedOut: there is no session, it has timed out, or it belongs to another person.
    """
    if session is None or session.subject != subject:
        raise SignedOut
    if session.started_at + ABSOLUTE_TIMEOUT_SECONDS <= now:
        raise SignedOut(idle=True)
    if session.last_active_at + IDLE_TIMEOUT_SECONDS <= now:
        raise SignedOut(idle=True)
    return session


def needs_touch(session: StaffSession, now: int) -> bool:
    """Return True if activity at `now` is to be recorded: the last record is a minute old."""
    return session.last_active_at + TOUCH_INTERVAL_SECONDS <= now


def remaining_sessions(refs: Sequence[SessionRef], now: int) -> tuple[tuple[SessionRef, ...], tuple[SessionRef, ...]]:
    """Return the sessions that stay beside a new one, and those that a new one ends, oldest first."""
    unexpired = sorted(
        (ref for ref in refs if ref.started_at + ABSOLUTE_TIMEOUT_SECONDS > now), key=lambda ref: ref.started_at
    )
    cut = max(0, len(unexpired) - (MAX_STAFF_SESSIONS - 1))
    return tuple(unexpired[cut:]), tuple(unexpired[:cut])
