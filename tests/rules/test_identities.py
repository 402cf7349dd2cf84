"""Tests of which account an identity at a provider may sign in to."""

from dataclasses import replace
from typing import Any

import pytest

from latchkey.identity.providers import GOOGLE
from latchkey.rules.accounts import Account, AccountKey, AccountStatus
from latchkey.rules.identities import check_identity, verified_address
from latchkey.rules.refusals import IdentityUnmatched
from tests.kit.clock import NOON

ANA = Account(
    key=AccountKey(b"a" * 16),
    id="01KJTEST000000000000000000",
    practice="willow",
    address="ana@gmail.com",
    name="Ana Reyes",
    status=AccountStatus.ACTIVE,
)
HONEST = {"email": "Ana.Reyes@gmail.com", "email_verified": True}


def test_the_first_identity_and_later_only_the_same_one_may_sign_in() -> None:
    linked = replace(ANA, identities={"google": "first"})

    assert check_identity(ANA, "google", "first", NOON) is ANA
    assert check_identity(linked, "google", "first", NOON) is linked
    with pytest.raises(IdentityUnmatched) as refused:
        check_identity(linked, "google", "second", NOON)
    assert refused.value.reason == "another_subject"


@pytest.mark.parametrize("account", [None, replace(ANA, status=AccountStatus.DISABLED)], ids=["none", "disabled"])
def test_an_identity_without_access_is_refused(account: Account | None) -> None:
    with pytest.raises(IdentityUnmatched) as refused:
        check_identity(account, "google", "first", NOON)
    assert refused.value.reason == "no_access"


def test_a_sign_in_that_started_before_access_ended_is_refused() -> None:
    ended = replace(ANA, ended_at=NOON)

    assert check_identity(ended, "google", "first", NOON + 1) is ended
    for started_at in (NOON - 1, NOON):
        with pytest.raises(IdentityUnmatched) as refused:
            check_identity(ended, "google", "first", started_at)
        assert refused.value.reason == "ended_since"


def test_a_verified_address_of_the_providers_own_domain_is_returned_in_canonical_form() -> None:
    assert verified_address(HONEST, GOOGLE.address_policy) == "ana.reyes@gmail.com"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"email_verified": False}, "unverified"),
        ({"email_verified": "true"}, "unverified"),
        ({"email": None}, "unverified"),
        ({"hd": "example.com"}, "unverified"),
        ({"email": "no address"}, "address"),
        ({"email": "ana@example.com"}, "domain_or_modifier"),
        ({"email": "ana+kids@gmail.com"}, "domain_or_modifier"),
    ],
)
def test_an_address_that_others_can_come_to_own_is_refused(claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(IdentityUnmatched) as refused:
        verified_address(HONEST | claims, GOOGLE.address_policy)
    assert refused.value.reason == reason
