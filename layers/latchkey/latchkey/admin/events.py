"""What happened about a client's sign-in, and why it does not work."""

from latchkey.admin import diagnosis, documents, parts
from latchkey.admin.acts import Acting
from latchkey.admin.documents import DiagnosisDocument, EventList
from latchkey.admin.parts import ClientId, Cursor, Limit
from latchkey.admin.routes import Routes
from latchkey.rules import access
from latchkey.rules.members import Role
from latchkey.store import accounts, clients, events

routes = Routes("events")


@routes.on("GET /clients/{client}/events", Role.CLINICIAN, gives={200: EventList})
def get_events(client: ClientId, act: Acting, cursor: Cursor = None, limit: Limit = parts.USUAL) -> EventList:
    """Read what happened, newest first: by the client's address, those before it, and those of their contacts.

    Nothing is told of an address from before the client was on file, nor of one that has become another client's.
    """
    found = clients.find(act.slug, client)
    known = accounts.find_all({*found.former, *access.keys(found)})
    rows = {found.row, *access.told_of(found, known)}
    happened = events.of(act.slug, rows, limit + 1, parts.after(cursor))
    own = [(row, event) for row, event in happened if event.instant // 1000 >= found.created_at]
    return EventList(
        events=[documents.event(row, event) for row, event in own[:limit]],
        next=parts.following([row for row, _ in own], limit),
    )


@routes.on("GET /clients/{client}/diagnosis", Role.CLINICIAN, gives={200: DiagnosisDocument})
def get_diagnosis(client: ClientId, act: Acting) -> DiagnosisDocument:
    """Learn why a client cannot sign in, in sentences to read out on the phone."""
    return diagnosis.of(clients.find(act.slug, client), act)
