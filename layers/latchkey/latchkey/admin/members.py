"""Who may act for a practice."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from latchkey.admin.acts import PRACTICE_ROW, Acting
from latchkey.admin.bodies import Membership
from latchkey.admin.documents import MemberDocument
from latchkey.admin.routes import Routes
from latchkey.rules.events import Kind
from latchkey.rules.members import Role
from latchkey.store import events, members

routes = Routes("members")

Subject = Annotated[
    str, Path(description="`sub` of the person's access tokens.", pattern="^[A-Za-z0-9._~:@|+=-]{1,128}$")
]


@routes.on("PUT /members/{subject}", Role.ADMIN, gives={200: MemberDocument})
def put_member(subject: Subject, body: Membership, act: Acting) -> MemberDocument:
    """Let someone act for the practice, or in another role."""
    events.add(act.event(PRACTICE_ROW, Kind.MEMBER_CHANGED, f"{body.role}:{subject}"))
    members.add(act.slug, subject, Role[body.role.upper()])
    return MemberDocument(subject=subject, role=body.role)


@routes.on("DELETE /members/{subject}", Role.ADMIN, gives={204: None})
def delete_member(subject: Subject, act: Acting) -> Response[None]:
    """Let someone act no more, from their next request on."""
    events.add(act.event(PRACTICE_ROW, Kind.MEMBER_CHANGED, f"removed:{subject}"))
    members.remove(act.slug, subject)
    return Response(204)
