"""Sessions: started by consuming a proof, and read together with the account."""

from dataclasses import replace

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import settings, tokens
from latchkey.rules import sessions
from latchkey.rules.accounts import Account, AccountStatus, SessionRef
from latchkey.rules.events import Event, EventKind
from latchkey.rules.refusals import SignedOut, Unavailable
from latchkey.rules.sessions import LiveSession, Session
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.store import events
from latchkey.store.accounts import AccountItem, SessionRefItem
from latchkey.store.dynamodb import (
    MAX_TRIES,
    OUTAGES,
    Table,
    backoff,
    condition_failed,
    connection,
    get_pair,
    is_transient,
    set_or_remove,
    transact_get,
    transaction_condition_failed,
)
from latchkey.store.proofs import Attempt, ConsumingWrite, Proof
from latchkey.store.records import to_attributes, to_record

SWEEP_SECONDS = 24 * 3600


class SessionItem(Table):
    """A session, found by the digest of its cookie. Nobody who reads the table can make the cookie."""

    class Meta:
        table_name = settings.load().sessions_table

    digest = UnicodeAttribute(hash_key=True)
    practice = UnicodeAttribute()
    account_key = UnicodeAttribute(attr_name="account")
    epoch = NumberAttribute()
    method = UnicodeAttribute()
    started_at = NumberAttribute()
    last_active_at = NumberAttribute(attr_name="seen_at")
    profile = UnicodeAttribute(null=True)
    profile_grant = UnicodeAttribute(null=True)
    welcome_pending = BooleanAttribute(attr_name="first", default=False)
    previous_sign_in_at = NumberAttribute(attr_name="previous", null=True)
    sweep_at = NumberAttribute()

    def session(self) -> Session:
        """Return the session as a value."""
        return to_record(Session, self, account_key=tokens.base64url_decode(self.account_key) or b"")


class ConcurrentUpdate(Exception):
    """The proof or the account has changed since it was read."""


def start(proof: Proof, attempt: Attempt) -> LiveSession:
    """Consume a proof and start a session. Safe against concurrent attempts and lost responses.

    :raises Refusal: what the proof's `recheck` raises, if someone else was faster.
    :raises Unavailable: DynamoDB does not answer. With a cookie, nobody could tell whether a session was started: the
        cookie opens it if there is one, else nothing. Without one, nothing was consumed.
    """
    # After an error we cannot know whether the transaction committed. recheck() asks the proof; None means it was us.
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
        except OUTAGES:
            raise Unavailable(attempt.cookie) from None
        if not is_concurrent:
            raise Unavailable
        account = current
    raise Unavailable


def peek(practice: str, cookie: str | None, now: int) -> LiveSession:
    """Return the live session of a cookie value. This is no activity. `now` is Unix seconds.

    :raises SignedOut: there is none at this practice.
    """
    account_key = tokens.account_key_in_cookie(cookie) if cookie else None
    if cookie is None or account_key is None:
        raise SignedOut
    session, account = get_pair(
        (SessionItem, tokens.session_digest(practice, cookie)), (AccountItem, tokens.base64url_encode(account_key))
    )
    live = sessions.check(session.session() if session else None, account.account() if account else None, now)
    if live.session.practice != practice:
        raise SignedOut
    return live


def touch(practice: str, cookie: str | None, now: int) -> LiveSession:
    """Return the live session of a cookie value, and record activity. Raises as `peek` does."""
    live = peek(practice, cookie, now)
    session = sessions.with_activity(live.session, now)
    if session is live.session:
        return live
    _update(live.session, [SessionItem.last_active_at.set(now)], now)
    return replace(live, session=session)


def set_profile(live: LiveSession, profile: str, now: int) -> None:
    """Open one of the account's profiles in the session, and record activity.

    :raises SignedOut: the session has ended meanwhile.
    """
    chosen = live.account.profile(profile)
    grant = set_or_remove(SessionItem.profile_grant, chosen.grant if chosen else None)
    _update(live.session, [SessionItem.profile.set(profile), grant, SessionItem.last_active_at.set(now)], now)


def mark_welcome_read(live: LiveSession, now: int) -> None:
    """Record that the welcome of a first sign-in was read. Raises as `set_profile` does."""
    _update(live.session, [SessionItem.welcome_pending.set(False), SessionItem.last_active_at.set(now)], now)


def end(live: LiveSession, now_ms: int) -> None:
    """Sign out: write the audit row and delete the session, for everyone who holds its cookie."""
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
    SessionItem(live.session.digest).delete()


