"""A session's life: it ends when nothing happens, after twelve hours, at sign-out, and with its access."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from latchkey.rules.accounts import Account, Profile, SessionRef
from latchkey.rules.refusals import SignedOut
from latchkey.rules.sign_in_methods import SignInMethod

IDLE_TIMEOUT_SECONDS = 20 * 60
"""Silence that ends a session; HIPAA's automatic log-off, 45 CFR 164.312(a)(2)(iii)."""
ABSOLUTE_TIMEOUT_SECONDS = 12 * 3600
TOUCH_INTERVAL_SECONDS = 60
"""Activity is noted once a minute, so a session may end up to a minute early and never late."""
MAX_SESSIONS = 10
"""Live sessions of one account; the oldest makes room."""


@dataclass(frozen=True, slots=True)
class Session:
    """Someone signed in on a browser or in an app."""

    digest: str = field(repr=False)
    practice: str
    account_key: bytes = field(repr=False)
    epoch: int
    method: SignInMethod
    started_at: int
    """Unix seconds."""
    last_active_at: int
    """Unix seconds of the last activity that was noted."""
    profile: str | None = None
    """ULID of the chosen profile."""
    welcome_pending: bool = False
    """The person's first visit; the practice's welcome is still to be read (B109)."""
    previous_sign_in_at: int | None = None
    """Unix seconds of the sign-in before this one."""

    @property
    def ends_at(self) -> int:
        """Unix seconds at which it ends if nothing more happens."""
        return min(self.last_active_at + IDLE_TIMEOUT_SECONDS, self.started_at + ABSOLUTE_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A live session with the account behind it."""

    session: Session
    account: Account

    @property
    def profile(self) -> Profile | None:
        """The profile that was chosen; the only one where there is no choice."""
        if len(self.account.profiles) == 1:
            return self.account.profiles[0]
        return self.account.profile(self.session.profile)

    @property
    def has_several_profiles(self) -> bool:
        """Whether there is something to choose."""
        return len(self.account.profiles) > 1


def check(session: Session | None, account: Account | None, now: int) -> LiveSession:
    """The visit that a session stands for.

    :raises SignedOut: the session, its access, or the profile it was opened on has ended.
    """
    if session is None or account is None:
        raise SignedOut
    if session.started_at + ABSOLUTE_TIMEOUT_SECONDS <= now:
        raise SignedOut
    if session.last_active_at + IDLE_TIMEOUT_SECONDS <= now:
        raise SignedOut(idle=True)
    known = any(opened.digest == session.digest for opened in account.sessions)
    if not known or not account.may_sign_in or account.epoch != session.epoch or account.practice != session.practice:
        raise SignedOut
    if session.profile and not account.profile(session.profile):
        raise SignedOut
    return LiveSession(session, account)


def with_activity(session: Session, now: int) -> Session:
    """The session after some activity; itself if that needs no noting."""
    return replace(session, last_active_at=now) if session.last_active_at + TOUCH_INTERVAL_SECONDS <= now else session


def unexpired_refs(sessions: Sequence[SessionRef], now: int, ending: str | None) -> tuple[SessionRef, ...]:
    """An account's sessions without `ending` and those that are too old; some may be over for other reasons."""
    oldest = now - ABSOLUTE_TIMEOUT_SECONDS
    return tuple(session for session in sessions if session.started_at > oldest and session.digest != ending)


def only_live(sessions: Iterable[Session], account: Account, now: int) -> list[Session]:
    """Those of an account's sessions that are not over."""
    return [session for session in sessions if _stands(session, account, now)]


def evicted(live: list[Session]) -> list[Session]:
    """The oldest of the live ones, as many as have to end before one more begins."""
    return live[: -(MAX_SESSIONS - 1)]


def _stands(session: Session, account: Account, now: int) -> bool:
    try:
        check(session, account, now)
    except SignedOut:
        return False
    return True
