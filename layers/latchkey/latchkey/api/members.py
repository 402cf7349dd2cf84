"""Routes of a practice's members."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from latchkey.api.bodies import MemberBody
from latchkey.api.context import CurrentContext
from latchkey.api.documents import MemberDocument
from latchkey.api.routes import ResourceRoutes
from latchkey.usecases import members

routes = ResourceRoutes("members")

Subject = Annotated[
    str, Path(description="`sub` of the person's access tokens.", pattern="^[A-Za-z0-9._~:@|+=-]{1,128}$")
]


@routes.on("PUT /members/{subject}", members.set_member, responses={200: MemberDocument})
def put_member(subject: Subject, body: MemberBody, context: CurrentContext) -> MemberDocument:
    """Make a person a member of the practice, or change their role."""
    members.set_member(context, subject, body.member_role())
    return MemberDocument(subject=subject, role=body.role)


@routes.on("DELETE /members/{subject}", members.remove_member, responses={204: None})
def delete_member(subject: Subject, context: CurrentContext) -> Response[None]:
    """Remove a member. Their next request is refused."""
    members.remove_member(context, subject)
    return Response(204)
