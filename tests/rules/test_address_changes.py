"""Tests of changes of a client's address: conditions, ended access and confirmation."""

from dataclasses import replace

import pytest

from latchkey.rules.events import EventKind
from latchkey.rules.refusals import AddressChangeUnconfirmed, AddressSuppressed, ConsentMissing, EmailInUse
from tests.kit.clock import NOON
from tests.rules.records import ANA, BEN, ONE, TWO, Records, key_of


def test_a_change_needs_disable_and_resend_only_if_it_ends_a_sign_in() -> None:
    records = Records()
    records.change_address(ONE, ANA, disable_and_resend=False)
    records.invite(ONE, ANA)
    with pytest.raises(AddressChangeUnconfirmed):
        records.change_address(ONE, BEN, disable_and_resend=False)
    records.change_address(ONE, ANA, disable_and_resend=False)
    records.disable(ONE, ANA)
    records.change_address(ONE, BEN, disable_and_resend=False)


def test_an_address_is_confirmed_unless_another_client_signs_in_by_it() -> None:
    records = Records()
    records.invite(ONE, ANA)
    records.accounts[key_of(ANA)] = replace(
        records.accounts[key_of(ANA)], suppressed=True, email_status="bounced", identities={"google": "first"}
    )
    with pytest.raises(EmailInUse):
        records.change_address(TWO, ANA, disable_and_resend=False)
    assert records.accounts[key_of(ANA)].suppressed
    records.disable(ONE, ANA)
    ended = records.accounts[key_of(ANA)]
    records.change_address(TWO, ANA, email_ok=False, disable_and_resend=False)
    # the rest of the former owner's account is unchanged
    confirmed = replace(ended, suppressed=False, confirmed_at=NOON, email_status="none", revision=ended.revision + 1)
    assert records.accounts[key_of(ANA)] == confirmed
    assert records.invite(ONE, ANA).includes(EventKind.INVITATION_REQUESTED)


def test_a_suppression_is_lifted_by_a_confirmation_and_not_by_an_invitation() -> None:
    records = Records()
    records.invite(ONE, ANA)
    records.accounts[key_of(ANA)] = replace(records.accounts[key_of(ANA)], suppressed=True)
    with pytest.raises(AddressSuppressed):
        records.invite(ONE, ANA)
    records.change_address(ONE, ANA, disable_and_resend=False)
    assert not records.accounts[key_of(ANA)].suppressed
    assert records.invite(ONE, ANA).includes(EventKind.INVITATION_REQUESTED)


def test_an_address_without_consent_is_not_invited() -> None:
    records = Records()
    with pytest.raises(ConsentMissing):
        records.change_address(TWO, BEN, email_ok=False)
