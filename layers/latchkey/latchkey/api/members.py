"""Routes of a practice's members."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from latchkey.api import document_mapping, pagination
from latchkey.api.context import CurrentContext
from latchkey.api.pagination import ListCursor, PageSize
from latchkey.api.practice_bodies import MemberBody, NewMemberBody
from latchkey.api.practice_documents import MemberDocument, MemberList
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.refusals import EmailMalformed, MemberElsewhere, SubjectRequired, UserPoolMissing
from latchkey.usecases import members

routes = ResourceRoutes("members")

Subject = Annotated[
    str, Path(description="`sub` of the person's access tokens.", pattern="^[A-Za-z0-9._~:@|+=-]{1,128}$")
]


@routes.on("GET /members", members.list_members, responses={200: MemberList})
def get_members(
    context: CurrentContext, cursor: ListCursor = None, limit: PageSize = pagination.DEFAULT_PAGE
) -> MemberList:
    """List the practice's members. Operators are not listed."""
    page = members.list_members(context, pagination.text_from_cursor(cursor), limit)
    return MemberList(
        members=[document_mapping.member(member) for member in page.entries],
        next=pagination.next_cursor(page.next_id),
    )


@routes.on(
    "POST /members",
    members.add_member,
    responses={201: MemberDocument},
    refusals=(EmailMalformed, SubjectRequired),
)
def post_member(body: NewMemberBody, context: CurrentContext) -> MemberDocument:
    """Make a colleague a member of the practice.

    With `email`, the stack's user pool invites them by mail if it does not know them. A stack that trusts another
    issuer needs the `subject` of their tokens.
    """
    member = members.add_member(context, body.member_role(), email=body.email, subject=body.subject, name=body.name)
    return document_mapping.member(member)


@routes.on("PUT /members/{subject}", members.set_member, responses={200: MemberDocument})
def put_member(subject: Subject, body: MemberBody, context: CurrentContext) -> MemberDocument:
    """Make a person a member of the practice, or change their role."""
    members.set_member(context, subject, body.member_role(), body.name)
    return MemberDocument(subject=subject, role=body.role, name=body.name, email=None)


@routes.on(
    "POST /members/{subject}/start-over",
    members.start_over,
    responses={200: MemberDocument},
    refusals=(UserPoolMissing, MemberElsewhere),
)
def post_start_over(subject: Subject, context: CurrentContext) -> MemberDocument:
    """Give a member who cannot sign in a new sign-in.

    For a lost authenticator, or a first password that has expired. The stack's user pool mails them a first password.
    The earlier password, authenticator and sessions end, and the member has a new `subject`. Only an operator does
    this for a person who acts elsewhere too.
    """
    return document_mapping.member(members.start_over(context, subject))


@routes.on("DELETE /members/{subject}", members.remove_member, responses={204: None})
def delete_member(subject: Subject, context: CurrentContext) -> Response[None]:
    """Remove a member. Their next request is refused."""
    members.remove_member(context, subject)
    return Response(204)
