"""Practices and their settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args

from latchkey.rules.branding import Logo
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.providers import PROVIDER_NAMES, ProviderName

type Feature = Literal["appointments", "messages", "documents", "payments"]
"""A feature that a portal can offer after the sign-in (B108)."""

FEATURES: tuple[Feature, ...] = get_args(Feature.__value__)

PROBE_SLUG = "portal-probe"
"""The slug of the probe's own practice. Nobody else can create, read or change a practice of this slug."""

RESERVED_SLUGS = frozenset(
    {"admin", "local", "healthz", "sign-in", "callback", "sign-out", "new-practice", PROBE_SLUG, *PROVIDER_NAMES}
)
"""First path segments, and segments below `/admin`, that the service uses itself. No practice has them as its slug."""


class UnknownAddressPolicy(StrEnum):
    """A practice's answer to an address that has no access."""

    TELL = "tell"
    """Say that the address is unknown, as the product's guides describe. Strangers can learn who is a client."""
    SAME_ANSWER = "same_answer"
    """Give every address the same answer, so that strangers cannot learn who is a client."""

    @classmethod
    def _missing_(cls, value: object) -> "UnknownAddressPolicy":  # noqa: ARG003 - any value has the same result
        """Return `SAME_ANSWER` for a policy that only a later version knows, because it reveals nothing."""
        return cls.SAME_ANSWER


def apply_switches[N: str](names: tuple[N, ...], current: frozenset[str], switches: Mapping[str, bool]) -> frozenset[N]:
    """Return the names that are on after `switches`. A name that is left out stays as it is in `current`."""
    return frozenset(name for name in names if switches.get(name, name in current))


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice with its settings, which its admins change."""

    slug: str
    """The first path segment of every URL of the practice: `/{slug}`."""
    name: str
    phone: str | None = None
    """The number as people write it. Pages show it and link to it."""
    language: Language = DEFAULT_LANGUAGE
    """The language of pages if the browser names none that we have."""
    time_zone: str = "UTC"
    """An IANA name. Letters and pages show times in this zone."""
    sender: str = "yourprovider"
    """The local part of the From address. Its domain is the stack's verified one."""
    reply_to: str | None = None
    """The address that answers to letters go to."""
    website: bool = False
    """True if the practice has a website, with the buttons *Request Appointment* and *Client Portal* (B6)."""
    new_client_url: str | None = None
    """The page on which a person who is not yet a client can ask for an appointment."""
    app_url: str | None = None
    """The portal application that opens after the sign-in."""
    help_url: str | None = None
    """The practice's own guides for clients (B126)."""
    welcome: str | None = None
    """A text that a client reads after their first sign-in (B109), without markup."""
    unknown_address: UnknownAddressPolicy = UnknownAddressPolicy.TELL
    mails_per_hour: int | None = None
    """Mails with a link that clients may ask for in an hour. Only an operator changes it. None for the usual number."""
    providers: frozenset[ProviderName] = frozenset(PROVIDER_NAMES)
    """The providers that people may sign in with, if the stack is configured for them."""
    features: frozenset[str] = frozenset(FEATURES)
    """The features that this practice's portal offers. A client can have fewer."""
    links: Mapping[str, str] = field(default_factory=dict)
    """The address that opens a feature, by feature (B146). A feature without one has `app_url`."""
    welcomes: Mapping[str, str] = field(default_factory=dict)
    """The text of `welcome` by language. Empty if there is one text for all languages."""
    accent: str | None = None
    """The colour of buttons and links as `#rrggbb`, which has passed `branding.accent_that_passes` (B148)."""
    address: str | None = None
    """The street address, in lines."""
    legal: Mapping[str, str] = field(default_factory=dict)
    """The addresses of the practice's legal pages, by `LegalPage`."""
    clinician_word: Mapping[str, str] = field(default_factory=dict)
    """The practice's word for the clinician, by language."""
    logo: Logo | None = None
    letters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The practice's wording by `{kind}/{language}`, with `greeting`, `body` and `footer`."""

    def from_address(self, domain: str) -> str:
        """Return the From address of the practice's letters. `domain` is the stack's verified one."""
        return f"{self.sender}@{domain}"
