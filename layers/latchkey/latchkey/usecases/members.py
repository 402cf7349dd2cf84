"""Use cases of a practice's members, and of the person who asks."""

from dataclasses import dataclass, field, replace

from latchkey.identity import user_pool
from latchkey.rules import addresses
from latchkey.rules.events import EventKind
from latchkey.rules.members import Member, Role
from latchkey.rules.refusals import MemberElsewhere, RecordNotFound, SubjectRequired, UserPoolMissing
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
        return _set(context, Member(context.slug, subject, role, name, address, address))
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


@use_case(Role.ADMIN, idempotent=True)
def start_over(context: RequestContext, subject: str) -> Member:
    """Give a member who cannot sign in a new sign-in at the stack's user pool. Return them with their new subject.

    The pool mails them a first password. Their earlier password, authenticator and sessions end.

    :raises UserPoolMissing: the stack has no user pool of its own.
    :raises RecordNotFound: the practice has no such member, or no address of theirs is known.
    :raises MemberElsewhere: they are a member of another practice too, so only an operator may end their sign-in.
    """
    if not user_pool.has_pool():
        raise UserPoolMissing
    memberships = members.memberships_of(subject, MAX_MEMBERSHIPS)
    own = next((member for member in memberships if member.practice == context.slug), None)
    if own is None:
        raise RecordNotFound
    if len(memberships) > 1 and context.clinician.role < Role.OPERATOR:
        raise MemberElsewhere
    # The pool forgets the user before the new one exists. If a call in between fails, the next try finds the address
    # on file.
    address = user_pool.address_of(subject) or own.email
    if address is None:
        raise RecordNotFound
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.MEMBER_CHANGED, f"started_over:{subject}"))
    members.save(replace(own, email=address, verified_email=address))
    # Cognito cannot reset an authenticator in a pool that requires one, so the user is created anew.
    user_pool.delete(subject)
    new_subject = user_pool.invite(address)
    for member in memberships:
        members.save(replace(member, subject=new_subject, email=address, verified_email=address))
        if new_subject != subject:
            members.remove(member.practice, subject)
    return replace(own, subject=new_subject, email=address, verified_email=address)


def _set(context: RequestContext, member: Member) -> Member:
    reason = f"{member.role.name.lower()}:{member.subject}"
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.MEMBER_CHANGED, reason))
    members.save(member)
    return member
