"""Sessions: begun together with the spending of what proves the person, and read together with the access."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import settings, tokens
from latchkey.rules import sessions
from latchkey.rules.accounts import Account, AccountStatus, SessionRef
from latchkey.rules.events import Event, EventKind
from latchkey.rules.refusals import SignedOut, Unavailable
from latchkey.rules.sessions import LiveSession, Session
from latchkey.store import events
from latchkey.store.accounts import AccountItem, SessionRefItem
from latchkey.store.dynamodb import (
    MAX_TRIES,
    OUTAGES,
    Table,
    backoff,
    condition_failed,
    connection,
    is_transient,
    transact_get,
    transact_get_pair,
    transaction_condition_failed,
)

SWEEP_SECONDS = 24 * 3600


class SessionItem(Table):
    """A session at rest: findable by whoever has the cookie, usable by nobody who reads the table."""

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
    welcome_pending = BooleanAttribute(attr_name="first", default=False)
    previous_sign_in_at = NumberAttribute(attr_name="previous", null=True)
    sweep_at = NumberAttribute()

    def session(self) -> Session:
        """The session as rules know it."""
        return Session(
            digest=self.digest,
            practice=self.practice,
            account_key=tokens.base64url_decode(self.account_key) or b"",
            epoch=int(self.epoch),
            method=self.method,
            started_at=int(self.started_at),
            last_active_at=int(self.last_active_at),
            profile=self.profile,
            welcome_pending=self.welcome_pending,
            previous_sign_in_at=None if self.previous_sign_in_at is None else int(self.previous_sign_in_at),
        )


class ConcurrentUpdate(Exception):
    """What the person brought, or the account, has changed since it was read: look again."""


@dataclass(frozen=True, slots=True)
class ConsumingWrite:
    """The write that uses up what proves the person, so that it can prove nothing twice."""

    item: Table
    actions: list[Action]
    condition: Condition
    account_actions: tuple[Action, ...] = ()
    """What the proof also writes to the account."""
    account_condition: Condition | None = None
    """What it asks of the account beside its access."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try at signing in: by which road, and with which new cookie."""

    method: str
    cookie: str
    id: str
    """Names this try at signing in, so that a commit whose answer was lost is known for ours."""
    replaces: str | None
    """Digest of the session that this browser presented: a sign-in never inherits one."""
    now_ms: int
    """Unix milliseconds."""
    support_code: str
    replaced_session: LiveSession | None = None
    """Whom `ending` still signs in here; None if it is over."""


