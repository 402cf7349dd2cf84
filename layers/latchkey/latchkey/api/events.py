"""Routes of a client's audit events and of the diagnosis."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from latchkey.api import document_mapping, pagination
from latchkey.api.context import CurrentContext
from latchkey.api.event_documents import DiagnosisDocument, EventList, PersonDiagnosisDocument, SupportCodeDocument
from latchkey.api.pagination import ClientId, ContactId, Cursor, PageSize, SupportCode
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.refusals import SupportCodeUnknown, ValueRefused
from latchkey.usecases import diagnosis, events

routes = ResourceRoutes("events")

EventsPart = Annotated[
    str | None,
    Query(
        description="`record`, `sign-in`, the id of a contact, or `former-1` for the first former address, and so on.",
        pattern="^(record|sign-in|former-[0-9]{1,4}|[0-7][0-9A-HJKMNP-TV-Z]{25})$",
    ),
]


@routes.on("GET /clients/{client}/events", events.list_events, responses={200: EventList})
def get_events(
    client: ClientId,
    context: CurrentContext,
    part: EventsPart = None,
    cursor: Cursor = None,
    limit: PageSize = pagination.DEFAULT_PAGE,
) -> EventList:
    """List the audit events of the client's addresses, old and new, and of their contacts, newest first.

    Events from before the client was on file are left out. So are events of an address that is now another client's.
    With `part`, only those of one address, or of the record itself.
    """
    position = pagination.id_from_cursor(cursor)
    return document_mapping.events(events.list_events(context, client, position, limit, part))


@routes.on("GET /events", events.list_practice_events, responses={200: EventList})
def get_practice_events(
    context: CurrentContext, cursor: Cursor = None, limit: PageSize = pagination.DEFAULT_PAGE
) -> EventList:
    """List the audit events about the practice itself, newest first: settings, letters, members, denied requests."""
    return document_mapping.events(events.list_practice_events(context, pagination.id_from_cursor(cursor), limit))


@routes.on(
    "GET /support-codes/{code}",
    events.find_by_support_code,
    responses={200: SupportCodeDocument},
    refusals=(ValueRefused, SupportCodeUnknown),
)
def get_support_code(code: SupportCode, context: CurrentContext) -> SupportCodeDocument:
    """Look up the support code that a person reads out from a page: the audit events of that request.

    Case, spaces and hyphens do not matter. Only events of this practice are found.
    """
    rows = events.find_by_support_code(context, code)
    return SupportCodeDocument(
        support_code=rows[0][1].support_code or "",
        events=[document_mapping.event(id, event) for id, event in rows],  # noqa: A001 - the name of the field
    )


@routes.on("GET /clients/{client}/diagnosis", diagnosis.diagnose, responses={200: DiagnosisDocument})
def get_diagnosis(client: ClientId, context: CurrentContext) -> DiagnosisDocument:
    """Diagnose why a client, or a person who opens their profile, cannot sign in.

    `say` has sentences to read out on the phone. `note` is for the clinician alone.
    """
    return document_mapping.diagnosis(diagnosis.diagnose(context, client))


@routes.on(
    "GET /clients/{client}/contacts/{contact}/diagnosis",
    diagnosis.diagnose_contact,
    responses={200: PersonDiagnosisDocument},
)
def get_contact_diagnosis(client: ClientId, contact: ContactId, context: CurrentContext) -> PersonDiagnosisDocument:
    """Diagnose why a contact cannot sign in, or cannot open the client's profile."""
    return document_mapping.person_diagnosis(diagnosis.diagnose_contact(context, client, contact))
