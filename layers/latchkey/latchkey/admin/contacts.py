"""People who sign in as themselves and may open a client's profile: guardians, partners, contacts."""

from dataclasses import replace

from aws_lambda_powertools.event_handler import Response

from latchkey import tokens
from latchkey.admin import documents, post
from latchkey.admin.acts import Acting
from latchkey.admin.bodies import MOST_CONTACTS, NewContact
from latchkey.admin.documents import ContactDocument, ContactList
from latchkey.admin.parts import ClientId, ContactId
from latchkey.admin.routes import Routes
from latchkey.rules import access, addresses
from latchkey.rules.access import Accounts, Change
from latchkey.rules.clients import Client, Contact, Email
from latchkey.rules.events import Kind
from latchkey.rules.members import Role
from latchkey.rules.refusals import BodyInvalid, EmailMalformed, NotYours, Waiting
from latchkey.store import accounts, budgets, clients

routes = Routes("contacts")


@routes.on("GET /clients/{client}/contacts", Role.CLINICIAN, gives={200: ContactList})
def get_contacts(client: ClientId, act: Acting) -> ContactList:
    """List who may open a client's profile."""
    found = clients.find(act.slug, client)
    known = accounts.find_all({one.account for one in found.contacts})
    return ContactList(contacts=[documents.contact(one, known.get(one.account)) for one in found.contacts])


@routes.on("GET /clients/{client}/contacts/{contact}", Role.CLINICIAN, gives={200: ContactDocument})
def get_contact(client: ClientId, contact: ContactId, act: Acting) -> ContactDocument:
    """Read a contact."""
    found = _contact(clients.find(act.slug, client), contact)
    return documents.contact(found, accounts.find(found.account))


@routes.on(
    "POST /clients/{client}/contacts",
    Role.CLINICIAN,
    gives={201: ContactDocument},
    refuses=(EmailMalformed, Waiting),
    sends=True,
)
def post_contact(client: ClientId, body: NewContact, act: Acting) -> ContactDocument:
    """Let someone open a client's profile by a sign-in of their own.

    Whoever signs in here already gains one more profile. Someone new is invited if they have agreed to be emailed, and
    can else be given a PIN. The same address again changes the contact it belongs to; with `email_ok` it also confirms
    the address, which lets mail go there again after it came back. The last `email_ok` that is recorded for an address
    is in force for all whose contact it is; that of an address which a client signs in by is the client's own.
    """
    found = clients.find(act.slug, client)
    address = addresses.on_file(body.email)
    key = accounts.key_of(act.slug, addresses.canonical(body.email))
    known_as = next((one.id for one in found.contacts if one.account == key), None)
    contact_id = known_as or tokens.ulid(act.instant)
    reasons = {Kind.PROFILE_GRANTED: contact_id, Kind.CONSENT_CHANGED: "given" if body.email_ok else "withdrawn"}

    def decide(current: Client, known: Accounts) -> Change:
        if len({*(one.account for one in current.contacts), key}) > MOST_CONTACTS:
            raise BodyInvalid((("body", f"A client has {MOST_CONTACTS} contacts at most"),))
        agreed = body.email_ok if body.email_ok is not None else access.may_be_emailed(known.get(key))
        email = Email(address, agreed, act.clinician.subject, act.now)
        contact = Contact(contact_id, body.name, email, body.relation, key)
        return access.add_contact(current, contact, known, tokens.ulid(act.instant))

    with post.counted(act) as count:
        changed = clients.change(found, decide, {key}, act.noting(reasons))
        account = changed.account(key)
        if changed.happened(Kind.INVITATION_REQUESTED):
            post.invite(act, account)
            account = replace(account, email_status="queued")
        else:
            budgets.give_back(count)
    return documents.contact(_contact(changed.client, contact_id), account)


@routes.on("DELETE /clients/{client}/contacts/{contact}", Role.CLINICIAN, gives={204: None})
def delete_contact(client: ClientId, contact: ContactId, act: Acting) -> Response[None]:
    """Close a client's profile to someone, at once; what else they may open stays open."""

    def decide(current: Client, known: Accounts) -> Change:
        return access.remove_contact(current, _contact(current, contact), known, act.now)

    clients.change(clients.find(act.slug, client), decide, set(), act.noting({Kind.PROFILE_REVOKED: contact}))
    return Response(204)


def _contact(client: Client, contact: str) -> Contact:
    """One of the client's contacts.

    :raises NotYours: there is none of that id.
    """
    found = client.contact(contact)
    if found is None:
        raise NotYours
    return found