def _commit(attempt: Attempt, account: Account, method: SignInMethod, consuming: ConsumingWrite) -> LiveSession:
    """Consume the proof, start the session and write the audit rows: all of it or nothing.

    :raises ConcurrentUpdate: the proof or the account has changed since it was read.
    :raises Unavailable: DynamoDB kept cancelling for transient reasons, and nothing was written.
    """
    # Proof, account, session and audit rows are one transaction: a crash leaves all of them or none.
    # The account's revision is in the condition, so two attempts on one account take turns and the loser reads again.
    # Only transient cancellations are retried here, because botocore does not retry them.
    now = attempt.now
    session = Session(
        digest=tokens.session_digest(account.practice, attempt.cookie),
        practice=account.practice,
        account_key=account.key,
        epoch=account.epoch,
        method=method,
        started_at=now,
        last_active_at=now,
        welcome_pending=account.first_sign_in_at is None,
        previous_sign_in_at=account.last_sign_in_at,
    )
    remaining, evicted = _evict_if_full(account, attempt.replaces, now)
    refs = (*remaining, SessionRef(session.digest, now))
    audit = [_event(EventKind.SESSION_STARTED, session, attempt)]
    audit += [_event(EventKind.SESSION_ENDED, oldest, attempt, "room") for oldest in evicted]
    if attempt.replaced_session:
        audit.append(_event(EventKind.SESSION_ENDED, attempt.replaced_session.session, attempt, "replaced"))
    unchanged = (
        (AccountItem.status != AccountStatus.DISABLED)
        & (AccountItem.epoch == account.epoch)
        & (AccountItem.revision == account.revision)
    )
    if consuming.account_condition is not None:
        unchanged &= consuming.account_condition
    for number in range(MAX_TRIES):
        try:
            with TransactWrite(connection=connection) as transaction:
                transaction.update(consuming.item, consuming.actions, condition=consuming.condition)
                transaction.update(
                    AccountItem(tokens.base64url_encode(account.key)),
                    [
                        AccountItem.status.set(AccountStatus.ACTIVE),
                        AccountItem.sessions.set([SessionRefItem(**to_attributes(ref)) for ref in refs]),
                        AccountItem.revision.set(account.revision + 1),
                        AccountItem.first_sign_in_at.set(AccountItem.first_sign_in_at | now),
                        AccountItem.last_sign_in_at.set(now),
                        *consuming.account_actions,
                    ],
                    condition=unchanged,
                )
                transaction.save(_to_item(session), condition=SessionItem.digest.does_not_exist())
                if attempt.replaces:
                    transaction.delete(SessionItem(attempt.replaces))
                for event in audit:
                    events.append_in(transaction, event)
        except TransactWriteError as error:
            if transaction_condition_failed(error):
                raise ConcurrentUpdate from None
            if not is_transient(error):
                raise
            backoff(number)
        else:
            return LiveSession(session, replace(account, status=AccountStatus.ACTIVE, sessions=refs))
    raise Unavailable


def _evict_if_full(account: Account, replaces: str | None, now: int) -> tuple[tuple[SessionRef, ...], list[Session]]:
    """Return the sessions that stay beside a new one, and those that end to make room for it.

    The account's list holds ended sessions too. Where it is full, they are looked up, so that none of them takes the
    place of a live one.
    """
    refs = sessions.unexpired_refs(account.sessions, now, replaces)
    if len(refs) < sessions.MAX_SESSIONS:
        return refs, []
    items = transact_get([(SessionItem, ref.digest) for ref in refs])
    live = sessions.only_live((item.session() for item in items if item), account, now)
    evicted = sessions.evicted(live)
    return tuple(SessionRef(one.digest, one.started_at) for one in live if one not in evicted), evicted


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


def _update(session: Session, actions: list[Action], now: int) -> None:
    """Update a session that is neither idle nor too old.

    :raises SignedOut: it is.
    """
    condition = (SessionItem.last_active_at > now - sessions.IDLE_TIMEOUT_SECONDS) & (
        SessionItem.started_at > now - sessions.ABSOLUTE_TIMEOUT_SECONDS
    )
    try:
        SessionItem(session.digest).upsert(actions, condition=condition)
    except UpdateError as error:
        if condition_failed(error):
            raise SignedOut from None
        raise


def _to_item(session: Session) -> SessionItem:
    return SessionItem(
        session.digest,
        **to_attributes(session, leave_out=("digest",), account_key=tokens.base64url_encode(session.account_key)),
        sweep_at=session.started_at + sessions.ABSOLUTE_TIMEOUT_SECONDS + SWEEP_SECONDS,
    )
