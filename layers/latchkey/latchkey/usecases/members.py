"""Use cases of a practice's members, and of the person who asks."""

from dataclasses import dataclass, field

from latchkey.identity import user_pool
from latchkey.rules import addresses
from latchkey.rules.events import EventKind
from latchkey.rules.members import Member, Role
from latchkey.rules.refusals import SubjectRequired
from latchkey.store import events, members
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case
from latchkey.usecases.listing import Page, page

MAX_MEMBERSHIPS = 100


@dataclass(frozen=True, slots=True)
class Person:
    """The person who asks, with their memberships."""

    subject: str
    name: str | None = field(repr=False)
    memberships: tuple[Member, ...]


@use_case(Role.CLINICIAN, of_stack=True)
def read_me(context: RequestContext) -> Person:
    """Return the person who asks. An operator has a membership of the practice `*`."""
    memberships = tuple(members.memberships_of(context.clinician.subject, MAX_MEMBERSHIPS))
    name = next((member.name for member in memberships if member.name), None)
    return Person(context.clinician.subject, name, memberships)


@use_case(Role.ADMIN)
def list_members(context: RequestContext, after: str | None, limit: int) -> Page[Member]:
    """Return a page of the practice's members, by subject."""
    return page(members.page_of(context.slug, limit + 1, after), limit, lambda member: member.subject)


@use_case(Role.ADMIN, idempotent=True)
def add_member(
    context: RequestContext, role: Role, *, email: str | None, subject: str | None, name: str | None
) -> Member:
    """Make a person a member. With an address, the stack's user pool invites them.

    :raises SubjectRequired: the stack has no user pool of its own, so the subject must be given.
    """
    address = addresses.canonical(email) if email else None
    if subject is None:
        if address is None or not user_pool.has_pool():
            raise SubjectRequired
        subject = user_pool.invite(address)
    return _set(context, Member(context.slug, subject, role, name, address))


@use_case(Role.ADMIN)
def set_member(context: RequestContext, subject: str, role: Role, name: str | None = None) -> None:
    """Make a person a member of the practice, or change their role. `subject` is the `sub` of their tokens."""
    _set(context, Member(context.slug, subject, role, name))


@use_case(Role.ADMIN)
def remove_member(context: RequestContext, subject: str) -> None:
    """Remove a member. Their next request is refused."""
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.MEMBER_CHANGED, f"removed:{subject}"))
    members.remove(context.slug, subject)


def _set(context: RequestContext, member: Member) -> Member:
    reason = f"{member.role.name.lower()}:{member.subject}"
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.MEMBER_CHANGED, reason))
    members.set_role(context.slug, member.subject, member.role, member.name, member.email)
    return member
