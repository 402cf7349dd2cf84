"""Clients and accounts in memory, to which decisions about access are applied."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from latchkey.rules import access, address_changes, contacts, revocations
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import Account, AccountKey, AccountStatus, SessionRef
from latchkey.rules.clients import AddressOnFile, Client, Contact
from tests.kit.clock import NOON

ADDRESSES = ("ana@example.com", "ben@example.com", "cleo@example.com")
CLIENTS = tuple(f"01KJTEST00000000000000000{n}" for n in range(3))
ANA, BEN = ADDRESSES[:2]
ONE, TWO, THREE = CLIENTS


def key_of(address: str) -> AccountKey:
    """Return the key of an address's account."""
    return AccountKey(address.encode()[:4] * 4)


def filed(address: str, *, email_ok: bool = True) -> AddressOnFile:
    """Return an address on file."""
    return AddressOnFile(address, email_ok, "dr", NOON)


class Records:
    """Clients and accounts, as the store would hold them."""

    def __init__(self) -> None:
        emails = tuple(filed(address) for address in ADDRESSES)
        self.clients = {id_: Client(id_, "willow", id_[-1], emails=emails, revision=1) for id_ in CLIENTS}
        self.accounts: dict[AccountKey, Account] = {}
        self.ids = count(1)

    def decide(self, client: str, decide: Callable[[Client, AccountsByKey], AccessChange]) -> AccessChange:
        """Apply a decision and return its change."""
        change = decide(self.clients[client], dict(self.accounts))
        self.clients[client] = replace(change.client, revision=change.client.revision + 1)
        for account in change.accounts:
            before = self.accounts.get(account.key)
            assert account.revision == (before.revision if before else 0)
            assert account.epoch >= (before.epoch if before else 1)
            self.accounts[account.key] = replace(account, revision=account.revision + 1)
        return change

    def invite(self, client: str, address: str) -> AccessChange:
        """Invite a client by an address."""
        new_id = str(next(self.ids))
        return self.decide(
            client,
            lambda it, accounts_by_key: access.invite(it, address, key_of(address), accounts_by_key, new_id, NOON),
        )

    def change_address(
        self, client: str, address: str, *, email_ok: bool = True, disable_and_resend: bool = True
    ) -> AccessChange:
        """Save an address as a client's."""
        email, new_id = filed(address, email_ok=email_ok), str(next(self.ids))
        return self.decide(
            client,
            lambda it, accounts_by_key: address_changes.change_address(
                it,
                email,
                key_of(address),
                accounts_by_key,
                disable_and_resend=disable_and_resend,
                new_id=new_id,
                now=NOON,
            ),
        )

    def grant(self, client: str, address: str) -> AccessChange:
        """Add a contact with that address."""
        new_id = str(next(self.ids))
        contact = Contact(f"c{new_id}", "Jo", filed(address), "guardian", key_of(address))
        return self.decide(
            client, lambda it, accounts_by_key: contacts.add_contact(it, contact, accounts_by_key, new_id)
        )

    def revoke(self, client: str, _: str) -> None:
        """Remove the first contact."""
        contact = next(iter(self.clients[client].contacts), None)
        if contact:
            self.decide(client, lambda it, accounts_by_key: contacts.remove_contact(it, contact, accounts_by_key, NOON))

    def disable(self, client: str, _: str) -> AccessChange:
        """End a client's access."""
        return self.decide(client, lambda it, accounts_by_key: revocations.disable(it, accounts_by_key, NOON))

    def sign_out(self, client: str, _: str) -> AccessChange:
        """End a client's sessions."""
        return self.decide(client, revocations.end_sessions)

    def erase(self, client: str, _: str) -> None:
        """Erase a client, and add them again with the same id."""
        self.decide(client, lambda it, accounts_by_key: access.erase(it, accounts_by_key, NOON))
        emails = tuple(filed(address) for address in ADDRESSES)
        self.clients[client] = Client(client, "willow", client[-1], emails=emails, revision=1)

    def sign_in(self, _: str, address: str) -> None:
        """Sign in by an address, if its account may sign in."""
        account = self.accounts.get(key_of(address))
        if account and account.may_sign_in:
            opened = (*account.sessions, SessionRef(f"s{next(self.ids)}", NOON))
            self.accounts[account.key] = replace(account, status=AccountStatus.ACTIVE, sessions=opened)

    def check(self) -> None:
        """Assert the properties that hold after every step."""
        for client in self.clients.values():
            own = access.own_account(client, self.accounts)
            assert own is None or own.owner == client.id
        for account in self.accounts.values():
            owners = [
                client.id
                for client in self.clients.values()
                if client.access_key == account.key and account.owner == client.id
            ]
            assert owners == ([account.owner] if account.owner else [])
            opened_by = {
                client.id
                for client in self.clients.values()
                if client.id == account.owner or any(contact.account_key == account.key for contact in client.contacts)
            }
            assert {profile.id for profile in account.profiles} <= opened_by
            if not account.may_sign_in:
                assert account.sessions == ()
            else:
                assert account.profiles
