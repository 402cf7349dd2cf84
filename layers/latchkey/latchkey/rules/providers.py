"""OpenID Connect providers: the only list of their names, and the fields of a provider (`identity.providers`)."""

from dataclasses import dataclass
from typing import Literal, get_args

type ProviderName = Literal["google"]
"""The name of a provider. Routes, JSON fields, stored attributes, cookies and environment variables contain it."""

PROVIDER_NAMES: tuple[ProviderName, ...] = get_args(ProviderName.__value__)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The condition under which a provider's verified address can never pass to another person."""

    domain: str
    """The mail domain that the provider runs itself."""
    mailbox: str
    """The usual name of an address there, such as "Gmail"."""
    organisation_claim: str
    """A claim that only accounts of an organisation have. An organisation can give an address to another person."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that people can sign in with."""

    name: ProviderName
    label: str
    """The provider's name on pages."""
    issuers: tuple[str, ...]
    """The issuers of its ID tokens. A stack may configure another issuer in their place."""
    scopes: tuple[str, ...]
    """The OAuth scopes that a sign-in requests."""
    address_policy: AddressPolicy
    mark: str
    """The template of the provider's mark, as a path below `pages/templates`."""

    @property
    def start_route(self) -> str:
        """The route at which a sign-in starts, as the SAM template writes it."""
        return f"/{{practice}}/{self.name}"

    @property
    def callback(self) -> str:
        """The path to which the provider sends browsers back."""
        return f"/{self.name}/callback"
