"""The check that a person is a member of a practice and may run a use case there."""

from dataclasses import replace
from typing import Any

from latchkey.rules.events import Event, EventKind
from latchkey.rules.members import Clinician, Role
from latchkey.rules.practices import RESERVED_SLUGS
from latchkey.rules.refusals import PracticeUnknown, RecordNotFound
from latchkey.rules.times import Millis
from latchkey.store import events, members, practices
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import UseCase


def authorize(
    use_case: UseCase[..., Any], subject: str, slug: str, *, now_ms: Millis, support_code: str, origin: str
) -> RequestContext:
    """Return the context of a clinician who may run the use case at the practice.

    `subject` is the `sub` of a verified token. A person who is not a member gets the same refusal for every slug.
    The response then does not show which practices exist.

    :raises RecordNotFound: there is no such practice, or the subject is not a member of it.
    :raises RoleMissing: the member's role is too low.
    """
    if not use_case.of_stack and not is_slug(slug):
        raise RecordNotFound
    clinician = (subject, members.role_of(members.OPERATOR_PARTITION if use_case.of_stack else slug, subject))
    return authorize_member(use_case, clinician, slug, now_ms=now_ms, support_code=support_code, origin=origin)


def is_slug(slug: str) -> bool:
    """Return True if a practice can have this slug."""
    return practices.SLUG.fullmatch(slug) is not None and slug not in RESERVED_SLUGS


def practice_exists(slug: str) -> bool:
    """Return True if a practice has this slug."""
    return practices.get(slug) is not None


def authorize_member(
    use_case: UseCase[..., Any],
    clinician: tuple[str, Role | None],
    slug: str,
    *,
    now_ms: Millis,
    support_code: str,
    origin: str,
) -> RequestContext:
    """Return the context of a clinician whose role at the practice was read in this request.

    `clinician` is the subject and the role, None for a person who is not a member. For a use case of the stack, the
    role counts only as an operator's. Raises as `authorize` does.
    """
    subject, role = clinician
    if use_case.of_stack:
        role, slug = role or Role.CLINICIAN, members.OPERATOR_PARTITION
    if role is None:
        _audit_non_member(subject, slug, now_ms, support_code)
        raise RecordNotFound
    context = RequestContext(Clinician(subject, role), slug, now_ms, support_code, origin)
    use_case.require_role(context)
    if use_case.of_stack or use_case.may_create_practice:
        return context
    try:
        return replace(context, known_practice=practices.get_cached(slug, context.now))
    except PracticeUnknown:
        raise RecordNotFound from None


def _audit_non_member(subject: str, slug: str, now_ms: Millis, support_code: str) -> None:
    """Write an audit event at the practice, or at the stack if there is no such practice.

    The AWS calls are the same in both cases, so response times do not differ. Only tokens of the configured issuer
    reach this code, and API Gateway limits their rate.
    """
    # Without this read, requests could write audit events under any slug.
    partition = slug if practices.get(slug) else members.OPERATOR_PARTITION
    events.append(
        Event(
            partition,
            PRACTICE_AUDIT_KEY,
            EventKind.ADMIN_DENIED,
            now_ms,
            actor=subject,
            reason="no_member",
            support_code=support_code,
        )
    )
