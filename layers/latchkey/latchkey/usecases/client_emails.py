"""Use cases of the addresses on file besides the one that a client signs in with (B159)."""

from latchkey.rules import address_changes, addresses
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.clients import AddressOnFile, Client
from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import BodyInvalid, EmailMalformed, RecordNotFound
from latchkey.store import accounts, clients
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import use_case

MAX_EMAILS = 10
"""Addresses on file of one client."""


@use_case(Role.CLINICIAN)
def add_email(context: RequestContext, client_id: str, address: str, *, email_ok: bool) -> AddressOnFile:
    """Put an address on file, with the consent to be emailed there. An address on file gets the new consent."""
    email = AddressOnFile(addresses.for_mail(address), email_ok, context.clinician.subject, context.now)
    account_key = accounts.key_of(context.slug, addresses.canonical(address))

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        change = address_changes.add_address(current, email, account_key, accounts_by_key)
        if len(change.client.emails) > max(MAX_EMAILS, len(current.emails)):
            raise BodyInvalid((("body", f"A client has {MAX_EMAILS} addresses at most"),))
        return change

    to_event = context.event_factory({EventKind.CONSENT_CHANGED: "given" if email_ok else "withdrawn"})
    clients.apply(clients.find(context.slug, client_id), decide, {account_key}, to_event)
    return email


@use_case(Role.CLINICIAN)
def remove_email(context: RequestContext, client_id: str, address: str) -> None:
    """Take an address off file.

    :raises AccessAddress: the client signs in with it.
    :raises RecordNotFound: the client has no such address.
    """
    client = clients.find(context.slug, client_id)
    try:
        account_key = accounts.key_of(context.slug, addresses.canonical(address))
    except EmailMalformed:
        raise RecordNotFound from None

    def decide(current: Client, _: AccountsByKey) -> AccessChange:
        email = current.email(address)
        if email is None:
            raise RecordNotFound
        return address_changes.remove_address(current, email, account_key)

    clients.apply(client, decide, set(), context.event_factory({EventKind.ADDRESS_CHANGED: "removed"}))
