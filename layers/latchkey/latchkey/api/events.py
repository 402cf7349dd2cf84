"""Routes of what happened about a client's sign-in, and of why it does not work."""

from latchkey.api import documents, pagination
from latchkey.api.context import CurrentContext
from latchkey.api.documents import DiagnosisDocument, EventList
from latchkey.api.pagination import ClientId, Cursor, PageSize
from latchkey.api.routes import ResourceRoutes
from latchkey.usecases import diagnosis, events

routes = ResourceRoutes("events")


@routes.on("GET /clients/{client}/events", events.list_events, responses={200: EventList})
def get_events(
    client: ClientId, context: CurrentContext, cursor: Cursor = None, limit: PageSize = pagination.DEFAULT_PAGE
) -> EventList:
    """Read what happened, newest first: by the client's address, those before it, and those of their contacts.

    Nothing is told of an address from before the client was on file, nor of one that has become another client's.
    """
    page = events.list_events(context, client, pagination.id_from_cursor(cursor), limit)
    return EventList(
        events=[documents.event(id, event) for id, event in page.entries],  # noqa: A001 - what the document calls it
        next=pagination.next_cursor(page.next_id),
    )


@routes.on("GET /clients/{client}/diagnosis", diagnosis.diagnose, responses={200: DiagnosisDocument})
def get_diagnosis(client: ClientId, context: CurrentContext) -> DiagnosisDocument:
    """Learn why a client cannot sign in, in sentences to read out on the phone."""
    return documents.diagnosis(diagnosis.diagnose(context, client))
