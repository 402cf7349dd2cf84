"""Use cases of audit events about a client's sign-in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from latchkey.rules import access, support_codes
from latchkey.rules.accounts import AccountKey
from latchkey.rules.clients import Client
from latchkey.rules.events import UNNAMED_ACTORS, Event
from latchkey.rules.machines import SUBJECT_PREFIX
from latchkey.rules.members import Role
from latchkey.rules.refusals import RecordNotFound, SupportCodeUnknown, ValueRefused
from latchkey.store import accounts, events, machines, members
from latchkey.store.batches import Batch, read_batch
from latchkey.usecases import client_access
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case
from latchkey.usecases.listing import Page, page

REFUSED_SUFFIXES = ("_refused", "_locked", "_failed", "_suppressed", "_denied", "_hit")
"""Endings of the kinds of events with a negative outcome."""


def is_refusal(event: Event) -> bool:
    """Return True if the event has a negative outcome."""
    return event.kind.value.endswith(REFUSED_SUFFIXES)


MAX_OF_REQUEST = 20
"""Events of one request. A change of access writes one for each account."""


@use_case(Role.CLINICIAN)
def find_by_support_code(context: RequestContext, text: str) -> tuple[tuple[str, Event], ...]:
    """Return the audit events of the request with this support code, with their ids (B145).

    :raises ValueRefused: this is no support code.
    :raises SupportCodeUnknown: no event of this practice has it.
    """
    code = support_codes.parse(text)
    if code is None:
        raise ValueRefused((("path.code", "A support code has six digits and letters, such as K7M-4QX"),))
    rows = events.of_support_code(context.slug, code, MAX_OF_REQUEST)
    if not rows:
        raise SupportCodeUnknown
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class NamedEvents:
    """A page of audit events with their ids, and the names of the members who acted."""

    page: Page[tuple[str, Event]]
    names: Mapping[str, str] = field(repr=False)
    """Names by subject, of members and practice systems. Members without a name are left out."""
    client: Client | None = None
    """The client that the events are about. None for events of the practice itself."""
    part: str | None = None
    """The part of the client's history. None for all of it."""


@use_case(Role.ADMIN)
def list_practice_events(context: RequestContext, before_id: str | None, limit: int) -> NamedEvents:
    """Return a page of audit events about the practice itself, newest first."""
    rows = events.newest(context.slug, {PRACTICE_AUDIT_KEY}, limit + 1, before_id)
    return _named(context, page(rows, limit, lambda row: row[0]))


@use_case(Role.CLINICIAN)
def list_events(
    context: RequestContext, client_id: str, before_id: str | None, limit: int, part: str | None = None
) -> NamedEvents:
    """Return a page of audit events with their ids, newest first, of the client's addresses and contacts.

    Events from before the client was on file are left out. So are events of an address that is now another client's.
    With `part`, return one part of the history: `record`, `sign-in`, the id of a contact, or `former-1` for the first
    of the client's former addresses. "" is the part to show first. A part takes one query and one read, whatever the
    number of addresses.

    :raises RecordNotFound: there is no such client, or they have no such part.
    """
    client = client_access.find(context, client_id)
    if part is not None:
        return _one_part(context, client, part, before_id, limit)
    accounts_by_key = accounts.find_all({*client.former_keys, *access.account_keys(client)})
    subject_keys = {client.audit_key, *access.audit_subjects(client, accounts_by_key)}
    rows = events.newest(context.slug, subject_keys, limit + 1, before_id)
    return _named(context, page(_since_on_file(client, rows), limit, lambda row: row[0]), client)


def history_keys(client: Client) -> Mapping[str, bytes]:
    """Return the subject keys of the parts of a client's history, by their names. The first is shown first."""
    own: dict[str, bytes] = {"sign-in": client.access_key} if client.access_key else {}
    contacts = {contact.id: contact.account_key for contact in client.contacts}
    former = {f"former-{number}": key for number, key in enumerate(client.former_keys, 1)}
    return own | {"record": client.audit_key} | contacts | former


def _one_part(context: RequestContext, client: Client, part: str, before_id: str | None, limit: int) -> NamedEvents:
    keys_by_part = history_keys(client)
    part = part or next(iter(keys_by_part))
    subject_key = keys_by_part.get(part)
    if subject_key is None:
        raise RecordNotFound
    rows = events.newest(context.slug, {subject_key}, limit + 1, before_id)
    # The account decides whether the events may be shown. It is read after them, with the names, in one call.
    subjects = _members_in(rows)
    keys = [] if part == "record" else [AccountKey(subject_key)]
    wanted = [*accounts.item_keys(keys), *members.name_keys(context.slug, subjects)]
    batch = read_batch(wanted, accounts.PROJECTIONS) if wanted else Batch()
    if keys and subject_key not in access.audit_subjects(client, accounts.found_in(batch, keys)):
        rows = []
    found = page(_since_on_file(client, rows), limit, lambda row: row[0])
    names = members.names_in(batch, context.slug, subjects) | _system_names(context, rows)
    return NamedEvents(found, names, client, part)


def _since_on_file(client: Client, rows: Sequence[tuple[str, Event]]) -> list[tuple[str, Event]]:
    return [row for row in rows if row[1].at_ms // 1000 >= client.created_at]


def _actors_in(rows: Iterable[tuple[str, Event]]) -> set[str]:
    """Return the subjects of the members and practice systems who acted."""
    return {event.actor for _, event in rows} - UNNAMED_ACTORS


def _members_in(rows: Iterable[tuple[str, Event]]) -> set[str]:
    """Return the subjects of the members who acted."""
    return {subject for subject in _actors_in(rows) if not subject.startswith(SUBJECT_PREFIX)}


def _system_names(context: RequestContext, rows: Iterable[tuple[str, Event]]) -> dict[str, str]:
    """Return the names of the practice systems, by subject, if one of them acted. Otherwise nothing is read."""
    if not any(subject.startswith(SUBJECT_PREFIX) for subject in _actors_in(rows)):
        return {}
    return {machine.subject: machine.name for machine in machines.all_of(context.slug)}


def _named(context: RequestContext, found: Page[tuple[str, Event]], client: Client | None = None) -> NamedEvents:
    names = members.names_of(context.slug, _members_in(found.entries)) | _system_names(context, found.entries)
    return NamedEvents(found, names, client)
