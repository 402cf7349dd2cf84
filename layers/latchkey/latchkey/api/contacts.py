"""Routes of contacts: people who sign in as themselves and may open a client's profile."""

from aws_lambda_powertools.event_handler import Response

from latchkey.api import document_mapping
from latchkey.api.client_bodies import NewContact
from latchkey.api.client_documents import ContactDocument, ContactList
from latchkey.api.context import CurrentContext
from latchkey.api.pagination import ClientId, ContactId
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.refusals import EmailMalformed, RateLimited
from latchkey.usecases import contacts

routes = ResourceRoutes("contacts")


@routes.on("GET /clients/{client}/contacts", contacts.list_contacts, responses={200: ContactList})
def get_contacts(client: ClientId, context: CurrentContext) -> ContactList:
    """List the contacts of a client."""
    return ContactList(contacts=[document_mapping.contact(entry) for entry in contacts.list_contacts(context, client)])


@routes.on("GET /clients/{client}/contacts/{contact}", contacts.read_contact, responses={200: ContactDocument})
def get_contact(client: ClientId, contact: ContactId, context: CurrentContext) -> ContactDocument:
    """Read a contact."""
    return document_mapping.contact(contacts.read_contact(context, client, contact))


@routes.on(
    "POST /clients/{client}/contacts",
    contacts.add_contact,
    responses={201: ContactDocument},
    refusals=(EmailMalformed, RateLimited),
)
def post_contact(client: ClientId, body: NewContact, context: CurrentContext) -> ContactDocument:
    """Let a person open a client's profile with a sign-in of their own.

    An account that exists gets one more profile. A new account is invited if the person has agreed to be emailed. A
    person without this consent can get a PIN. The same address again changes the contact that has it. With `email_ok`
    it also confirms the address, so that mail goes there again after a bounce. The last `email_ok` of an address
    applies to all clients who have it as a contact. For a client's own sign-in address, the client's record applies.
    """
    return document_mapping.contact(contacts.add_contact(context, client, body.details()))


@routes.on("DELETE /clients/{client}/contacts/{contact}", contacts.remove_contact, responses={204: None})
def delete_contact(client: ClientId, contact: ContactId, context: CurrentContext) -> Response[None]:
    """Remove a contact. They lose access to the client's profile at once, but keep their other profiles."""
    contacts.remove_contact(context, client, contact)
    return Response(204)
