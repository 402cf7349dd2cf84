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
from latchkey.rules.accounts import Account, OpenSession, Status
from latchkey.rules.events import Event, Kind
from latchkey.rules.refusals import SignedOut, Unavailable
from latchkey.rules.sessions import Session, Visit
from latchkey.store import events
from latchkey.store.accounts import AccountItem, OpenSessionItem
from latchkey.store.tables import OUTAGES, TRIES, Table, connection, passing, read_all, read_both, unmet, unmet_in, wait

SWEEP_SECONDS = 24 * 3600


class SessionItem(Table):
    """A session at rest: findable by whoever has the cookie, usable by nobody who reads the table."""

    class Meta:
        table_name = settings.load().sessions_table

    digest = UnicodeAttribute(hash_key=True)
    practice = UnicodeAttribute()
    account = UnicodeAttribute()
    epoch = NumberAttribute()
    method = UnicodeAttribute()
    started_at = NumberAttribute()
    seen_at = NumberAttribute()
    profile = UnicodeAttribute(null=True)
    first = BooleanAttribute(default=False)
    previous = NumberAttribute(null=True)
    sweep_at = NumberAttribute()

    def session(self) -> Session:
        """The session as rules know it."""
        return Session(
            digest=self.digest,
            practice=self.practice,
            account=tokens.decode(self.account) or b"",
            epoch=int(self.epoch),
            method=self.method,
            started_at=int(self.started_at),
            seen_at=int(self.seen_at),
            profile=self.profile,
            first=self.first,
            previous=None if self.previous is None else int(self.previous),
        )


class Contested(Exception):
    """What the person brought, or the account, has changed since it was read: look again."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The write that uses up what proves the person, so that it can prove nothing twice."""

    item: Table
    actions: list[Action]
    condition: Condition
    binding: tuple[Action, ...] = ()
    """What the proof also writes to the account."""
    bound: Condition | None = None
    """What it asks of the account beside its access."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A try at signing in: by which road, and with which new cookie."""

    method: str
    cookie: str
    attempt: str
    """Names this try at signing in, so that a commit whose answer was lost is known for ours."""
    ending: str | None
    """Digest of the session that this browser presented: a sign-in never inherits one."""
    instant: int
    """Unix milliseconds."""
    reference: str
    present: Visit | None = None
    """Whom `ending` still signs in here; None if it is over."""


