"""What happened about a client's sign-in, and why it does not work."""

from latchkey.api import diagnosis, documents, pagination
from latchkey.api.context import CurrentContext
from latchkey.api.documents import DiagnosisDocument, EventList
from latchkey.api.pagination import ClientId, Cursor, PageSize
from latchkey.api.routes import ResourceRoutes
from latchkey.rules import access
from latchkey.rules.members import Role
from latchkey.store import accounts, clients, events

routes = ResourceRoutes("events")


@routes.on("GET /clients/{client}/events", Role.CLINICIAN, gives={200: EventList})
def get_events(
    client: ClientId, act: CurrentContext, cursor: Cursor = None, limit: PageSize = pagination.DEFAULT_PAGE
) -> EventList:
    """Read what happened, newest first: by the client's address, those before it, and those of their contacts.

    Nothing is told of an address from before the client was on file, nor of one that has become another client's.
    """
    found = clients.find(act.slug, client)
    known = accounts.find_all({*found.former_keys, *access.account_keys(found)})
    rows = {found.audit_key, *access.audit_subjects(found, known)}
    happened = events.newest(act.slug, rows, limit + 1, pagination.id_from_cursor(cursor))
    own = [(row, event) for row, event in happened if event.at_ms // 1000 >= found.created_at]
    return EventList(
        events=[documents.event(row, event) for row, event in own[:limit]],
        next=pagination.next_cursor([row for row, _ in own], limit),
    )


@routes.on("GET /clients/{client}/diagnosis", Role.CLINICIAN, gives={200: DiagnosisDocument})
def get_diagnosis(client: ClientId, act: CurrentContext) -> DiagnosisDocument:
    """Learn why a client cannot sign in, in sentences to read out on the phone."""
    return diagnosis.diagnose(clients.find(act.slug, client), act)
