"""Identities of providers, and the account that each may sign in to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latchkey.rules import addresses
from latchkey.rules.accounts import Account
from latchkey.rules.addresses import CanonicalAddress
from latchkey.rules.providers import AddressPolicy, ProviderName
from latchkey.rules.refusals import EmailMalformed, EmailMissing, IdentityUnmatched


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """A person as a provider knows them: the provider's id of the account, and its verified address."""

    subject: str = field(repr=False)
    address: CanonicalAddress = field(repr=False)


def verified_address(claims: Mapping[str, Any], policy: AddressPolicy) -> CanonicalAddress:
    """Return the address in the claims of an ID token.

    :raises IdentityUnmatched: the address is not verified, not of the policy's domain, or has a modifier (B68, B70).
    """
    email = claims.get("email")
    of_organisation = claims.get(policy.organisation_claim) is not None
    if claims.get("email_verified") is not True or not isinstance(email, str) or of_organisation:
        raise IdentityUnmatched("unverified")
    try:
        address = addresses.canonical(email)
    except (EmailMissing, EmailMalformed):
        raise IdentityUnmatched("address") from None
    local, _, domain = address.rpartition("@")
    if domain != policy.domain or "+" in local:
        raise IdentityUnmatched("domain_or_modifier")
    return address


def check_identity(account: Account | None, provider: ProviderName, subject: str, started_at: int) -> Account:
    """Return the account that an identity may sign in to.

    `account` is the account of the identity's address, `subject` the digest of the provider's id. `started_at` is the
    start of this sign-in in Unix seconds.

    :raises IdentityUnmatched: there is no account that may sign in, or its access ended after this sign-in started.
    :raises IdentityUnmatched: another identity at this provider is linked. A clinician can unlink that identity.
    """
    if account is None or not account.may_sign_in:
        raise IdentityUnmatched("no_access")
    if account.ended_at is not None and account.ended_at >= started_at:
        raise IdentityUnmatched("ended_since")
    if account.identities.get(provider, subject) != subject:
        raise IdentityUnmatched("another_subject")
    return account
