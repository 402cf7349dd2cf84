"""Sessions: started by consuming a proof, and read together with the account."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import tokens
from latchkey.rules import sessions
from latchkey.rules.accounts import Account, AccountKey, AccountStatus, SessionRef
from latchkey.rules.events import Event, EventKind
from latchkey.rules.refusals import SignedOut, Unavailable
from latchkey.rules.sessions import LiveSession, Session, SessionPlace
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.rules.times import Millis
from latchkey.store import accounts, events
from latchkey.store.accounts import AccountItem
from latchkey.store.batches import get_pair
from latchkey.store.credentials import SESSION_PROJECTION, CredentialsItem, holds, item_of, sign_in_write, slot
from latchkey.store.dynamodb import (
    MAX_TRIES,
    OUTAGES,
    ConcurrentUpdate,
    condition_failed,
    set_or_remove,
    write_atomically,
)
from latchkey.store.proofs import Attempt, ConsumingWrite, Proof


def start(proof: Proof, attempt: Attempt) -> LiveSession:
    """Consume a proof, and return the session that it starts. Safe against concurrent attempts and lost responses.

    :raises Refusal: another attempt has consumed the proof. The proof's `recheck` raises the refusal.
    :raises Unavailable: DynamoDB does not answer. With a cookie, it is unknown whether a session was started: the
        cookie opens it if there is one, else nothing. Without one, nothing was consumed.
    """
    # After an error we cannot know whether the transaction committed. If recheck() returns None, it was this attempt.
    # If recheck() cannot read either, the 503 carries the cookie: it opens the session if there is one, else nothing.
    # Try again only after a concurrent update. After an outage with nothing written, the person tries again.
    account = proof.account
    for _ in range(MAX_TRIES):
        try:
            return _commit(attempt, account, proof.method, proof.consuming_write(account, attempt))
        except (ConcurrentUpdate, *OUTAGES) as error:
            is_concurrent = isinstance(error, ConcurrentUpdate)
        try:
            current = proof.recheck(attempt)
            if current is None:
                return peek(account.practice, attempt.cookie, attempt.now)
            attempt = _with_live_replaced(attempt)
        except OUTAGES:
            raise Unavailable(attempt.cookie) from None
        if not is_concurrent:
            raise Unavailable
        account = current
    raise Unavailable


def peek(
    practice: str, cookie: str | None, now: int, digest_of: Callable[[str, str], str] = tokens.session_digest
) -> LiveSession:
    """Return the live session of a cookie value. This is no activity. `now` is Unix seconds.

    With `tokens.app_session_digest` the value is an app's session token. Neither is accepted as the other.

    :raises SignedOut: there is none at this practice.
    """
    account_key = tokens.account_key_in_cookie(cookie) if cookie else None
    if cookie is None or account_key is None:
        raise SignedOut
    return _peek(account_key, digest_of(practice, cookie), now)


def _peek(account_key: AccountKey, digest: str, now: int) -> LiveSession:
    item, stored = get_pair(AccountItem, CredentialsItem, tokens.base64url_encode(account_key), SESSION_PROJECTION)
    account = item.account(stored) if item else None
    found = stored.sessions(account) if stored and account else ()
    return sessions.check(next((session for session in found if session.digest == digest), None), account, now)


def touch(
    practice: str, cookie: str | None, now: int, digest_of: Callable[[str, str], str] = tokens.session_digest
) -> LiveSession:
    """Return the live session of a cookie value, and record activity. Raises as `peek` does."""
    live = peek(practice, cookie, now, digest_of)
    session = sessions.with_activity(live.session, now)
    if session is live.session:
        return live
    _update(live.session, [slot(live.session.slot).last_active_at.set(now)], now)
    return replace(live, session=session)


def set_profile(live: LiveSession, profile: str, now: int) -> None:
    """Open one of the account's profiles in the session, and record activity.

    :raises SignedOut: the session has ended meanwhile.
    """
    chosen = live.account.profile(profile)
    stored = slot(live.session.slot)
    grant = set_or_remove(stored.profile_grant, chosen.grant if chosen else None)
    _update(live.session, [stored.profile.set(profile), grant, stored.last_active_at.set(now)], now)


def mark_welcome_read(live: LiveSession, now: int) -> None:
    """Record that the welcome of a first sign-in was read. Raises as `set_profile` does."""
    stored = slot(live.session.slot)
    _update(live.session, [stored.welcome_pending.set(False), stored.last_active_at.set(now)], now)


def end(live: LiveSession, now_ms: Millis) -> None:
    """Sign out: write the audit row and delete the session, for everyone who holds its cookie.

    The session of an app ends with its device, also if the device's tokens were just renewed.
    """
    events.append(
        Event(
            live.account.practice,
            live.account.key,
            EventKind.SESSION_ENDED,
            now_ms,
            reason="signed_out",
            method=live.session.method,
        )
    )
    stored = slot(live.session.slot)
    is_stored = stored.device == live.session.device if live.session.device else holds(live.session)
    try:
        item_of(live.session).upsert([stored.remove()], condition=is_stored)
    except UpdateError as error:
        # another request has ended it, or has already started another one in its place
        if not condition_failed(error):
            raise


def _commit(attempt: Attempt, account: Account, method: SignInMethod, consuming: ConsumingWrite) -> LiveSession:
    """Consume the proof, start the session and write the audit rows: all of it or nothing.

    :raises ConcurrentUpdate: the proof, the account or the slot for the session has changed since it was read.
    :raises Unavailable: DynamoDB kept cancelling for transient reasons, and nothing was written.
    """
    # Proof, session and audit rows are one transaction: a crash leaves all of them or none.
    # The account is in it only if it changes: the session has the epochs that were read, and dies with them.
    # If no slot is free, read the stored sessions, and replace one that has timed out rather than a live one.
    # The condition on the slot lets only one of two sign-ins write to it. The other one reads again.
    place = sessions.free_place(account, attempt.now, attempt.replaces)
    if place is None:
        place = sessions.place_among(_stored(account), account, attempt.now)
    session = Session(
        digest=tokens.session_digest(account.practice, attempt.cookie),
        practice=account.practice,
        account_key=account.key,
        epoch=account.epoch,
        method=method,
        started_at=attempt.now,
        last_active_at=attempt.now,
        welcome_pending=account.first_sign_in_at is None,
        previous_sign_in_at=account.last_sign_in_at,
        session_epoch=account.session_epoch,
        slot=place.slot,
    )
    stored, is_unchanged = sign_in_write(session, account, place)
    rows = _audit_rows(session, place, attempt)
    is_first = account.status is not AccountStatus.ACTIVE or account.first_sign_in_at is None
    changes_account = is_first or account.attention_from is not None or consuming.account_actions

    def write(transaction: TransactWrite) -> None:
        _store_in(transaction, session, stored, is_unchanged, consuming)
        if changes_account:
            _update_account_in(transaction, account, consuming, attempt.now)
        _end_replaced_in(transaction, account, attempt)
        for row in rows:
            events.append_in(transaction, row)

    write_atomically(write)
    refs = (*place.remaining, SessionRef(session.digest, attempt.now, session.slot))
    return LiveSession(session, replace(account, status=AccountStatus.ACTIVE, sessions=refs))


def _store_in(
    transaction: TransactWrite,
    session: Session,
    actions: list[Action],
    is_unchanged: Condition,
    consuming: ConsumingWrite,
) -> None:
    """Store the session, and consume the proof."""
    if consuming.item is None:
        all_actions = [*actions, *consuming.actions]
        transaction.update(item_of(session), all_actions, condition=is_unchanged & consuming.condition)
    else:
        transaction.update(item_of(session), actions, condition=is_unchanged)
        transaction.update(consuming.item, consuming.actions, condition=consuming.condition)


def _end_replaced_in(transaction: TransactWrite, account: Account, attempt: Attempt) -> None:
    """End the session that the browser has of another account. One of the same account is overwritten."""
    replaced = attempt.replaced_session and attempt.replaced_session.session
    if replaced and replaced.account_key != account.key:
        transaction.update(item_of(replaced), [slot(replaced.slot).remove()], condition=holds(replaced))


def _audit_rows(session: Session, place: SessionPlace, attempt: Attempt) -> list[Event]:
    rows = [_event(EventKind.SESSION_STARTED, session, attempt)]
    rows += [_event(EventKind.SESSION_ENDED, evicted, attempt, "room") for evicted in place.evicted]
    if attempt.replaced_session:
        rows.append(_event(EventKind.SESSION_ENDED, attempt.replaced_session.session, attempt, "replaced"))
    return rows


def _update_account_in(transaction: TransactWrite, account: Account, consuming: ConsumingWrite, now: int) -> None:
    """Write the first sign-in, take the account from those that need attention, and write what the proof changes."""
    has_access = (AccountItem.status != AccountStatus.DISABLED) & (AccountItem.epoch == account.epoch)
    if consuming.account_condition is not None:
        has_access &= consuming.account_condition
    transaction.update(
        AccountItem(tokens.base64url_encode(account.key)),
        [
            AccountItem.status.set(AccountStatus.ACTIVE),
            AccountItem.revision.add(1),
            AccountItem.first_sign_in_at.set(AccountItem.first_sign_in_at | now),
            *accounts.signed_in_actions(),
            *consuming.account_actions,
        ],
        condition=has_access,
    )


def _stored(account: Account) -> Iterable[Session]:
    """Return all stored sessions of an account's browsers, dead ones too. Those of apps have slots of their own."""
    _, stored = get_pair(AccountItem, CredentialsItem, tokens.base64url_encode(account.key), SESSION_PROJECTION)
    return [session for session in stored.sessions(account) if session.device is None] if stored else ()


