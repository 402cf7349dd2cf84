"""OpenID Connect providers: the only list of their names, and what a row about one says (`identity.providers`)."""

from dataclasses import dataclass
from typing import Literal, get_args

type ProviderName = Literal["google"]
"""A provider. Routes, JSON fields, stored attributes, cookies and environment variables are named by it."""

PROVIDER_NAMES: tuple[ProviderName, ...] = get_args(ProviderName.__value__)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The verified addresses of a provider that nobody else can come to own."""

    domain: str
    """The mail domain that the provider runs itself."""
    mailbox: str
    """People's name for an address there, such as "Gmail"."""
    organisation_claim: str
    """A claim that only accounts of an organisation have. The organisation can give their addresses to others."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that people can sign in with."""

    name: ProviderName
    label: str
    """Its name on pages."""
    issuers: tuple[str, ...]
    """The names that it signs ID tokens with. A stack may configure another issuer in their place."""
    scopes: tuple[str, ...]
    address_policy: AddressPolicy
    mark: str
    """Path of the template that draws its mark, from `pages/templates`."""

    @property
    def start_route(self) -> str:
        """The template's path at which a sign-in starts."""
        return f"/{{practice}}/{self.name}"

    @property
    def callback(self) -> str:
        """The path that it sends browsers back to."""
        return f"/{self.name}/callback"
