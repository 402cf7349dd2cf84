"""The providers: one row each, and the ones that this stack and a practice offer."""

from typing import assert_never

from latchkey import settings
from latchkey.rules.practices import Practice
from latchkey.rules.providers import PROVIDER_NAMES, AddressPolicy, Provider, ProviderName
from latchkey.settings import ProviderSettings

GOOGLE = Provider(
    name="google",
    label="Google",
    issuers=("https://accounts.google.com", "accounts.google.com"),
    scopes=("openid", "email", "profile"),
    address_policy=AddressPolicy(domain="gmail.com", mailbox="Gmail", organisation_claim="hd"),
    mark="google_mark.svg",
)


def provider(name: ProviderName) -> Provider:
    """Return the row of a provider."""
    match name:
        case "google":
            return GOOGLE
        case _:
            assert_never(name)


PROVIDERS = tuple(provider(name) for name in PROVIDER_NAMES)


def config(provider: Provider) -> ProviderSettings:
    """Return the settings of a provider. The client id is empty if the stack does not offer it."""
    return settings.load().providers[provider.name]


def issuers(provider: Provider) -> tuple[str, ...]:
    """Return the issuers that an ID token may have. A provider with two issuer names may use either."""
    configured_issuer = config(provider).issuer
    return provider.issuers if configured_issuer in provider.issuers else (configured_issuer,)


def configured() -> tuple[Provider, ...]:
    """Return the providers that this stack has a client id for."""
    return tuple(row for row in PROVIDERS if config(row).client_id)


def offered(practice: Practice | None) -> tuple[Provider, ...]:
    """Return the providers that people can sign in with at a practice. Return none if the practice is None.

    The stack must be configured for a provider, and the practice must have chosen it.
    """
    return tuple(row for row in configured() if practice is not None and row.name in practice.providers)


def by_callback(route: str) -> Provider | None:
    """Return the provider that sends browsers back to this path, or None."""
    return next((row for row in PROVIDERS if row.callback == route), None)
