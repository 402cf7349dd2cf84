"""Use cases of audit events about a client's sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from latchkey.rules import access, support_codes
from latchkey.rules.clients import Client
from latchkey.rules.events import Event
from latchkey.rules.machines import SUBJECT_PREFIX
from latchkey.rules.members import Role
from latchkey.rules.refusals import SupportCodeUnknown, ValueRefused
from latchkey.store import accounts, events, machines, members
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


@use_case(Role.ADMIN)
def list_practice_events(context: RequestContext, before_id: str | None, limit: int) -> NamedEvents:
    """Return a page of audit events about the practice itself, newest first."""
    rows = events.newest(context.slug, {PRACTICE_AUDIT_KEY}, limit + 1, before_id)
    return _named(context, page(rows, limit, lambda row: row[0]))


@use_case(Role.CLINICIAN)
def list_events(context: RequestContext, client_id: str, before_id: str | None, limit: int) -> NamedEvents:
    """Return a page of audit events with their ids, newest first, of the client's addresses and contacts.

    Events from before the client was on file are left out. So are events of an address that is now another client's.
    """
    client = client_access.find(context, client_id)
    accounts_by_key = accounts.find_all({*client.former_keys, *access.account_keys(client)})
    subject_keys = {client.audit_key, *access.audit_subjects(client, accounts_by_key)}
    rows = events.newest(context.slug, subject_keys, limit + 1, before_id)
    since = [row for row in rows if row[1].at_ms // 1000 >= client.created_at]
    return _named(context, page(since, limit, lambda row: row[0]), client)


def _named(context: RequestContext, found: Page[tuple[str, Event]], client: Client | None = None) -> NamedEvents:
    subjects = {event.actor for _, event in found.entries} - {"client", "system"}
    systems = {subject for subject in subjects if subject.startswith(SUBJECT_PREFIX)}
    names = members.names_of(context.slug, subjects - systems)
    if systems:
        names |= {machine.subject: machine.name for machine in machines.all_of(context.slug)}
    return NamedEvents(found, names, client)
