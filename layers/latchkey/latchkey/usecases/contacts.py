"""Use cases of contacts: people who sign in as themselves and may open a client's profile."""

from dataclasses import dataclass, field, replace

from latchkey import tokens
from latchkey.rules import addresses, contacts
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import AccessStatus, Account
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import BodyInvalid, RecordNotFound
from latchkey.store import accounts, clients, mail_status
from latchkey.usecases import client_access, outbox, rate_limits
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import RateLimit, use_case

MAX_CONTACTS = 20
"""Contacts of one client."""


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """A contact to add to a client."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    email_ok: bool | None = None
    """The consent to be emailed there. None keeps the consent that is on file for the address."""
    relation: str = "contact"


@dataclass(frozen=True, slots=True)
class ContactAccount:
    """A contact, with the account that they sign in to."""

    client_id: str
    contact: Contact
    account: Account | None

    @property
    def status(self) -> AccessStatus:
        """The status of the contact's access to this client's profile."""
        return contact_status(self.account, self.client_id)


def contact_status(account: Account | None, client_id: str) -> AccessStatus:
    """Return the status of a contact's access to a client's profile. It is disabled if the account cannot open it."""
    if account is None:
        return "none"
    return account.status.value if account.profile(client_id) else "disabled"


@use_case(Role.CLINICIAN)
def list_contacts(context: RequestContext, client_id: str) -> tuple[ContactAccount, ...]:
    """Return the contacts of a client, with their accounts."""
    client = client_access.find(context, client_id)
    accounts_by_key = mail_status.with_newest_of_each(
        accounts.find_all({contact.account_key for contact in client.contacts})
    )
    return tuple(
        ContactAccount(client.id, contact, accounts_by_key.get(contact.account_key)) for contact in client.contacts
    )


@use_case(Role.CLINICIAN)
def read_contact(context: RequestContext, client_id: str, contact_id: str) -> ContactAccount:
    """Return one contact of a client."""
    contact = _contact(client_access.find(context, client_id), contact_id)
    account = accounts.find(contact.account_key)
    return ContactAccount(client_id, contact, account and mail_status.with_newest(account))


@use_case(Role.CLINICIAN, idempotent=True, rate_limit=RateLimit.INVITATIONS)
def add_contact(context: RequestContext, client_id: str, details: ContactDetails) -> ContactAccount:
    """Let a person open a client's profile with a sign-in of their own. Return the contact.

    An account that exists gets one more profile. A new account is invited if the person agreed to be emailed. If the
    address is already a contact of this client, that contact is changed.
    """
    client = clients.find(context.slug, client_id)
    address = addresses.for_mail(details.address)
    account_key = accounts.key_of(context.slug, addresses.canonical(details.address))
    existing_id = next((contact.id for contact in client.contacts if contact.account_key == account_key), None)
    contact_id = existing_id or tokens.new_ulid(context.now_ms)
    reasons = {
        EventKind.PROFILE_GRANTED: contact_id,
        EventKind.CONSENT_CHANGED: "given" if details.email_ok else "withdrawn",
    }

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        if len({*(contact.account_key for contact in current.contacts), account_key}) > MAX_CONTACTS:
            raise BodyInvalid((("body", f"A client has {MAX_CONTACTS} contacts at most"),))
        email_ok = details.email_ok
        if email_ok is None:
            email_ok = contacts.has_consent(accounts_by_key.get(account_key))
        email = AddressOnFile(address, email_ok, context.clinician.subject, context.now)
        contact = Contact(contact_id, details.name, email, details.relation, account_key)
        return contacts.add_contact(current, contact, accounts_by_key, tokens.new_ulid(context.now_ms))

    with rate_limits.reserve(context) as reservations:
        changed = clients.apply(client, decide, {account_key}, context.event_factory(reasons))
        account = changed.account(account_key)
        if changed.includes(EventKind.INVITATION_REQUESTED):
            outbox.queue_invitation(context, account, reservations)
            account = replace(account, email_status="queued")
        else:
            reservations.release_all()
    return ContactAccount(client_id, _contact(changed.client, contact_id), account)


@use_case(Role.CLINICIAN)
def remove_contact(context: RequestContext, client_id: str, contact_id: str) -> None:
    """Remove a contact. They lose access to the client's profile at once, but keep their other profiles."""

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        return contacts.remove_contact(current, _contact(current, contact_id), accounts_by_key, context.now)

    to_event = context.event_factory({EventKind.PROFILE_REVOKED: contact_id})
    clients.apply(clients.find(context.slug, client_id), decide, set(), to_event)


def _contact(client: Client, contact_id: str) -> Contact:
    """Return the client's contact of that id.

    :raises RecordNotFound: there is none.
    """
    contact = client.contact(contact_id)
    if contact is None:
        raise RecordNotFound
    return contact
