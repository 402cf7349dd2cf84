"""Routes of the stack as a whole: the person who asks, and the list of practices."""

from latchkey.api import pagination
from latchkey.api.context import CurrentContext
from latchkey.api.pagination import ListCursor, PageSize
from latchkey.api.practice_documents import MembershipDocument, PersonDocument, PracticeEntry, PracticeList
from latchkey.api.routes import STACK_BASE, ResourceRoutes
from latchkey.usecases import members, practices

routes = ResourceRoutes("stack", STACK_BASE)


@routes.on("GET /me", members.read_me, responses={200: PersonDocument})
def get_me(context: CurrentContext) -> PersonDocument:
    """Read who asks, and the practices that they may act for."""
    person = members.read_me(context)
    return PersonDocument(
        subject=person.subject,
        name=person.name,
        memberships=[
            MembershipDocument(practice=member.practice, role=member.role.name.lower()) for member in person.memberships
        ],
    )


@routes.on("GET /practices", practices.list_practices, responses={200: PracticeList})
def get_practices(
    context: CurrentContext, cursor: ListCursor = None, limit: PageSize = pagination.DEFAULT_PAGE
) -> PracticeList:
    """List the practices of the stack."""
    page = practices.list_practices(context, pagination.text_from_cursor(cursor), limit)
    return PracticeList(
        practices=[
            PracticeEntry(slug=practice.slug, name=practice.name, portal_url=f"{context.origin}/{practice.slug}")
            for practice in page.entries
        ],
        next=pagination.next_cursor(page.next_id),
    )
