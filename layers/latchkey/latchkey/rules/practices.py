"""A practice: what its portal is called, how to reach it, and how it wants to answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args

from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.providers import PROVIDER_NAMES, ProviderName

type Feature = Literal["appointments", "messages", "documents", "payments"]
"""Something that a portal can offer behind the sign-in (B108)."""

FEATURES: tuple[Feature, ...] = get_args(Feature.__value__)

RESERVED_SLUGS = frozenset({"admin", "local", "healthz", *PROVIDER_NAMES})
"""First path segments that belong to the service itself."""


class UnknownAddressPolicy(StrEnum):
    """What a practice answers to an address that has no access."""

    TELL = "tell"
    """Say so, as the product's guides describe it. A stranger can learn who is a client."""
    SAME_ANSWER = "same_answer"
    """Give every address one answer, so that nobody learns who is a client."""

    @classmethod
    def _missing_(cls, value: object) -> "UnknownAddressPolicy":  # noqa: ARG003 - whatever it is
        """What a later version calls something tells a stranger nothing here."""
        return cls.SAME_ANSWER


def apply_switches[N: str](names: tuple[N, ...], current: frozenset[str], switches: Mapping[str, bool]) -> frozenset[N]:
    """Return which of `names` are on after `switches`. One that is left out stays as it is in `current`."""
    return frozenset(name for name in names if switches.get(name, name in current))


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice's settings, as its administrators keep them."""

    slug: str
    """Its place in every URL: `/{slug}`."""
    name: str
    phone: str | None = None
    """As people write it, for reading and for calling."""
    language: Language = DEFAULT_LANGUAGE
    """Spoken when the visitor has shown no preference."""
    time_zone: str = "UTC"
    """IANA name; letters and pages tell the time in it."""
    sender: str = "yourprovider"
    """Local part of the From address, under the stack's verified domain."""
    reply_to: str | None = None
    website: bool = False
    """Has a website of its own, whose visitors know the words *Request Appointment* and *Client Portal* (B6)."""
    new_client_url: str | None = None
    """Where a person who is not yet a client asks for an appointment."""
    app_url: str | None = None
    """The portal application that opens behind the sign-in."""
    help_url: str | None = None
    """The practice's own guides for clients (B126)."""
    welcome: str | None = None
    """What the clinician says at a client's first sign-in (B109); plain text."""
    unknown_address: UnknownAddressPolicy = UnknownAddressPolicy.TELL
    providers: frozenset[ProviderName] = frozenset(PROVIDER_NAMES)
    """The providers that people may sign in with, if the stack is configured for them."""
    features: frozenset[str] = frozenset(FEATURES)
    """What this practice's portal offers; a client's own switches narrow it further."""
    letters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The practice's own words: by `{kind}/{language}`, with `greeting`, `body` and `footer`."""
