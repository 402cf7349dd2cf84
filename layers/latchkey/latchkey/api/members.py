"""Who may act for a practice."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from latchkey.api.bodies import MemberBody
from latchkey.api.context import PRACTICE_AUDIT_KEY, CurrentContext
from latchkey.api.documents import MemberDocument
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.store import events, members

routes = ResourceRoutes("members")

Subject = Annotated[
    str, Path(description="`sub` of the person's access tokens.", pattern="^[A-Za-z0-9._~:@|+=-]{1,128}$")
]


@routes.on("PUT /members/{subject}", Role.ADMIN, gives={200: MemberDocument})
def put_member(subject: Subject, body: MemberBody, act: CurrentContext) -> MemberDocument:
    """Let someone act for the practice, or in another role."""
    events.append(act.event(PRACTICE_AUDIT_KEY, EventKind.MEMBER_CHANGED, f"{body.role}:{subject}"))
    members.set_role(act.slug, subject, Role[body.role.upper()])
    return MemberDocument(subject=subject, role=body.role)


@routes.on("DELETE /members/{subject}", Role.ADMIN, gives={204: None})
def delete_member(subject: Subject, act: CurrentContext) -> Response[None]:
    """Let someone act no more, from their next request on."""
    events.append(act.event(PRACTICE_AUDIT_KEY, EventKind.MEMBER_CHANGED, f"removed:{subject}"))
    members.remove(act.slug, subject)
    return Response(204)
