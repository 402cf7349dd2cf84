"""The place of a new session among those of its account: at most ten are live."""

from dataclasses import dataclass

from pynamodb.expressions.condition import Condition

from latchkey import tokens
from latchkey.rules import sessions
from latchkey.rules.accounts import Account, SessionRef
from latchkey.rules.sessions import Session
from latchkey.store.accounts import AccountItem
from latchkey.store.batches import get_pair
from latchkey.store.credentials import SESSION_PROJECTION, CredentialsItem, holds, is_free, slot
from latchkey.store.proofs import Attempt


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """The slot for a new session."""

    slot: int
    condition: Condition
    """The condition that the slot is as it was read."""
    remaining: tuple[SessionRef, ...]
    """The other sessions of the account, oldest first."""
    evicted: tuple[Session, ...] = ()
    """The live sessions that end to make room: one or none."""


def choose(account: Account, attempt: Attempt) -> SessionPlace:
    """Return the slot for a new session: that of the session it replaces, else an empty one, else a dead one.

    If all sessions are live, the oldest ends. The account lists sessions that have timed out too. They are looked up
    only if no slot is left, so that none of them takes the place of a live one.
    """
    now = attempt.now
    refs = sessions.unexpired_refs(account.sessions, now, attempt.replaces)
    replaced = next((ref for ref in account.sessions if ref.digest == attempt.replaces), None)
    if replaced:
        return SessionPlace(replaced.slot, slot(replaced.slot).digest == replaced.digest, refs)
    occupied = {ref.slot for ref in refs if ref.slot < sessions.MAX_SESSIONS}
    if len(occupied) < sessions.MAX_SESSIONS:
        number = min(set(range(sessions.MAX_SESSIONS)) - occupied)
        return SessionPlace(number, is_free(number, account, now), refs)
    live = sessions.only_live(_stored(account), account, now)
    remaining = tuple(SessionRef(one.digest, one.started_at, one.slot) for one in live)
    if len(live) < sessions.MAX_SESSIONS:
        number = min(set(range(sessions.MAX_SESSIONS)) - {one.slot for one in live})
        return SessionPlace(number, is_free(number, account, now), remaining)
    (oldest,) = sessions.evicted(live)
    return SessionPlace(
        oldest.slot, holds(oldest), tuple(ref for ref in remaining if ref.digest != oldest.digest), (oldest,)
    )


def _stored(account: Account) -> list[Session]:
    """Return all stored sessions of an account's browsers, oldest first."""
    _, stored = get_pair(AccountItem, CredentialsItem, tokens.base64url_encode(account.key), SESSION_PROJECTION)
    in_browsers = (one for one in stored.sessions(account) if one.device is None) if stored else ()
    return sorted(in_browsers, key=lambda one: one.started_at)
