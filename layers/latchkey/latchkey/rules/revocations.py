"""The end of access and of sessions, for a client and for the contacts who open the client's profile (B154)."""

from dataclasses import replace
from typing import Literal

from latchkey.rules.access import AccessChange, AccountsByKey, own_account
from latchkey.rules.accounts import Account
from latchkey.rules.clients import Client, Contact
from latchkey.rules.events import EventKind
from latchkey.rules.providers import ProviderName
from latchkey.rules.refusals import OpenedByOthers, Opener

type People = frozenset[str] | Literal["everyone"]
"""The contacts that a request ends access for, by id, besides the client."""

NOBODY_ELSE: People = frozenset()


def opened_by_others(client: Client, accounts_by_key: AccountsByKey) -> tuple[Opener, ...]:
    """Return the contacts who can open the client's profile now by an account that is not the client's own."""
    return tuple(
        Opener(contact.id, contact.name, contact.email.address, contact.relation)
        for contact, _ in openers(client, accounts_by_key)
    )


def openers(client: Client, accounts_by_key: AccountsByKey) -> tuple[tuple[Contact, Account], ...]:
    """Return the contacts of `opened_by_others` with their accounts."""
    own = own_account(client, accounts_by_key)
    return tuple(
        (contact, account)
        for contact in client.contacts
        if (account := accounts_by_key.get(contact.account_key)) is not None
        and account is not own
        and account.may_sign_in
        and account.profile(client.id)
    )


def disable(client: Client, accounts_by_key: AccountsByKey, now: int, people: People = NOBODY_ELSE) -> AccessChange:
    """Return the change that ends the client's access at once, with all links, PINs and sessions (B62).

    The contacts in `people` lose the profile, and keep their other profiles. An account without another profile is
    revoked. The change is empty if nobody has access. `now` is Unix seconds.

    :raises OpenedByOthers: a contact who is not in `people` could still open the profile.
    """
    others = _included(client, accounts_by_key, people)
    accounts = [account.without_profile(client.id, now) for account in others]
    events = [(account.key, EventKind.PROFILE_REVOKED) for account in others]
    own = own_account(client, accounts_by_key)
    if own is not None and own.may_sign_in:
        accounts.append(own.revoked(now))
        events.append((own.key, EventKind.ACCESS_DISABLED))
    return AccessChange(client, tuple(accounts), tuple(events))


def end_sessions(
    client: Client, accounts_by_key: AccountsByKey, people: People = NOBODY_ELSE, new_id: str = ""
) -> AccessChange:
    """Return the change that ends all sessions of the client.

    Sessions of the contacts in `people` end if they have the profile open. `new_id` is a new ULID, which these need.

    :raises OpenedByOthers: a contact who is not in `people` may be signed in to the profile, and would stay signed in.
    """
    others = _included(client, accounts_by_key, people)
    accounts = [account.with_new_grant(client.id, new_id) for account in others]
    events = [(account.key, EventKind.SESSION_ENDED) for account in others]
    own = own_account(client, accounts_by_key)
    if own is not None and own.sessions:
        accounts.append(own.without_sessions())
        events.append((own.key, EventKind.SESSION_ENDED))
    return AccessChange(client, tuple(accounts), tuple(events))


def unlink_identity(client: Client, accounts_by_key: AccountsByKey, provider: ProviderName) -> AccessChange:
    """Return the change that unlinks the client's identity at a provider. The next identity to sign in is linked.

    :raises OpenedByOthers: the client has no account of their own, but contacts have. The request must be about one of
        these.
    """
    account = own_account(client, accounts_by_key)
    if account is None:
        _included(client, accounts_by_key, NOBODY_ELSE)
        return AccessChange(client)
    if provider not in account.identities:
        return AccessChange(client)
    identities = {name: subject for name, subject in account.identities.items() if name != provider}
    unlinked = replace(account, identities=identities)
    return AccessChange(client, (unlinked,), ((account.key, EventKind.identity_unlinked(provider)),))


def _included(client: Client, accounts_by_key: AccountsByKey, people: People) -> list[Account]:
    """Return the accounts of the contacts in `people` who can open the client's profile.

    :raises OpenedByOthers: another contact can open it too. The refusal lists only those.
    """
    pairs = openers(client, accounts_by_key)
    if people != "everyone" and any(contact.id not in people for contact, _ in pairs):
        others = opened_by_others(client, accounts_by_key)
        raise OpenedByOthers(tuple(person for person in others if person.contact not in people))
    return [account for _, account in pairs]
