"""Use cases of a practice's members."""

from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.store import events, members
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case


@use_case(Role.ADMIN)
def set_member(context: RequestContext, subject: str, role: Role) -> None:
    """Make a person a member of the practice, or change their role. `subject` is the `sub` of their tokens."""
    reason = f"{role.name.lower()}:{subject}"
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.MEMBER_CHANGED, reason))
    members.set_role(context.slug, subject, role)


@use_case(Role.ADMIN)
def remove_member(context: RequestContext, subject: str) -> None:
    """Remove a member. Their next request is refused."""
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.MEMBER_CHANGED, f"removed:{subject}"))
    members.remove(context.slug, subject)
