"""Tests of accounts: who may sign in, and which profiles open."""

import pytest

from latchkey.rules.accounts import AccountStatus, Profile
from latchkey.rules.practices import FEATURES
from tests.kit.seed import an_account


@pytest.mark.parametrize(
    ("status", "may"), [(AccountStatus.INVITED, True), (AccountStatus.ACTIVE, True), (AccountStatus.DISABLED, False)]
)
def test_access_is_open_until_it_is_disabled(status: AccountStatus, may: bool) -> None:
    """B64"""
    assert an_account(status=status).may_sign_in is may


def test_an_account_opens_its_own_profiles_and_no_other() -> None:
    """B104"""
    own = Profile("01KJTESTOWN000000000000000", "Ana Reyes")
    ana = an_account(profiles=(own,))

    assert ana.profile(own.id) == own
    assert ana.profile("01KJTESTLEE000000000000000") is None
    assert ana.profile("") is None
    assert ana.profile(None) is None


def test_a_profile_offers_everything_unless_the_clinician_says_otherwise() -> None:
    """B108"""
    assert Profile("01KJTESTOWN000000000000000", "Ana Reyes").features == set(FEATURES)


def test_addresses_and_names_stay_out_of_what_a_program_prints() -> None:
    printed = repr(an_account(profiles=(Profile("01KJTESTOWN000000000000000", "Ana Reyes"),)))

    assert "example.com" not in printed
    assert "Ana" not in printed


@pytest.mark.parametrize(
    ("address", "masked"), [("maria@example.com", "m•••@example.com"), ("m@example.com", "m•••@example.com")]
)
def test_a_masked_address_tells_its_owner_and_hides_its_length(address: str, masked: str) -> None:
    assert an_account(address=address).masked == masked
