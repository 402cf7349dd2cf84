"""Rate limits: one table of policies, and the arithmetic of their windows.

A limit's window opens with its first request and lasts `window_seconds`. After that, the next request opens a new one.
The figures are those of `docs/security.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from latchkey.rules.refusals import RateLimited

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

type LockedMethod = Literal["links", "pins"]
"""The sign-in method that a client cannot use while a limit is reached."""


class Scope(StrEnum):
    """Whose requests a policy counts together."""

    SOURCE = "source"
    """One subscriber: an IPv4 address or an IPv6 /64."""
    NETWORK = "network"
    """The IPv6 /48 around a source."""
    ADDRESS = "address"
    """A typed email address at a practice, with or without an account."""
    PRACTICE = "practice"
    CLINICIAN = "clinician"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `max_count` requests in `window_seconds`."""

    name: str
    """As audit rows and problem documents name it."""
    max_count: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Window:
    """How far a limit is used: `count` requests until `ends_at` (Unix seconds)."""

    count: int
    ends_at: int

    def is_open(self, now: int) -> bool:
        """Return True while requests still add up in this window."""
        return self.ends_at > now


@dataclass(frozen=True, slots=True)
class Policy:
    """A row of the table: limits that are counted together for one scope, all of them or none."""

    scope: Scope
    key: tuple[str, ...]
    """With the id of whoever is counted, it gives the key of the stored item. Policies of one key share an item."""
    limits: tuple[Limit, ...]
    network: "Policy | None" = None
    """Counted besides for the network around a source."""
    known_browser_key: tuple[str, ...] | None = None
    """Counts known browsers apart and first, so that strangers cannot use up what they have. None: they get nothing."""
    contended: bool = False
    """Many requests count here at once, so the window is usually open."""
    locks: LockedMethod | None = None
    advice: str = ""
    """What a clinician reads while a limit is reached; "" where nobody can tell whom it locks out."""

    @property
    def limit(self) -> Limit:
        """The one limit of a policy that has no more."""
        (limit,) = self.limits
        return limit


RESEND_COOLDOWN = Limit("just_asked", 1, MINUTE)
"""A second press within a minute sends nothing, and is no error (B17)."""

LINKS_LOCKED = "Links were asked for too often."
PINS_LOCKED = "Pin Codes were typed wrong too often."

REQUEST_LINK_PER_NETWORK = Policy(Scope.NETWORK, ("network", "ask"), (Limit("ask_network", 100, 10 * MINUTE),))
REQUEST_LINK_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "ask"), (Limit("ask_source", 10, 10 * MINUTE),), network=REQUEST_LINK_PER_NETWORK
)
UNKNOWN_ADDRESS_PER_NETWORK = Policy(Scope.NETWORK, ("network", "ask"), (Limit("wrong_network", 50, 15 * MINUTE),))
UNKNOWN_ADDRESS_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "ask"), (Limit("wrong_source", 5, 15 * MINUTE),), network=UNKNOWN_ADDRESS_PER_NETWORK
)
"""Guesses at addresses (B21). A practice that tells people that an address is unknown pays with this limit."""
REQUEST_LINK_PER_ADDRESS = Policy(
    Scope.ADDRESS,
    ("address",),
    (RESEND_COOLDOWN, Limit("ask_quarter", 3, 15 * MINUTE), Limit("ask_day", 10, DAY)),
    known_browser_key=("browser",),
    locks="links",
    advice=LINKS_LOCKED,
)
MAIL_PER_PRACTICE = Policy(
    Scope.PRACTICE,
    ("practice",),
    (Limit("mail_practice", 300, HOUR),),
    known_browser_key=("practice browser",),
    contended=True,
    locks="links",
    advice=LINKS_LOCKED,
)
SUBMIT_PIN_PER_NETWORK = Policy(Scope.NETWORK, ("network", "pin"), (Limit("type_network", 100, 10 * MINUTE),))
SUBMIT_PIN_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "pin"), (Limit("type_source", 10, 10 * MINUTE),), network=SUBMIT_PIN_PER_NETWORK
)
WRONG_PINS_PER_ADDRESS = Policy(
    Scope.ADDRESS,
    ("pin address",),
    (Limit("wrong_pins_address", 5, 15 * MINUTE),),
    known_browser_key=("pin browser",),
    locks="pins",
    advice=PINS_LOCKED,
)
"""However the address is spelled. A right PIN is released."""
WRONG_PINS_PER_PRACTICE = Policy(
    Scope.PRACTICE,
    ("pin practice",),
    (Limit("wrong_pins_practice", 100, HOUR),),
    locks="pins",
    advice=PINS_LOCKED,
)
OPEN_LINK_PER_NETWORK = Policy(Scope.NETWORK, ("network", "link"), (Limit("open_network", 300, 10 * MINUTE),))
OPEN_LINK_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "link"), (Limit("open_source", 30, 10 * MINUTE),), network=OPEN_LINK_PER_NETWORK
)
START_PROVIDER_PER_NETWORK = Policy(Scope.NETWORK, ("network", "provider"), (Limit("leave_network", 300, 10 * MINUTE),))
START_PROVIDER_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "provider"), (Limit("leave_source", 30, 10 * MINUTE),), network=START_PROVIDER_PER_NETWORK
)
"""Each start stores a row for an hour."""
CREATED_PER_CLINICIAN = Policy(Scope.CLINICIAN, ("clinician",), (Limit("made_clinician", 30, MINUTE),))
"""PINs and invitations."""

POLICIES = (
    REQUEST_LINK_PER_SOURCE,
    REQUEST_LINK_PER_NETWORK,
    UNKNOWN_ADDRESS_PER_SOURCE,
    UNKNOWN_ADDRESS_PER_NETWORK,
    REQUEST_LINK_PER_ADDRESS,
    MAIL_PER_PRACTICE,
    SUBMIT_PIN_PER_SOURCE,
    SUBMIT_PIN_PER_NETWORK,
    WRONG_PINS_PER_ADDRESS,
    WRONG_PINS_PER_PRACTICE,
    OPEN_LINK_PER_SOURCE,
    OPEN_LINK_PER_NETWORK,
    START_PROVIDER_PER_SOURCE,
    START_PROVIDER_PER_NETWORK,
    CREATED_PER_CLINICIAN,
)

PIN_GUESSING_THRESHOLD = 30
"""Wrong PINs of a practice within the hour. From here on each one counts as possible guessing, for an alarm."""


def after_one_more(
    windows: Mapping[str, Window], limits: tuple[Limit, ...], now: int, blocked_by: tuple[Limit, ...] = ()
) -> dict[str, Window]:
    """Return the windows of `limits` after one more request at `now`.

    :raises RateLimited: one of them, or of `blocked_by`, is reached.
    """
    check(windows, (*blocked_by, *limits), now)
    counted = {}
    for limit in limits:
        window = windows.get(limit.name)
        if window and window.is_open(now):
            counted[limit.name] = Window(window.count + 1, window.ends_at)
        else:
            counted[limit.name] = Window(1, now + limit.window_seconds)
    return counted


def check(windows: Mapping[str, Window], limits: tuple[Limit, ...], now: int) -> None:
    """Raise unless one more request fits.

    :raises RateLimited: a limit is reached. `RESEND_COOLDOWN` is named before others, then the longest wait.
    """
    reached = []
    for limit in limits:
        window = windows.get(limit.name)
        if window and window.is_open(now) and window.count >= limit.max_count:
            reached.append((limit is RESEND_COOLDOWN, window.ends_at, limit.name))
    if reached:
        _, until, name = max(reached)
        raise RateLimited(until, name)
