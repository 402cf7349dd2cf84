"""The check that a person is a member of a practice and may run a use case there."""

from dataclasses import replace
from typing import Any

from latchkey.rules.events import Event, EventKind
from latchkey.rules.members import Clinician, Role
from latchkey.rules.practices import RESERVED_SLUGS
from latchkey.rules.refusals import PracticeUnknown, RecordNotFound
from latchkey.store import events, members, practices
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import UseCase


def authorize(
    use_case: UseCase[..., Any], subject: str, slug: str, *, now_ms: int, support_code: str, origin: str
) -> RequestContext:
    """Return the context of a clinician who may run the use case at the practice.

    `subject` is the `sub` of a verified token. A person who is not a member gets the same refusal for every slug.
    The response then does not show which practices exist.

    :raises RecordNotFound: there is no such practice, or the subject is not a member of it.
    :raises RoleMissing: the member's role is too low.
    """
    if use_case.of_stack:
        return _authorize_of_stack(use_case, subject, now_ms, support_code, origin)
    if not practices.SLUG.fullmatch(slug) or slug in RESERVED_SLUGS:
        raise RecordNotFound
    role = members.role_of(slug, subject)
    if role is None:
        _audit_non_member(subject, slug, now_ms, support_code)
        raise RecordNotFound
    context = RequestContext(Clinician(subject, role), slug, now_ms, support_code, origin)
    use_case.require_role(context)
    if use_case.may_create_practice:
        return context
    try:
        return replace(context, known_practice=practices.get_cached(slug, context.now))
    except PracticeUnknown:
        raise RecordNotFound from None


def _authorize_of_stack(
    use_case: UseCase[..., Any], subject: str, now_ms: int, support_code: str, origin: str
) -> RequestContext:
    """Return the context of a request that is about no practice.

    :raises RoleMissing: only operators may run the use case.
    """
    role = members.role_of(members.OPERATOR_PARTITION, subject) or Role.CLINICIAN
    context = RequestContext(Clinician(subject, role), members.OPERATOR_PARTITION, now_ms, support_code, origin)
    use_case.require_role(context)
    return context


def _audit_non_member(subject: str, slug: str, now_ms: int, support_code: str) -> None:
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
