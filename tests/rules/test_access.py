"""Tests of decisions about access in any order: the properties that hold for clients, accounts and profiles."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchkey.rules import access
from latchkey.rules.accounts import Account
from latchkey.rules.clients import Client
from latchkey.rules.events import EventKind
from latchkey.rules.refusals import (
    AddressSuppressed,
    AlreadySignedIn,
    ConsentMissing,
    EmailInUse,
    NoAccess,
    OpenedByOthers,
    Refusal,
)
from tests.rules.records import ADDRESSES, ANA, BEN, CLIENTS, ONE, TWO, Records, filed, key_of

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["invite", "change_address", "grant", "revoke", "disable", "erase", "sign_in"]),
        st.sampled_from(CLIENTS),
        st.sampled_from(ADDRESSES),
    ),
    max_size=25,
)


@given(STEPS)
def test_no_account_opens_a_profile_without_a_grant_or_has_two_owners(steps: list[tuple[str, str, str]]) -> None:
    records = Records()
    for step, client, address in steps:
        epochs = {key: account.epoch for key, account in records.accounts.items()}
        with suppress(Refusal):
            getattr(records, step)(client, address)
        records.check()
        assert all(records.accounts[key].epoch >= epoch for key, epoch in epochs.items())


@given(STEPS)
def test_an_account_never_gets_a_lower_epoch_after_it_was_disabled(steps: list[tuple[str, str, str]]) -> None:
    records = Records()
    ended: dict[bytes, int] = {}
    for step, client, address in steps:
        try:
            getattr(records, step)(client, address)
        except Refusal:
            continue
        for key, account in records.accounts.items():
            if not account.may_sign_in:
                ended[key] = account.epoch
            elif key in ended:
                assert account.epoch >= ended[key]


@given(STEPS, st.sampled_from(CLIENTS))
def test_after_access_has_ended_no_account_opens_the_profile(steps: list[tuple[str, str, str]], client: str) -> None:
    """B154: access ends for all. If contacts still open the profile, they are named and nothing changes."""
    records = Records()
    for step, subject, address in steps:
        with suppress(Refusal):
            getattr(records, step)(subject, address)
    before = dict(records.accounts)
    for revoke in (records.disable, records.sign_out):
        opening = {account.key for account in before.values() if account.may_sign_in and account.profile(client)}
        others = {contact.account_key for contact in records.clients[client].contacts} & opening
        others -= {account.key for account in before.values() if account.owner == client}
        if others:
            with pytest.raises(OpenedByOthers) as refused:
                revoke(client, ANA)
            assert len(refused.value.people) == len(others)
            assert records.accounts == before
            continue
        revoke(client, ANA)
        remaining = [records.accounts[key] for key in opening]
        assert not any(account.sessions for account in remaining)
        assert revoke == records.sign_out or not any(account.may_sign_in for account in remaining)


def test_an_invitation_is_refused_for_each_of_its_reasons() -> None:
    records = Records()
    records.invite(ONE, ANA)
    with pytest.raises(EmailInUse):
        records.invite(TWO, ANA)
    records.sign_in(ONE, ANA)
    with pytest.raises(AlreadySignedIn):
        records.invite(ONE, ANA)
    records.accounts[key_of(BEN)] = Account(key_of(BEN), "x", "willow", BEN, "", suppressed=True)
    with pytest.raises(AddressSuppressed):
        records.invite(ONE, BEN)


def test_an_address_is_chosen_in_the_order_requested_used_consented() -> None:
    without_consent, with_consent = filed(ANA, email_ok=False), filed(BEN)
    client = Client(ONE, "willow", "Kim", emails=(without_consent, with_consent))
    assert access.invitation_address(client, None) == BEN
    assert access.invitation_address(replace(client, access_address=BEN), None) == BEN
    for request in (ANA, "typed@example.com"):
        with pytest.raises(ConsentMissing):
            access.invitation_address(client, request)
    with pytest.raises(ConsentMissing):
        access.invitation_address(replace(client, access_address=ANA), None)


def test_a_second_disable_changes_nothing() -> None:
    records = Records()
    records.invite(ONE, ANA)
    assert records.disable(ONE, ANA).includes(EventKind.ACCESS_DISABLED)
    assert records.disable(ONE, ANA).events == ()
    with pytest.raises(NoAccess):
        access.require_own_account(records.clients[ONE], records.accounts)
