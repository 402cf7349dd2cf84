"""People who sign in as themselves and may open a client's profile: guardians, partners, contacts."""

from dataclasses import replace

from aws_lambda_powertools.event_handler import Response

from latchkey import tokens
from latchkey.api import documents, outbox
from latchkey.api.bodies import MOST_CONTACTS, NewContact
from latchkey.api.context import CurrentContext
from latchkey.api.documents import ContactDocument, ContactList
from latchkey.api.pagination import ClientId, ContactId
from latchkey.api.routes import ResourceRoutes
from latchkey.rules import access, addresses
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import BodyInvalid, EmailMalformed, RateLimited, RecordNotFound
from latchkey.store import accounts, clients

routes = ResourceRoutes("contacts")


@routes.on("GET /clients/{client}/contacts", Role.CLINICIAN, gives={200: ContactList})
def get_contacts(client: ClientId, act: CurrentContext) -> ContactList:
    """List who may open a client's profile."""
    found = clients.find(act.slug, client)
    known = accounts.find_all({one.account_key for one in found.contacts})
    return ContactList(contacts=[documents.contact(one, known.get(one.account_key)) for one in found.contacts])


@routes.on("GET /clients/{client}/contacts/{contact}", Role.CLINICIAN, gives={200: ContactDocument})
def get_contact(client: ClientId, contact: ContactId, act: CurrentContext) -> ContactDocument:
    """Read a contact."""
    found = _contact(clients.find(act.slug, client), contact)
    return documents.contact(found, accounts.find(found.account_key))


@routes.on(
    "POST /clients/{client}/contacts",
    Role.CLINICIAN,
    gives={201: ContactDocument},
    refuses=(EmailMalformed, RateLimited),
    sends=True,
)
def post_contact(client: ClientId, body: NewContact, act: CurrentContext) -> ContactDocument:
    """Let someone open a client's profile by a sign-in of their own.

    Whoever signs in here already gains one more profile. Someone new is invited if they have agreed to be emailed, and
    can else be given a PIN. The same address again changes the contact it belongs to; with `email_ok` it also confirms
    the address, which lets mail go there again after it came back. The last `email_ok` that is recorded for an address
    is in force for all whose contact it is; that of an address which a client signs in by is the client's own.
    """
    found = clients.find(act.slug, client)
    address = addresses.for_mail(body.email)
    key = accounts.key_of(act.slug, addresses.canonical(body.email))
    known_as = next((one.id for one in found.contacts if one.account_key == key), None)
    contact_id = known_as or tokens.new_ulid(act.now_ms)
    reasons = {
        EventKind.PROFILE_GRANTED: contact_id,
        EventKind.CONSENT_CHANGED: "given" if body.email_ok else "withdrawn",
    }

    def decide(current: Client, known: AccountsByKey) -> AccessChange:
        if len({*(one.account_key for one in current.contacts), key}) > MOST_CONTACTS:
            raise BodyInvalid((("body", f"A client has {MOST_CONTACTS} contacts at most"),))
        agreed = body.email_ok if body.email_ok is not None else access.has_consent(known.get(key))
        email = AddressOnFile(address, agreed, act.clinician.subject, act.now)
        contact = Contact(contact_id, body.name, email, body.relation, key)
        return access.add_contact(current, contact, known, tokens.new_ulid(act.now_ms))

    with outbox.reserve(act) as reservations:
        changed = clients.apply(found, decide, {key}, act.event_factory(reasons))
        account = changed.account(key)
        if changed.includes(EventKind.INVITATION_REQUESTED):
            outbox.queue_invitation(act, account)
            account = replace(account, email_status="queued")
        else:
            reservations.release_all()
    return documents.contact(_contact(changed.client, contact_id), account)


@routes.on("DELETE /clients/{client}/contacts/{contact}", Role.CLINICIAN, gives={204: None})
def delete_contact(client: ClientId, contact: ContactId, act: CurrentContext) -> Response[None]:
    """Close a client's profile to someone, at once; what else they may open stays open."""

    def decide(current: Client, known: AccountsByKey) -> AccessChange:
        return access.remove_contact(current, _contact(current, contact), known, act.now)

    clients.apply(
        clients.find(act.slug, client), decide, set(), act.event_factory({EventKind.PROFILE_REVOKED: contact})
    )
    return Response(204)


def _contact(client: Client, contact: str) -> Contact:
    """One of the client's contacts.

    :raises NotYours: there is none of that id.
    """
    found = client.contact(contact)
    if found is None:
        raise RecordNotFound
    return found