def start(
    arrival: Attempt,
    account: Account,
    spending: Callable[[Account], ConsumingWrite],
    again: Callable[[], Account | None],
) -> LiveSession:
    """Spend a proof and open a session, whoever else tries at the same moment and whichever answer gets lost.

    `spending` is the write that uses the proof up for an account. `again` looks at it once more: it returns the
    account as it is now, None if this very arrival has spent the proof already, or raises why it proves nothing.

    :raises Unavailable: the store does not answer, and nothing was spent; or it cannot be asked whether something was,
        and the cookie is given for that case.
    """
    for _ in range(MAX_TRIES):
        try:
            return _commit(arrival, account, spending(account))
        except (ConcurrentUpdate, *OUTAGES) as trouble:
            contested = isinstance(trouble, ConcurrentUpdate)
        try:
            current = again()
            if current is None:
                # our own commit, whose answer was lost on the way
                return peek(account.practice, arrival.cookie, arrival.now_ms // 1000)
        except OUTAGES:
            raise Unavailable(arrival.cookie) from None
        if not contested:
            raise Unavailable
        account = current
    raise Unavailable


def peek(practice: str, cookie: str | None, now: int) -> LiveSession:
    """The visit that a session cookie stands for; asking is no activity.

    :raises SignedOut: it stands for none that is live.
    """
    account_key = tokens.account_key_in_cookie(cookie) if cookie else None
    if cookie is None or account_key is None:
        raise SignedOut
    session, account = transact_get_pair(
        (SessionItem, tokens.session_digest(practice, cookie)), (AccountItem, tokens.base64url_encode(account_key))
    )
    visit = sessions.check(session.session() if session else None, account.account() if account else None, now)
    if visit.session.practice != practice:
        raise SignedOut
    return visit


def touch(practice: str, cookie: str | None, now: int) -> LiveSession:
    """The visit that a session cookie stands for, its activity noted. Raises as `look` does."""
    visit = peek(practice, cookie, now)
    touched = sessions.with_activity(visit.session, now)
    if touched is visit.session:
        return visit
    _update(visit.session, [SessionItem.last_active_at.set(now)], now)
    return replace(visit, session=touched)


def set_profile(visit: LiveSession, profile: str, now: int) -> None:
    """Turn the session to one of the account's profiles.

    :raises SignedOut: it has ended meanwhile.
    """
    _update(visit.session, [SessionItem.profile.set(profile), SessionItem.last_active_at.set(now)], now)


def mark_welcome_read(visit: LiveSession, now: int) -> None:
    """Note that the welcome of a first visit was read. Raises as `choose` does."""
    _update(visit.session, [SessionItem.welcome_pending.set(False), SessionItem.last_active_at.set(now)], now)


def end(visit: LiveSession, now_ms: int) -> None:
    """Sign out: the session is gone, whoever still has its cookie."""
    events.append(
        Event(
            visit.account.practice,
            visit.account.key,
            EventKind.SESSION_ENDED,
            now_ms,
            reason="signed_out",
            method=visit.session.method,
        )
    )
    SessionItem(visit.session.digest).delete()


def _commit(arrival: Attempt, account: Account, spending: ConsumingWrite) -> LiveSession:
    """Spend the proof, open the session, and write both down: all of it or nothing.

    :raises Contested: the proof or the account is no longer as it was read.
    :raises Unavailable: the store kept refusing for reasons of its own; nothing was spent.
    """
    now = arrival.now_ms // 1000
    session = Session(
        digest=tokens.session_digest(account.practice, arrival.cookie),
        practice=account.practice,
        account_key=account.key,
        epoch=account.epoch,
        method=arrival.method,
        started_at=now,
        last_active_at=now,
        welcome_pending=account.first_sign_in_at is None,
        previous_sign_in_at=account.last_sign_in_at,
    )
    staying, leaving = _evict_if_full(account, arrival.replaces, now)
    opened = (*staying, SessionRef(session.digest, now))
    written = [_event(EventKind.SESSION_STARTED, session, arrival)]
    written += [_event(EventKind.SESSION_ENDED, oldest, arrival, "room") for oldest in leaving]
    if arrival.replaced_session:
        written.append(_event(EventKind.SESSION_ENDED, arrival.replaced_session.session, arrival, "replaced"))
    unchanged = (
        (AccountItem.status != AccountStatus.DISABLED)
        & (AccountItem.epoch == account.epoch)
        & (AccountItem.revision == account.revision)
    )
    for turn in range(MAX_TRIES):
        try:
            with TransactWrite(connection=connection) as transaction:
                transaction.update(spending.item, spending.actions, condition=spending.condition)
                transaction.update(
                    AccountItem(tokens.base64url_encode(account.key)),
                    [
                        AccountItem.status.set(AccountStatus.ACTIVE),
                        AccountItem.sessions.set(
                            [SessionRefItem(digest=s.digest, started_at=s.started_at) for s in opened]
                        ),
                        AccountItem.revision.set(account.revision + 1),
                        AccountItem.first_sign_in_at.set(AccountItem.first_sign_in_at | now),
                        AccountItem.last_sign_in_at.set(now),
                        *spending.account_actions,
                    ],
                    condition=unchanged
                    if spending.account_condition is None
                    else unchanged & spending.account_condition,
                )
                transaction.save(_to_item(session), condition=SessionItem.digest.does_not_exist())
                if arrival.replaces:
                    transaction.delete(SessionItem(arrival.replaces))
                for event in written:
                    events.append_in(transaction, event)
        except TransactWriteError as error:
            if transaction_condition_failed(error):
                raise ConcurrentUpdate from None
            if not is_transient(error):
                raise
            backoff(turn)
        else:
            return LiveSession(session, replace(account, status=AccountStatus.ACTIVE, sessions=opened))
    raise Unavailable


def _evict_if_full(account: Account, ending: str | None, now: int) -> tuple[tuple[SessionRef, ...], list[Session]]:
    """An account's sessions beside one more, and those that end to make room for it.

    Its list remembers those that are over too; they are looked up where it is full, so that none of them takes the
    place of a live one.
    """
    staying = sessions.unexpired_refs(account.sessions, now, ending)
    if len(staying) < sessions.MAX_SESSIONS:
        return staying, []
    items = transact_get([(SessionItem, remembered.digest) for remembered in staying])
    live = sessions.only_live((item.session() for item in items if item), account, now)
    leaving = sessions.evicted(live)
    return tuple(SessionRef(one.digest, one.started_at) for one in live if one not in leaving), leaving


def _event(kind: EventKind, session: Session, arrival: Attempt, reason: str | None = None) -> Event:
    return Event(
        session.practice,
        session.account_key,
        kind,
        arrival.now_ms,
        reason=reason,
        method=session.method,
        support_code=arrival.support_code,
    )


def _update(session: Session, actions: list[Action], now: int) -> None:
    """Write to a session that is still live at this moment, and to no other."""
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
        practice=session.practice,
        account_key=tokens.base64url_encode(session.account_key),
        epoch=session.epoch,
        method=session.method,
        started_at=session.started_at,
        last_active_at=session.last_active_at,
        profile=session.profile,
        welcome_pending=session.welcome_pending,
        previous_sign_in_at=session.previous_sign_in_at,
        sweep_at=session.started_at + sessions.ABSOLUTE_TIMEOUT_SECONDS + SWEEP_SECONDS,
    )
