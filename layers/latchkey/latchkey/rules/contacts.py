"""Contacts of a client: people who sign in as themselves and may open the client's profile."""

from dataclasses import replace
from typing import Literal, get_args

from latchkey.rules.access import AccessChange, AccountsByKey, new_account, own_account
from latchkey.rules.accounts import Account, AccountStatus
from latchkey.rules.attention import INVITED_SECONDS
from latchkey.rules.clients import Client, Contact
from latchkey.rules.events import EventKind

type Relation = Literal[
    "parent",
    "guardian",
    "grandparent",
    "spouse",
    "partner",
    "child",
    "other relative",
    "caregiver",
    "other contact",
]
"""A relation of a contact to the client that pages translate (B147). Any other word is shown as it was typed."""

UNSPECIFIED_RELATION = "contact"
"""The relation of a contact for whom none was given. Pages do not show it."""

RELATIONS: tuple[Relation, ...] = get_args(Relation.__value__)


def relation_of(text: str | None) -> Relation | None:
    """Return the relation that a typed text names, in any case. None for a word that is not in the list."""
    folded = (text or "").strip().casefold()
    return next((relation for relation in RELATIONS if relation == folded), None)


def has_consent(account: Account | None) -> bool:
    """Return True if the account's person is on record as consenting to mail."""
    return account is not None and account.address != "" and account.email_ok


def add_contact(client: Client, contact: Contact, accounts_by_key: AccountsByKey, new_id: str) -> AccessChange:
    """Return the change that lets a contact open the client's profile (B107).

    An account that may sign in gains the profile. A new account is invited if the contact has consented to mail, and
    signs in by PIN if not. `new_id` is the id of a new account.

    The latest recorded consent counts, whichever client the contact was added to. Consent for a client's own sign-in
    address changes only in that client's record. Adding the same contact again, with consent, confirms the address.
    """
    # No account, or an erased one (empty address): create it. Able to sign in: add the profile, send nothing.
    # Disabled: reinstate without the person's own profile, so that a contact entry never undoes a disable.
    # The same contact again may repeat a request whose mail failed, so "queued" counts as not sent.
    account = accounts_by_key.get(contact.account_key)
    events = [(client.audit_key, EventKind.PROFILE_GRANTED)]
    other_contacts = tuple(known for known in client.contacts if known.account_key != contact.account_key)
    already_contact = len(other_contacts) < len(client.contacts)
    if account is None or not account.address:
        granted = new_account(client, contact.account_key, contact.email.address, contact.name, account, new_id)
        needs_invitation = True
    else:
        granted = account if account.may_sign_in else account.reinstated()
        if granted.owner is None and contact.email.email_ok != granted.email_ok:
            events.append((contact.account_key, EventKind.CONSENT_CHANGED))
        if granted.owner is None and contact.email.email_ok and already_contact:
            granted = granted.confirmed(contact.email.recorded_at)
        unsent = ("none", "queued") if already_contact else ("none",)
        is_uninvited = granted.status is AccountStatus.INVITED and granted.email_status in unsent
        needs_invitation = not account.may_sign_in or is_uninvited
    email_ok = contact.email.email_ok if granted.owner is None else granted.email_ok
    profile = replace(client.profile, relation=contact.relation, grant=new_id)
    granted = replace(granted, email_ok=email_ok).with_profile(profile)
    if needs_invitation:
        granted = granted.awaited(contact.email.recorded_at + INVITED_SECONDS)
    if needs_invitation and granted.can_receive_mail:
        events.append((contact.account_key, EventKind.INVITATION_REQUESTED))
    return AccessChange(replace(client, contacts=(*other_contacts, contact)), (granted,), tuple(events))


def remove_contact(client: Client, contact: Contact, accounts_by_key: AccountsByKey, now: int) -> AccessChange:
    """Return the change that closes the client's profile to a contact. `now` is Unix seconds.

    The contact's sessions with this profile end with it. The profile stays open to the client's own account.
    """
    remaining = tuple(known for known in client.contacts if known.id != contact.id)
    account, own = accounts_by_key.get(contact.account_key), own_account(client, accounts_by_key)
    is_own = own is not None and own.key == contact.account_key
    accounts = () if account is None or is_own else (account.without_profile(client.id, now),)
    return AccessChange(replace(client, contacts=remaining), accounts, ((client.audit_key, EventKind.PROFILE_REVOKED),))
