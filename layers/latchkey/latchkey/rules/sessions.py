"""Sessions: they end without activity, after twelve hours, at sign-out, and with the account's access."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from latchkey.rules.accounts import Account, AccountKey, Profile, SessionRef
from latchkey.rules.practices import FEATURES, Feature, Practice
from latchkey.rules.refusals import SignedOut
from latchkey.rules.sign_in_methods import SignInMethod

IDLE_TIMEOUT_SECONDS = 20 * 60
"""Seconds without activity that end a session: HIPAA's automatic log-off, 45 CFR 164.312(a)(2)(iii)."""
ABSOLUTE_TIMEOUT_SECONDS = 12 * 3600
"""Seconds after which a session ends in any case."""
TOUCH_INTERVAL_SECONDS = 60
"""Seconds between two records of activity. A session may end up to a minute early, but never late."""
MAX_SESSIONS = 10
"""Live sessions of one account. A further session ends the oldest."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser or app."""

    digest: str = field(repr=False)
    """The digest of the session's cookie."""
    practice: str
    account_key: AccountKey = field(repr=False)
    epoch: int
    """The account's epoch at the sign-in."""
    method: SignInMethod
    started_at: int
    """Unix seconds."""
    last_active_at: int
    """Unix seconds of the last recorded activity."""
    profile: str | None = None
    """The ULID of the chosen profile."""
    profile_grant: str | None = None
    """The profile's grant when it was chosen."""
    welcome_pending: bool = False
    """True if this is the first sign-in and the practice's welcome was not dismissed yet (B109)."""
    previous_sign_in_at: int | None = None
    """Unix seconds of the sign-in before this one."""
    session_epoch: int = 0
    """The account's session epoch at the sign-in."""
    slot: int = 0
    """The number of the stored session. An account has as many as it may have live sessions."""
    device: str | None = None
    """The ULID of the device that an app is signed in on. None for a session in a browser."""

    @property
    def ends_at(self) -> int:
        """Unix seconds at which the session ends without further activity."""
        return min(self.last_active_at + IDLE_TIMEOUT_SECONDS, self.started_at + ABSOLUTE_TIMEOUT_SECONDS)

    def belongs_to(self, account: Account) -> bool:
        """Return True if the account has not ended the session. It may have timed out."""
        return self.epoch == account.epoch and self.session_epoch == account.session_epoch

    def may_open_profile_of(self, account: Account) -> bool:
        """Return True if the account still has the chosen profile by the same grant, or none was chosen."""
        chosen = account.profile(self.profile)
        return not self.profile or (chosen is not None and chosen.grant == self.profile_grant)


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """The slot for a new session of an account."""

    slot: int
    remaining: tuple[SessionRef, ...]
    """The other sessions of the account, oldest first."""
    digest: str | None = field(default=None, repr=False)
    """The digest of the session that is in the slot and ends. None for an empty slot or a dead session."""
    evicted: tuple[Session, ...] = ()
    """The live sessions that end to make room: one or none."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A checked session with its account."""

    session: Session
    account: Account

    @property
    def profile(self) -> Profile | None:
        """The chosen profile, or the only one if the account has one. None if it is still to be chosen."""
        if len(self.account.profiles) == 1:
            return self.account.profiles[0]
        return self.account.profile(self.session.profile)

    @property
    def opened_profile_of_another(self) -> Profile | None:
        """The open profile if it is not the person's own (B147), else None."""
        profile = self.profile
        return profile if profile and not self.account.is_own(profile) else None

    def features_at(self, practice: Practice) -> list[Feature]:
        """Return the features of the chosen profile. One is on if both practice and client have it."""
        profile = self.profile
        enabled = profile.features & practice.features if profile else frozenset()
        return [feature for feature in FEATURES if feature in enabled]

    @property
    def has_several_profiles(self) -> bool:
        """True if the account has more than one profile to choose from."""
        return len(self.account.profiles) > 1


def check(session: Session | None, account: Account | None, now: int) -> LiveSession:
    """Return the live session. `now` is Unix seconds.

    :raises SignedOut: there is no session, or it has timed out.
    :raises SignedOut: the account ended the session or lost its access, or the chosen profile was taken from it since.
    """
    if session is None or account is None:
        raise SignedOut
    if session.started_at + ABSOLUTE_TIMEOUT_SECONDS <= now:
        raise SignedOut
    if session.last_active_at + IDLE_TIMEOUT_SECONDS <= now:
        raise SignedOut(idle=True)
    is_listed = any(ref.digest == session.digest for ref in account.sessions)
    if (
        not is_listed
        or not account.may_sign_in
        or not session.belongs_to(account)
        or account.practice != session.practice
    ):
        raise SignedOut
    if not session.may_open_profile_of(account):
        raise SignedOut
    return LiveSession(session, account)


def with_activity(session: Session, now: int) -> Session:
    """Return the session after activity at `now`. It is unchanged if the last record is less than a minute old."""
    return replace(session, last_active_at=now) if session.last_active_at + TOUCH_INTERVAL_SECONDS <= now else session


def free_place(account: Account, now: int, replaced: str | None) -> SessionPlace | None:
    """Return the slot of the session with the digest `replaced`, else an empty one. None if no slot is empty.

    Sessions that have timed out may still occupy a slot here. `place_among` finds these before it ends a live one.
    """
    oldest = now - ABSOLUTE_TIMEOUT_SECONDS
    refs = tuple(ref for ref in account.sessions if ref.started_at > oldest and ref.digest != replaced)
    for ref in account.sessions:
        if ref.digest == replaced:
            return SessionPlace(ref.slot, refs, ref.digest)
    slot = _empty_slot(ref.slot for ref in refs)
    return None if slot is None else SessionPlace(slot, refs)


def place_among(sessions: Iterable[Session], account: Account, now: int) -> SessionPlace:
    """Return the slot of a dead session, else that of the oldest live one, which ends.

    `sessions` are all stored sessions of the account.
    """
    live = sorted((session for session in sessions if _is_live(session, account, now)), key=lambda s: s.started_at)
    refs = tuple(SessionRef(session.digest, session.started_at, session.slot) for session in live)
    slot = _empty_slot(ref.slot for ref in refs)
    if slot is not None:
        return SessionPlace(slot, refs)
    return SessionPlace(live[0].slot, refs[1:], live[0].digest, (live[0],))


def _empty_slot(occupied: Iterable[int]) -> int | None:
    """Return the first slot that is not occupied. None if all are."""
    return min(set(range(MAX_SESSIONS)) - set(occupied), default=None)


def _is_live(session: Session, account: Account, now: int) -> bool:
    try:
        check(session, account, now)
    except SignedOut:
        return False
    return True
