"""Decisions about a client's access, as values and without I/O: invite, read, erase.

Each function takes the values that were read and returns the values to write. The store writes all of them or none,
and only if nothing was changed in between. `now` is Unix seconds in each function.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from latchkey.rules.accounts import Account, AccountKey, AccountStatus
from latchkey.rules.attention import INVITED_SECONDS
from latchkey.rules.clients import Client
from latchkey.rules.events import EventKind
from latchkey.rules.refusals import (
    AddressSuppressed,
    AlreadySignedIn,
    ConsentMissing,
    EmailInUse,
    NoAccess,
)

type AccountsByKey = Mapping[AccountKey, Account]
"""Accounts as they were read, by key."""


RETRY_SECONDS = 5
"""Seconds that a program waits before it repeats a failed request (`Retry-After`)."""


@dataclass(frozen=True, slots=True)
class AccessChange:
    """The items of one change, which are written together."""

    client: Client
    """The new client. Its `revision` is the one that was read."""
    accounts: tuple[Account, ...] = field(default=(), repr=False)
    """The new accounts. Each `revision` is the one that was read, or 0 for a new account."""
    events: tuple[tuple[bytes, EventKind], ...] = ()
    """The audit events, each with its subject: the key of an account, or `Client.audit_key`."""

    def includes(self, kind: EventKind) -> bool:
        """Return True if the change has an event of that kind."""
        return any(kind is included for _, included in self.events)

    def account(self, account_key: AccountKey) -> Account:
        """Return the new account of that key."""
        return next(account for account in self.accounts if account.key == account_key)


def invitation_address(client: Client, requested: str | None) -> str:
    """Return the address to invite: the requested one, else the one with access, else the first with consent.

    :raises ConsentMissing: the client has no such address on file, or has not consented to mail there. Nothing is ever
        sent to an address that was only typed.
    """
    address = requested or client.access_address or next((e.address for e in client.emails if e.email_ok), None)
    email = client.email(address) if address else None
    if email is None or not email.email_ok:
        raise ConsentMissing
    return email.address


def invite(
    client: Client, address: str, account_key: AccountKey, accounts_by_key: AccountsByKey, new_id: str, now: int
) -> AccessChange:
    """Return the change that gives a client access by one of their addresses (B42, B58, B60).

    Access by any other address ends. `account_key` is the key of the address's account, `new_id` the id of a new
    account.

    :raises AlreadySignedIn: the client has already signed in by this address (B61).
    :raises EmailInUse: the address is another client's own sign-in (B90).
    :raises AddressSuppressed: mail to the address bounced or was complained about, and no clinician has confirmed it.
    """
    account, own = accounts_by_key.get(account_key), own_account(client, accounts_by_key)
    if own and own.key == account_key and own.status is AccountStatus.ACTIVE:
        raise AlreadySignedIn
    granted = _granted(client, address, account_key, account, new_id).awaited(now + INVITED_SECONDS)
    if granted.suppressed:
        raise AddressSuppressed
    accounts, events = [granted], [(account_key, EventKind.ACCESS_ENABLED)]
    if own and own.key != account_key:
        accounts.append(_no_longer_own(own, client, now))
        events += [(own.key, EventKind.ACCESS_DISABLED), (account_key, EventKind.ADDRESS_CHANGED)]
    used_keys = {*client.former_keys, client.access_key} - {account_key}
    former_keys = tuple(sorted(key for key in used_keys if key))
    sign_ins = [client.previous_sign_in_at, own.last_sign_in_at if own and own.key != account_key else None]
    invited = replace(
        client,
        access_key=account_key,
        access_address=address,
        former_keys=former_keys,
        invited_at=now,
        # A repeated invitation has the items of the one before. After a sign-in or an end of access nothing repeats.
        invited_items=client.invited_items if own and own.status is AccountStatus.INVITED else (),
        previous_sign_in_at=max((at for at in sign_ins if at), default=None),
    )
    return AccessChange(invited, tuple(accounts), (*events, (account_key, EventKind.INVITATION_REQUESTED)))


def own_account(client: Client, accounts_by_key: AccountsByKey) -> Account | None:
    """Return the account by which the client signs in as themselves, also if it is disabled.

    Return None if the client never had one, or if their former address is now another client's.
    """
    account = accounts_by_key.get(client.access_key) if client.access_key else None
    return account if account and account.owner == client.id else None


def require_own_account(client: Client, accounts_by_key: AccountsByKey) -> Account:
    """Return the client's own account.

    :raises NoAccess: the client has no account of their own, or it may not sign in.
    """
    account = own_account(client, accounts_by_key)
    if account is None or not account.may_sign_in:
        raise NoAccess
    return account


def update_profile(client: Client, accounts_by_key: AccountsByKey) -> AccessChange:
    """Return the change that copies the client's name, language and features to each account with the profile."""
    return AccessChange(
        client, tuple(_refreshed(account, client) for account in accounts_by_key.values() if account.profile(client.id))
    )


