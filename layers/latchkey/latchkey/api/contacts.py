"""Routes of contacts: people who sign in as themselves and may open a client's profile."""

from aws_lambda_powertools.event_handler import Response

from latchkey.api import documents
from latchkey.api.bodies import NewContact
from latchkey.api.context import CurrentContext
from latchkey.api.documents import ContactDocument, ContactList
from latchkey.api.pagination import ClientId, ContactId
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.refusals import EmailMalformed, RateLimited
from latchkey.usecases import contacts

routes = ResourceRoutes("contacts")


@routes.on("GET /clients/{client}/contacts", contacts.list_contacts, responses={200: ContactList})
def get_contacts(client: ClientId, context: CurrentContext) -> ContactList:
    """List who may open a client's profile."""
    return ContactList(contacts=[documents.contact(entry) for entry in contacts.list_contacts(context, client)])


@routes.on("GET /clients/{client}/contacts/{contact}", contacts.read_contact, responses={200: ContactDocument})
def get_contact(client: ClientId, contact: ContactId, context: CurrentContext) -> ContactDocument:
    """Read a contact."""
    return documents.contact(contacts.read_contact(context, client, contact))


@routes.on(
    "POST /clients/{client}/contacts",
    contacts.add_contact,
    responses={201: ContactDocument},
    refusals=(EmailMalformed, RateLimited),
)
def post_contact(client: ClientId, body: NewContact, context: CurrentContext) -> ContactDocument:
    """Let someone open a client's profile by a sign-in of their own.

    Whoever signs in here already gains one more profile. Someone new is invited if they have agreed to be emailed, and
    can else be given a PIN. The same address again changes the contact it belongs to; with `email_ok` it also confirms
    the address, which lets mail go there again after it came back. The last `email_ok` that is recorded for an address
    is in force for all whose contact it is; that of an address which a client signs in by is the client's own.
    """
    return documents.contact(contacts.add_contact(context, client, body.details()))


@routes.on("DELETE /clients/{client}/contacts/{contact}", contacts.remove_contact, responses={204: None})
def delete_contact(client: ClientId, contact: ContactId, context: CurrentContext) -> Response[None]:
    """Close a client's profile to someone, at once; what else they may open stays open."""
    contacts.remove_contact(context, client, contact)
    return Response(204)
