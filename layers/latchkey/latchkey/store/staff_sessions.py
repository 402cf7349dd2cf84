"""Sessions in the console. Membership is read with the session, in one call, at every request."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pynamodb.attributes import ListAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.transactions import TransactWrite

from latchkey import settings, tokens
from latchkey.rules.accounts import SessionRef
from latchkey.rules.clients import Client
from latchkey.rules.members import Role
from latchkey.rules.refusals import SignedOut, Unavailable
from latchkey.rules.sessions import ABSOLUTE_TIMEOUT_SECONDS, IDLE_TIMEOUT_SECONDS
from latchkey.rules.staff import StaffPerson, StaffSession, check_staff_session, needs_touch, remaining_sessions
from latchkey.store.clients import ClientItem
from latchkey.store.dynamodb import (
    MAX_TRIES,
    IntegerAttribute,
    Map,
    Table,
    backoff,
    condition_failed,
    connection,
    found,
    is_concurrent,
    read_atomically,
)
from latchkey.store.members import OPERATOR_PARTITION, MemberItem, highest_role
from latchkey.store.records import to_attributes, to_record

SWEEP_SECONDS = 24 * 3600


class SessionRefItem(Map):
    """A session in the list of a person."""

    digest = UnicodeAttribute()
    started_at = IntegerAttribute()


class StaffSessionItem(Table):
    """A session, found by the digest of its cookie. The cookie cannot be made from the table."""

    class Meta:
        table_name = settings.load().staff_sessions_table

    digest = UnicodeAttribute(hash_key=True)
    subject = UnicodeAttribute()
    name = UnicodeAttribute()
    started_at = IntegerAttribute()
    last_active_at = IntegerAttribute(attr_name="seen_at")
    sweep_at = IntegerAttribute()


class StaffSessionListItem(Table):
    """The sessions of one person, found by a digest of their subject."""

    class Meta:
        table_name = settings.load().staff_sessions_table

    digest = UnicodeAttribute(hash_key=True)
    sessions: ListAttribute[SessionRefItem] = ListAttribute(of=SessionRefItem, default=list)
    revision = IntegerAttribute(default=0)
    sweep_at = IntegerAttribute()


def start(person: StaffPerson, cookie: str, replaces: str | None, now: int) -> None:
    """Store a session. The oldest of the person's others ends if there are too many. `now` is Unix seconds.

    `replaces` is the cookie of the session that the browser had. It ends.

    :raises Unavailable: other sign-ins of the same person kept changing the list.
    """
    # The session and the list are one transaction, so every stored session is in its person's list.
    # Its condition is the list's revision: of two sign-ins at once, one reads the list again.
    session = StaffSession(_digest(cookie), person.subject, person.name or person.email or person.subject, now, now)
    sweep_at = now + ABSOLUTE_TIMEOUT_SECONDS + SWEEP_SECONDS
    list_id = tokens.digest("staff list", person.subject)
    for number in range(MAX_TRIES):
        listed = _list(list_id)
        refs = [SessionRef(str(item.digest), item.started_at) for item in listed.sessions] if listed else []
        remaining, ended = remaining_sessions(refs, now)
        refs_after = [*remaining, SessionRef(session.digest, now)]
        revision = listed.revision if listed else 0
        unchanged = (
            StaffSessionListItem.revision == revision if listed else StaffSessionListItem.digest.does_not_exist()
        )
        dropped = {ref.digest for ref in ended} | ({_digest(replaces)} if replaces else set())
        try:
            with TransactWrite(connection=connection) as transaction:
                transaction.save(
                    StaffSessionListItem(
                        list_id,
                        sessions=[SessionRefItem(digest=ref.digest, started_at=ref.started_at) for ref in refs_after],
                        revision=revision + 1,
                        sweep_at=sweep_at,
                    ),
                    condition=unchanged,
                )
                transaction.save(
                    StaffSessionItem(session.digest, **to_attributes(session, leave_out=("digest",)), sweep_at=sweep_at)
                )
                for digest in sorted(dropped):
                    transaction.delete(StaffSessionItem(digest))
        except TransactWriteError as error:
            if not is_concurrent(error):
                raise
            backoff(number)
        else:
            return
    raise Unavailable


@dataclass(frozen=True, slots=True)
class StaffAccess:
    """The session, role and clients that one call reads for a request of the console."""

    session: StaffSession
    role: Role | None
    """The person's highest role at the practice or as an operator. None for a person who is not a member."""
    clients: Mapping[str, Client] = field(default_factory=dict, repr=False)
    """The clients that were asked for and are on file, by id. Empty for a person who is not a member."""


def read(
    cookie: str | None, practice: str | None, now: int, *, is_activity: bool, client_ids: tuple[str, ...] = ()
) -> StaffAccess:
    """Return the live session of a cookie value with the person's role, and clients of the practice by these ids.

    `now` is Unix seconds. Activity is recorded once a minute.

    :raises SignedOut: there is no live session.
    """
    subject = tokens.subject_in_cookie(cookie) if cookie else None
    if cookie is None or subject is None:
        raise SignedOut
    item, members, clients = _read(_digest(cookie), subject, practice, client_ids)
    session = check_staff_session(to_record(StaffSession, item) if item else None, subject, now)
    if is_activity and needs_touch(session, now):
        _touch(session, now)
    role = highest_role(members)
    return StaffAccess(session, role, {} if role is None else {item.id: item.client() for item in clients})


def end(cookie: str) -> None:
    """End a session."""
    StaffSessionItem(_digest(cookie)).delete()


def _read(
    digest: str, subject: str, practice: str | None, client_ids: tuple[str, ...]
) -> tuple[StaffSessionItem | None, list[MemberItem], list[ClientItem]]:
    partitions = [OPERATOR_PARTITION, *([practice] if practice else [])]
    session, rows, clients = read_atomically(
        lambda transaction: (
            transaction.get(StaffSessionItem, digest),
            [transaction.get(MemberItem, partition, subject) for partition in partitions],
            [transaction.get(ClientItem, practice, client_id) for client_id in client_ids if practice],
        )
    )
    return found(session), [row for row in map(found, rows) if row], [row for row in map(found, clients) if row]


def _touch(session: StaffSession, now: int) -> None:
    """Record activity.

    :raises SignedOut: the session has ended meanwhile.
    """
    is_live = (StaffSessionItem.last_active_at > now - IDLE_TIMEOUT_SECONDS) & (
        StaffSessionItem.started_at > now - ABSOLUTE_TIMEOUT_SECONDS
    )
    try:
        StaffSessionItem(session.digest).upsert([StaffSessionItem.last_active_at.set(now)], condition=is_live)
    except UpdateError as error:
        if condition_failed(error):
            raise SignedOut from None
        raise


def _list(list_id: str) -> StaffSessionListItem | None:
    try:
        return StaffSessionListItem.get(list_id, consistent_read=True)
    except StaffSessionListItem.DoesNotExist:
        return None


def _digest(cookie: str) -> str:
    return tokens.digest("staff session", cookie)
