"""Whatever clinicians decide, in whatever order: what stays true of clients, accounts and who may open what."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchkey.rules import access
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import Account, AccountStatus, SessionRef
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import EventKind
from latchkey.rules.refusals import (
    AddressChangeUnconfirmed,
    AddressSuppressed,
    AlreadySignedIn,
    ConsentMissing,
    EmailInUse,
    NoAccess,
    OpenedByOthers,
    Refusal,
)
from tests.kit.clock import NOON

ADDRESSES = ("ana@example.com", "ben@example.com", "cleo@example.com")
CLIENTS = tuple(f"01KJTEST00000000000000000{n}" for n in range(3))


def key_of(address: str) -> bytes:
    return address.encode()[:4] * 4


def filed(address: str, *, email_ok: bool = True) -> AddressOnFile:
    return AddressOnFile(address, email_ok, "dr", NOON)


class World:
    """Clients and accounts, as the store would keep them."""

    def __init__(self) -> None:
        emails = tuple(filed(address) for address in ADDRESSES)
        self.clients = {one: Client(one, "willow", one[-1], emails=emails, revision=1) for one in CLIENTS}
        self.accounts: dict[bytes, Account] = {}
        self.ids = count(1)

    def decide(self, client: str, decide: Callable[[Client, AccountsByKey], AccessChange]) -> AccessChange:
        """Carry a decision out."""
        change = decide(self.clients[client], dict(self.accounts))
        self.clients[client] = replace(change.client, revision=change.client.revision + 1)
        for account in change.accounts:
            before = self.accounts.get(account.key)
            assert account.revision == (before.revision if before else 0)
            assert account.epoch >= (before.epoch if before else 1)
            self.accounts[account.key] = replace(account, revision=account.revision + 1)
        return change

    def invite(self, client: str, address: str) -> AccessChange:
        new_id = str(next(self.ids))
        return self.decide(client, lambda it, known: access.invite(it, address, key_of(address), known, new_id, NOON))

    def change_address(self, client: str, address: str, *, email_ok: bool = True, agreed: bool = True) -> AccessChange:
        email, new_id = filed(address, email_ok=email_ok), str(next(self.ids))
        return self.decide(
            client,
            lambda it, known: access.change_address(
                it, email, key_of(address), known, agreed=agreed, new_id=new_id, now=NOON
            ),
        )

    def grant(self, client: str, address: str) -> AccessChange:
        new_id = str(next(self.ids))
        contact = Contact(f"c{new_id}", "Jo", filed(address), "guardian", key_of(address))
        return self.decide(client, lambda it, known: access.add_contact(it, contact, known, new_id))

    def revoke(self, client: str, _: str) -> None:
        contact = next(iter(self.clients[client].contacts), None)
        if contact:
            self.decide(client, lambda it, known: access.remove_contact(it, contact, known, NOON))

    def disable(self, client: str, _: str) -> AccessChange:
        return self.decide(client, lambda it, known: access.disable(it, known, NOON))

    def sign_out(self, client: str, _: str) -> AccessChange:
        return self.decide(client, access.end_sessions)

    def erase(self, client: str, _: str) -> None:
        self.decide(client, lambda it, known: access.erase(it, known, NOON))
        emails = tuple(filed(address) for address in ADDRESSES)
        self.clients[client] = Client(client, "willow", client[-1], emails=emails, revision=1)

    def sign_in(self, _: str, address: str) -> None:
        account = self.accounts.get(key_of(address))
        if account and account.may_sign_in:
            opened = (*account.sessions, SessionRef(f"s{next(self.ids)}", NOON))
            self.accounts[account.key] = replace(account, status=AccountStatus.ACTIVE, sessions=opened)

    def check(self) -> None:
        """What is always true."""
        for client in self.clients.values():
            own = access.own_account(client, self.accounts)
            assert own is None or own.owner == client.id
        for account in self.accounts.values():
            owners = [
                one.id for one in self.clients.values() if one.access_key == account.key and account.owner == one.id
            ]
            assert owners == ([account.owner] if account.owner else [])
            opened_by = {
                one.id
                for one in self.clients.values()
                if one.id == account.owner or any(contact.account_key == account.key for contact in one.contacts)
            }
            assert {profile.id for profile in account.profiles} <= opened_by
            if not account.may_sign_in:
                assert account.sessions == ()
            else:
                assert account.profiles


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["invite", "readdress", "grant", "revoke", "disable", "erase", "sign_in"]),
        st.sampled_from(CLIENTS),
        st.sampled_from(ADDRESSES),
    ),
    max_size=25,
)


@given(STEPS)
def test_nobody_opens_what_was_not_granted_and_no_address_is_two_clients(steps: list[tuple[str, str, str]]) -> None:
    world = World()
    for step, client, address in steps:
        epochs = {key: account.epoch for key, account in world.accounts.items()}
        with suppress(Refusal):
            getattr(world, step)(client, address)
        world.check()
        assert all(world.accounts[key].epoch >= epoch for key, epoch in epochs.items())


@given(STEPS)
def test_what_has_ended_once_needs_a_higher_epoch_to_reopened(steps: list[tuple[str, str, str]]) -> None:
    world = World()
    ended: dict[bytes, int] = {}
    for step, client, address in steps:
        try:
            getattr(world, step)(client, address)
        except Refusal:
            continue
        for key, account in world.accounts.items():
            if not account.may_sign_in:
                ended[key] = account.epoch
            elif key in ended:
                assert account.epoch >= ended[key]


@given(STEPS, st.sampled_from(CLIENTS))
def test_after_access_has_ended_nobody_opens_the_profile(steps: list[tuple[str, str, str]], client: str) -> None:
    """B154: it ends for all, or is refused with everyone who still would, and nothing changes."""
    world = World()
    for step, whose, address in steps:
        with suppress(Refusal):
            getattr(world, step)(whose, address)
    before = dict(world.accounts)
    for ending in (world.disable, world.sign_out):
        opening = {one.key for one in before.values() if one.may_sign_in and one.profile(client)}
        others = {contact.account_key for contact in world.clients[client].contacts} & opening
        others -= {one.key for one in before.values() if one.owner == client}
        if others:
            with pytest.raises(OpenedByOthers) as refused:
                ending(client, ANA)
            assert len(refused.value.people) == len(others)
            assert world.accounts == before
            continue
        ending(client, ANA)
        left = [world.accounts[key] for key in opening]
        assert not any(one.sessions for one in left)
        assert ending == world.sign_out or not any(one.may_sign_in for one in left)


ANA, BEN = ADDRESSES[:2]
ONE, TWO, THREE = CLIENTS


def test_an_address_needs_confirmation_only_where_something_would_end() -> None:
    world = World()
    world.change_address(ONE, ANA, agreed=False)
    world.invite(ONE, ANA)
    with pytest.raises(AddressChangeUnconfirmed):
        world.change_address(ONE, BEN, agreed=False)
    world.change_address(ONE, ANA, agreed=False)
    world.disable(ONE, ANA)
    world.change_address(ONE, BEN, agreed=False)


def test_the_reasons_against_an_invitation() -> None:
    world = World()
    world.invite(ONE, ANA)
    with pytest.raises(EmailInUse):
        world.invite(TWO, ANA)
    world.sign_in(ONE, ANA)
    with pytest.raises(AlreadySignedIn):
        world.invite(ONE, ANA)
    world.accounts[key_of(BEN)] = Account(key_of(BEN), "x", "willow", BEN, "", suppressed=True)
    with pytest.raises(AddressSuppressed):
        world.invite(ONE, BEN)
    with pytest.raises(ConsentMissing):
        world.change_address(TWO, BEN, email_ok=False)


def test_an_address_is_chosen_in_the_order_requested_used_consented() -> None:
    refused, agreed = filed(ANA, email_ok=False), filed(BEN)
    client = Client(ONE, "willow", "Kim", emails=(refused, agreed))
    assert access.invitation_address(client, None) == BEN
    assert access.invitation_address(replace(client, access_address=BEN), None) == BEN
    for request in (ANA, "typed@example.com"):
        with pytest.raises(ConsentMissing):
            access.invitation_address(client, request)
    with pytest.raises(ConsentMissing):
        access.invitation_address(replace(client, access_address=ANA), None)


def test_nothing_is_done_twice() -> None:
    world = World()
    world.invite(ONE, ANA)
    assert world.disable(ONE, ANA).includes(EventKind.ACCESS_DISABLED)
    assert world.disable(ONE, ANA).events == ()
    with pytest.raises(NoAccess):
        access.require_own_account(world.clients[ONE], world.accounts)


def test_an_address_is_confirmed_whoevers_it_was_and_not_whoevers_it_is() -> None:
    world = World()
    world.invite(ONE, ANA)
    world.accounts[key_of(ANA)] = replace(
        world.accounts[key_of(ANA)], suppressed=True, email_status="bounced", identities={"google": "first"}
    )
    with pytest.raises(EmailInUse):
        world.change_address(TWO, ANA, agreed=False)
    assert world.accounts[key_of(ANA)].suppressed
    world.disable(ONE, ANA)
    ended = world.accounts[key_of(ANA)]
    world.change_address(TWO, ANA, email_ok=False, agreed=False)
    # nothing else of the one whose it was is touched
    confirmed = replace(ended, suppressed=False, confirmed_at=NOON, email_status="none", revision=ended.revision + 1)
    assert world.accounts[key_of(ANA)] == confirmed
    assert world.invite(ONE, ANA).includes(EventKind.INVITATION_REQUESTED)


def test_a_bounce_is_forgiven_by_confirming_and_not_by_another_request() -> None:
    world = World()
    world.invite(ONE, ANA)
    world.accounts[key_of(ANA)] = replace(world.accounts[key_of(ANA)], suppressed=True)
    with pytest.raises(AddressSuppressed):
        world.invite(ONE, ANA)
    world.change_address(ONE, ANA, agreed=False)
    assert not world.accounts[key_of(ANA)].suppressed
    assert world.invite(ONE, ANA).includes(EventKind.INVITATION_REQUESTED)