def _event(kind: EventKind, session: Session, attempt: Attempt, reason: str | None = None) -> Event:
    return Event(
        session.practice,
        session.account_key,
        kind,
        attempt.now_ms,
        reason=reason,
        method=session.method,
        support_code=attempt.support_code,
    )


def _with_live_replaced(attempt: Attempt) -> Attempt:
    """Return an attempt after a concurrent update, without the session to replace if that has ended meanwhile."""
    if attempt.replaced_session is None:
        return attempt
    session = attempt.replaced_session.session
    try:
        return replace(attempt, replaced_session=_peek(session.account_key, session.digest, attempt.now))
    except SignedOut:
        return replace(attempt, replaced_session=None)


def _update(session: Session, actions: list[Action], now: int) -> None:
    """Update a session that has not timed out.

    :raises SignedOut: the session has timed out, or was ended.
    """
    stored = slot(session.slot)
    condition = (
        holds(session)
        & (stored.last_active_at > now - sessions.IDLE_TIMEOUT_SECONDS)
        & (stored.started_at > now - sessions.ABSOLUTE_TIMEOUT_SECONDS)
    )
    try:
        item_of(session).upsert(actions, condition=condition)
    except UpdateError as error:
        if condition_failed(error):
            raise SignedOut from None
        raise