def sign_in(
    arrival: Arrival, account: Account, spending: Callable[[Account], Spending], again: Callable[[], Account | None]
) -> Visit:
    """Spend a proof and open a session, whoever else tries at the same moment and whichever answer gets lost.

    `spending` is the write that uses the proof up for an account. `again` looks at it once more: it returns the
    account as it is now, None if this very arrival has spent the proof already, or raises why it proves nothing.

    :raises Unavailable: the store does not answer, and nothing was spent; or it cannot be asked whether something was,
        and the cookie is given for that case.
    """
    for _ in range(TRIES):
        try:
            return _begin(arrival, account, spending(account))
        except (Contested, *OUTAGES) as trouble:
            contested = isinstance(trouble, Contested)
        try:
            current = again()
            if current is None:
                # our own commit, whose answer was lost on the way
                return look(account.practice, arrival.cookie, arrival.instant // 1000)
        except OUTAGES:
            raise Unavailable(arrival.cookie) from None
        if not contested:
            raise Unavailable
        account = current
    raise Unavailable


def look(practice: str, cookie: str | None, now: int) -> Visit:
    """The visit that a session cookie stands for; asking is no activity.

    :raises SignedOut: it stands for none that is live.
    """
    account_key = tokens.session_account(cookie) if cookie else None
    if cookie is None or account_key is None:
        raise SignedOut
    session, account = read_both(
        (SessionItem, tokens.session_digest(practice, cookie)), (AccountItem, tokens.encode(account_key))
    )
    visit = sessions.check(session.session() if session else None, account.account() if account else None, now)
    if visit.session.practice != practice:
        raise SignedOut
    return visit


def resume(practice: str, cookie: str | None, now: int) -> Visit:
    """The visit that a session cookie stands for, its activity noted. Raises as `look` does."""
    visit = look(practice, cookie, now)
    touched = sessions.touched(visit.session, now)
    if touched is visit.session:
        return visit
    _change(visit.session, [SessionItem.seen_at.set(now)], now)
    return replace(visit, session=touched)


def choose(visit: Visit, profile: str, now: int) -> None:
    """Turn the session to one of the account's profiles.

    :raises SignedOut: it has ended meanwhile.
    """
    _change(visit.session, [SessionItem.profile.set(profile), SessionItem.seen_at.set(now)], now)


def get_started(visit: Visit, now: int) -> None:
    """Note that the welcome of a first visit was read. Raises as `choose` does."""
    _change(visit.session, [SessionItem.first.set(False), SessionItem.seen_at.set(now)], now)


def end(visit: Visit, instant: int) -> None:
    """Sign out: the session is gone, whoever still has its cookie."""
    events.add(
        Event(
            visit.account.practice,
            visit.account.key,
            Kind.SESSION_ENDED,
            instant,
            reason="signed_out",
            method=visit.session.method,
        )
    )
    SessionItem(visit.session.digest).delete()


def _begin(arrival: Arrival, account: Account, spending: Spending) -> Visit:
    """Spend the proof, open the session, and write both down: all of it or nothing.

    :raises Contested: the proof or the account is no longer as it was read.
    :raises Unavailable: the store kept refusing for reasons of its own; nothing was spent.
    """
    now = arrival.instant // 1000
    session = Session(
        digest=tokens.session_digest(account.practice, arrival.cookie),
        practice=account.practice,
        account=account.key,
        epoch=account.epoch,
        method=arrival.method,
        started_at=now,
        seen_at=now,
        first=account.first_sign_in_at is None,
        previous=account.last_sign_in_at,
    )
    staying, leaving = _beside(account, arrival.ending, now)
    opened = (*staying, OpenSession(session.digest, now))
    written = [_event(Kind.SESSION_STARTED, session, arrival)]
    written += [_event(Kind.SESSION_ENDED, oldest, arrival, "room") for oldest in leaving]
    if arrival.present:
        written.append(_event(Kind.SESSION_ENDED, arrival.present.session, arrival, "replaced"))
    unchanged = (
        (AccountItem.status != Status.DISABLED)
        & (AccountItem.epoch == account.epoch)
        & (AccountItem.revision == account.revision)
    )
    for turn in range(TRIES):
        try:
            with TransactWrite(connection=connection) as transaction:
                transaction.update(spending.item, spending.actions, condition=spending.condition)
                transaction.update(
                    AccountItem(tokens.encode(account.key)),
                    [
                        AccountItem.status.set(Status.ACTIVE),
                        AccountItem.sessions.set(
                            [OpenSessionItem(digest=s.digest, started_at=s.started_at) for s in opened]
                        ),
                        AccountItem.revision.set(account.revision + 1),
                        AccountItem.first_sign_in_at.set(AccountItem.first_sign_in_at | now),
                        AccountItem.last_sign_in_at.set(now),
                        *spending.binding,
                    ],
                    condition=unchanged if spending.bound is None else unchanged & spending.bound,
                )
                transaction.save(_item(session), condition=SessionItem.digest.does_not_exist())
                if arrival.ending:
                    transaction.delete(SessionItem(arrival.ending))
                for event in written:
                    events.add_to(transaction, event)
        except TransactWriteError as error:
            if unmet_in(error):
                raise Contested from None
            if not passing(error):
                raise
            wait(turn)
        else:
            return Visit(session, replace(account, status=Status.ACTIVE, sessions=opened))
    raise Unavailable


def _beside(account: Account, ending: str | None, now: int) -> tuple[tuple[OpenSession, ...], list[Session]]:
    """An account's sessions beside one more, and those that end to make room for it.

    Its list remembers those that are over too; they are looked up where it is full, so that none of them takes the
    place of a live one.
    """
    staying = sessions.staying(account.sessions, now, ending)
    if len(staying) < sessions.MOST_SESSIONS:
        return staying, []
    items = read_all([(SessionItem, remembered.digest) for remembered in staying])
    live = sessions.live((item.session() for item in items if item), account, now)
    leaving = sessions.leaving(live)
    return tuple(OpenSession(one.digest, one.started_at) for one in live if one not in leaving), leaving


def _event(kind: Kind, session: Session, arrival: Arrival, reason: str | None = None) -> Event:
    return Event(
        session.practice,
        session.account,
        kind,
        arrival.instant,
        reason=reason,
        method=session.method,
        reference=arrival.reference,
    )


def _change(session: Session, actions: list[Action], now: int) -> None:
    """Write to a session that is still live at this moment, and to no other."""
    condition = (SessionItem.seen_at > now - sessions.IDLE_SECONDS) & (
        SessionItem.started_at > now - sessions.LONGEST_SECONDS
    )
    try:
        SessionItem(session.digest).write(actions, condition=condition)
    except UpdateError as error:
        if unmet(error):
            raise SignedOut from None
        raise


def _item(session: Session) -> SessionItem:
    return SessionItem(
        session.digest,
        practice=session.practice,
        account=tokens.encode(session.account),
        epoch=session.epoch,
        method=session.method,
        started_at=session.started_at,
        seen_at=session.seen_at,
        profile=session.profile,
        first=session.first,
        previous=session.previous,
        sweep_at=session.started_at + sessions.LONGEST_SECONDS + SWEEP_SECONDS,
    )