def erase(client: Client, accounts_by_key: AccountsByKey, now: int) -> AccessChange:
    """Return the change that takes the client's profile from every account.

    Accounts without another profile are revoked and anonymized. Their keys and epochs stay, so that no earlier link or
    PIN becomes valid again. Accounts of the client's former addresses are left to `former_accounts`.
    """
    accounts, events = [], []
    without_contacts = replace(client, contacts=())
    for account in accounts_by_key.values():
        if account.owner == client.id:
            remaining = _no_longer_own(account, without_contacts, now)
        elif account.profile(client.id):
            remaining = account.without_profile(client.id, now)
        else:
            continue
        accounts.append(remaining if remaining.profiles else remaining.anonymized())
        events.append((account.key, EventKind.PROFILE_REVOKED if remaining.profiles else EventKind.ACCESS_DISABLED))
    return AccessChange(client, tuple(accounts), (*events, (client.audit_key, EventKind.CLIENT_ERASED)))


def former_accounts(client: Client, accounts_by_key: AccountsByKey) -> tuple[Account, ...]:
    """Return the accounts of the client's former addresses that nobody else uses, anonymized."""
    return tuple(
        account.anonymized()
        for account in accounts_by_key.values()
        if account.key in client.former_keys and account.owner is None and not account.profiles and account.address
    )


def audit_subjects(client: Client, accounts_by_key: AccountsByKey) -> set[AccountKey]:
    """Return the keys of the accounts whose events are about the client.

    These are the accounts that open the profile, and those of the client's former addresses. Leave out accounts that
    are now another client's own sign-in, unless they belong to one of this client's contacts.
    """
    of_other_clients = {account.key for account in accounts_by_key.values() if account.owner not in (None, client.id)}
    of_contacts = {contact.account_key for contact in client.contacts}
    return of_contacts | {*client.former_keys, *account_keys(client)} - of_other_clients


def account_keys(client: Client) -> set[AccountKey]:
    """Return the keys of the accounts that open the client's profile."""
    return {contact.account_key for contact in client.contacts} | ({client.access_key} if client.access_key else set())


def new_account(
    client: Client, account_key: AccountKey, address: str, name: str, before: Account | None, new_id: str
) -> Account:
    """Return a new account for a person.

    `before` is the earlier account of the same address: erased, or another person's. Its epoch, suppression and
    revision are carried over, so that earlier links stay invalid.
    """
    account = Account(
        key=account_key, id=new_id, practice=client.practice, address=address, name=name, language=client.language
    )
    if before is None:
        return account
    return replace(
        account,
        epoch=before.epoch,
        ended_at=before.ended_at,
        suppressed=before.suppressed,
        confirmed_at=before.confirmed_at,
        email_status=before.email_status if before.suppressed else "none",
        revision=before.revision,
    )


def _granted(client: Client, address: str, account_key: AccountKey, account: Account | None, new_id: str) -> Account:
    if account and account.owner not in (None, client.id) and account.may_sign_in:
        raise EmailInUse
    if account is None or not account.address or account.owner not in (None, client.id):
        # A disabled account of another client must not bring that client's profiles along, so start a new one.
        account = new_account(client, account_key, address, client.name, account, new_id)
    granted = replace(
        account,
        address=address,
        name=client.name,
        language=client.language,
        email_ok=True,
        owner=client.id,
        status=account.status if account.may_sign_in else AccountStatus.INVITED,
    )
    return granted.with_profile(replace(client.profile, grant=new_id))


def _refreshed(account: Account, client: Client) -> Account:
    refreshed = account.with_profile(client.profile)
    return replace(refreshed, name=client.name, language=client.language) if account.owner == client.id else refreshed


def _no_longer_own(account: Account, client: Client, now: int) -> Account:
    """Return an account that is no longer the client's own sign-in.

    Its links, PINs and sessions end, also for other profiles. It stays able to sign in if it has other profiles.
    """
    is_contact = any(contact.account_key == account.key for contact in client.contacts)
    profiles = tuple(profile for profile in account.profiles if is_contact or profile.id != client.id)
    revoked = replace(account, owner=None, profiles=profiles).revoked(now)
    return replace(revoked, status=account.status) if profiles else revoked
