"""The role of a member, for services behind the portal that clinicians use (B219).

The service has verified the clinician's access token, and asks for the role of its subject (docs/integrating.md).
"""

from collections.abc import Mapping
from typing import Any

from latchkey import aws, log
from latchkey.rules.members import Role
from latchkey.store import members, practices
from latchkey.store.dynamodb import OUTAGES

MAX_SUBJECT = 255
"""Characters of a subject (OpenID Connect Core 1.0, section 2)."""


@aws.within_deadline
def check_member(event: Mapping[str, Any], _context: aws.InvocationContext) -> dict[str, Any]:
    """Return the role of a subject at a practice: `{"role": "clinician" | "admin" | "operator"}`.

    The result is `{"refused": "no_member"}` for everyone else, also at an unknown practice. It is
    `{"refused": "unavailable"}` if the role cannot be read. The row is read consistently, so a removal counts at once.
    """
    practice, subject = event.get("practice"), event.get("subject")
    if not isinstance(practice, str) or not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        return {"refused": "no_member"}
    try:
        role = _role(practice, subject)
    except OUTAGES as outage:
        log.log_fault(outage, "")
        return {"refused": "unavailable"}
    return {"refused": "no_member"} if role is None else {"role": role.name.lower()}


def _role(practice: str, subject: str) -> Role | None:
    """Return the role of a subject, or None. At an unknown practice it is None for operators too."""
    return members.role_alone_of(practice, subject) if practices.get(practice) else None
