"""The work on an import: rows are put on file, then invitations are sent at the pace of the practice.

A row is decided in the transaction that puts its client on file. So a repetition after any interruption puts nobody on
file twice. The work ends when the time of the function ends, and a new message continues it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from latchkey import aws, tokens
from latchkey.rules import access, addresses, limits
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import Account
from latchkey.rules.clients import Client
from latchkey.rules.events import EventKind
from latchkey.rules.imports import LEASE_SECONDS, Import, ImportRow, RowResult
from latchkey.rules.members import Clinician, Role
from latchkey.rules.refusals import AlreadySignedIn, RateLimited, RecordNotFound, Refusal, Unavailable
from latchkey.rules.times import Millis
from latchkey.store import accounts, clients, imports, practices
from latchkey.store.dynamodb import OUTAGES
from latchkey.store.limits import Reservations, reserve
from latchkey.usecases import import_rows, outbox
from latchkey.usecases.context import RequestContext
from latchkey.usecases.import_rows import OnFile

MIN_LEFT_MS = 10_000
"""Time that must be left for another row, so that Lambda ends no call in the middle."""
BUSY_SECONDS = 5
"""Delay of an import whose practice has another one under way."""
ROWS_BETWEEN_CHECKS = 25
"""Rows after which the work looks whether somebody has stopped the import."""


@dataclass(frozen=True, slots=True)
class WorkResult:
    """The result of one turn."""

    name: Literal["passed_over", "busy", "working", "inviting", "done", "stopped"]
    delay: int | None = None
    """Seconds until the next turn. None if there is none."""


class _RowDecided(Exception):
    """Another turn has decided the row."""


def work(practice: str, import_id: str, now_ms: Millis) -> WorkResult:
    """Work on an import until it is done or the time of the function ends. `now_ms` is Unix milliseconds.

    :raises Unavailable: a service does not respond. A repetition continues.
    """
    now = now_ms // 1000
    try:
        accepted = imports.find(practice, import_id, now)
    except RecordNotFound:
        return WorkResult("passed_over")
    if accepted.finished_at is not None:
        return WorkResult("passed_over")
    context = RequestContext(
        Clinician(accepted.created_by, Role.CLINICIAN),
        practice,
        now_ms,
        accepted.support_code,
        accepted.origin,
        practices.get_cached(practice, now),
    )
    with _lease(practice, now) as has_lease:
        return _turn(context, accepted) if has_lease else WorkResult("busy", BUSY_SECONDS)


@contextmanager
def _lease(practice: str, now: int) -> Iterator[bool]:
    """Return True if this turn has the practice's imports for itself.

    Two files with the same person would otherwise put them on file twice, if neither has an `external_id`.
    """
    holder = tokens.base64url_encode(tokens.random_id())
    has_lease = imports.take_lease(practice, holder, now, now + LEASE_SECONDS)
    try:
        yield has_lease
    finally:
        if has_lease:
            with suppress(*OUTAGES):
                imports.release_lease(practice, holder)


def _turn(context: RequestContext, accepted: Import) -> WorkResult:
    # Every return but the last leaves the rest to a new message. The time is over, somebody stopped the import, or the
    # practice has sent its invitations of this minute or hour.
    rows = imports.rows_of(accepted)
    if accepted.stopped_at is not None:
        return _stopped(context, accepted, rows)
    waiting = [(row, row.content) for row in rows if row.status == "waiting" and row.content]
    on_file = import_rows.read_on_file(context, (content for _, content in waiting))
    for number, (row, content) in enumerate(waiting, 1):
        if not _has_time():
            return WorkResult("working", 0)
        _put_on_file(context, accepted, row, content, on_file)
        if number % ROWS_BETWEEN_CHECKS == 0 and _is_stopped(context, accepted):
            return WorkResult("working", 0)
    to_invite = [row for row in imports.rows_of(accepted) if row.invitation in ("waiting", "requested")]
    for number, row in enumerate(to_invite, 1):
        if not _has_time():
            return WorkResult("inviting", 0)
        try:
            _invite(context, accepted, row)
        except RateLimited as limited:
            return WorkResult("inviting", max(1, limited.until - context.now))
        if number % ROWS_BETWEEN_CHECKS == 0 and _is_stopped(context, accepted):
            return WorkResult("inviting", 0)
    imports.finish(accepted, context.now)
    return WorkResult("done")


def _has_time() -> bool:
    return aws.milliseconds_left() >= MIN_LEFT_MS


def _is_stopped(context: RequestContext, accepted: Import) -> bool:
    return imports.find(context.slug, accepted.id, context.now).stopped_at is not None


def _stopped(context: RequestContext, accepted: Import, rows: list[RowResult]) -> WorkResult:
    """Refuse all that waits, and remove what was in the file."""
    for row in rows:
        if not _has_time():
            return WorkResult("working", 0)
        if row.status == "waiting":
            imports.decide(accepted, replace(row, status="refused", code="stopped", invitation=None))
        elif row.invitation == "waiting":
            imports.set_invitation(accepted, replace(row, invitation="refused", code="stopped"))
        elif row.invitation == "requested":
            _invite(context, accepted, row)
    imports.finish(accepted, context.now)
    return WorkResult("stopped")


def _put_on_file(
    context: RequestContext, accepted: Import, row: RowResult, content: ImportRow, on_file: OnFile
) -> None:
    client = import_rows.new_client(context, content)
    result = import_rows.decide(context, row, content, client, on_file)
    if result.status != "created":
        imports.decide(accepted, result)
        return
    tries = count()

    def decide(current: Client, _: AccountsByKey) -> AccessChange:
        # Only after a failed transaction: another turn may have decided the row.
        if next(tries) and not imports.is_waiting(accepted, row):
            raise _RowDecided
        return AccessChange(current, events=((client.audit_key, EventKind.CLIENT_ADDED),))

    to_event = context.event_factory({EventKind.CLIENT_ADDED: f"import:{accepted.id}"})
    try:
        clients.apply(
            client, decide, set(), to_event, lambda transaction: imports.decide_in(transaction, accepted, result)
        )
    except Unavailable:
        raise
    except _RowDecided:
        return
    except Refusal as refusal:
        code = import_rows.CODES[type(refusal)]
        imports.decide(accepted, replace(result, status="refused", code=code, client=None, invitation=None))


def _invite(context: RequestContext, accepted: Import, row: RowResult) -> None:
    """Give a client access and queue the invitation, or write why not.

    Access and the row's state are one write. A turn that ends before the letter is queued leaves `requested`, and the
    next one queues it. So an interruption may send an invitation twice, and loses none.

    :raises RateLimited: the practice has sent its invitations of this minute or hour.
    """
    try:
        client = clients.find(context.slug, row.client or "")
        with reserve(context.now, also_on=(Refusal,)) as reservations:
            reservations.add(limits.invitations_per_import(context.practice.mails_per_hour), context.slug)
            _queue_invitation(context, accepted, row, client, reservations)
    except (RateLimited, Unavailable):
        raise
    except Refusal as refusal:
        code = import_rows.CODES[type(refusal)]
        imports.set_invitation(accepted, replace(row, invitation="refused", code=code))
    else:
        imports.set_invitation(accepted, replace(row, invitation="queued"))


def _queue_invitation(
    context: RequestContext, accepted: Import, row: RowResult, client: Client, reservations: Reservations
) -> None:
    if row.invitation == "requested":
        account = access.own_account(client, accounts.find_all(access.account_keys(client)))
        if account is not None and account.may_sign_in:
            outbox.queue_invitation(context, account, reservations)
        return
    outbox.queue_invitation(context, _with_access(context, accepted, row, client), reservations)


def _with_access(context: RequestContext, accepted: Import, row: RowResult, client: Client) -> Account:
    """Give a client access, and return the account.

    :raises AlreadySignedIn: somebody has invited the client meanwhile.
    """
    address = access.invitation_address(client, None)
    account_key = accounts.key_of(context.slug, addresses.canonical(address))

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        if current.access_key is not None:
            raise AlreadySignedIn
        current_address = access.invitation_address(current, address)
        new_id = tokens.new_ulid(context.now_ms)
        return access.invite(current, current_address, account_key, accounts_by_key, new_id, context.now)

    requested = replace(row, invitation="requested")
    changed = clients.apply(
        client,
        decide,
        {account_key},
        context.event_factory(),
        lambda transaction: imports.set_invitation_in(transaction, accepted, requested),
    )
    return changed.account(account_key)
