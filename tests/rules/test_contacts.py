"""Tests of contacts: profiles that an account gets when a contact is added, and loses when one is removed."""

from dataclasses import replace

from latchkey.rules import contacts
from latchkey.rules.accounts import AccountStatus
from latchkey.rules.clients import Contact
from latchkey.rules.events import EventKind
from tests.kit.clock import NOON
from tests.rules.records import ANA, BEN, ONE, TWO, Records, filed, key_of


def jo(address: str, *, email_ok: bool = True) -> Contact:
    return Contact("c", "Jo", filed(address, email_ok=email_ok), "guardian", key_of(address))


def test_a_new_contact_is_invited_only_with_consent() -> None:
    records = Records()
    for email_ok in (True, False):
        change = contacts.add_contact(records.clients[ONE], jo(BEN, email_ok=email_ok), {}, "1")
        assert change.includes(EventKind.INVITATION_REQUESTED) == email_ok
        assert change.account(key_of(BEN)).may_sign_in


def test_a_contact_with_a_queued_invitation_is_invited_once_more() -> None:
    records = Records()
    records.grant(ONE, BEN)
    for status, is_invited in (("none", True), ("queued", True), ("sent", False)):
        records.accounts[key_of(BEN)] = replace(records.accounts[key_of(BEN)], email_status=status)
        assert records.grant(ONE, BEN).includes(EventKind.INVITATION_REQUESTED) == is_invited
    records.accounts[key_of(BEN)] = replace(records.accounts[key_of(BEN)], email_status="queued")
    assert not records.grant(TWO, BEN).includes(EventKind.INVITATION_REQUESTED)


def test_a_disabled_client_who_becomes_a_contact_does_not_open_their_own_profile() -> None:
    records = Records()
    records.invite(ONE, ANA)
    records.disable(ONE, ANA)
    records.grant(TWO, ANA)
    account = records.accounts[key_of(ANA)]
    assert (account.owner, account.status) == (None, AccountStatus.INVITED)
    assert [profile.id for profile in account.profiles] == [TWO]


def test_a_contact_entry_does_not_change_consent_of_a_clients_own_address() -> None:
    records = Records()
    records.invite(ONE, ANA)
    change = contacts.add_contact(records.clients[TWO], jo(ANA, email_ok=False), records.accounts, "9")
    assert change.account(key_of(ANA)).email_ok
    assert not change.includes(EventKind.CONSENT_CHANGED)


def test_a_contact_without_another_profile_loses_access_and_the_linked_identity() -> None:
    records = Records()
    records.grant(ONE, BEN)
    records.accounts[key_of(BEN)] = replace(records.accounts[key_of(BEN)], identities={"google": "first"})
    contact = records.clients[ONE].contacts[0]
    removed = contacts.remove_contact(records.clients[ONE], contact, records.accounts, NOON).account(key_of(BEN))
    assert (removed.may_sign_in, removed.epoch, removed.identities) == (False, 2, {})


def test_a_client_who_is_their_own_contact_keeps_their_profile_when_the_contact_is_removed() -> None:
    records = Records()
    records.invite(ONE, ANA)
    records.grant(ONE, ANA)
    contact = records.clients[ONE].contacts[0]
    assert contacts.remove_contact(records.clients[ONE], contact, records.accounts, NOON).accounts == ()
