"""Rate limits: one table of policies, and the arithmetic of their windows.

A limit's window opens with its first request and lasts `window_seconds`. After that, the next request opens a new one.
The figures are those of `docs/security.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from latchkey.rules.refusals import RateLimited

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

type LockedMethod = Literal["links", "pins"]
"""The sign-in method that a client cannot use while a limit is reached."""


class Scope(StrEnum):
    """The source, person or practice for which a policy counts requests together."""

    SOURCE = "source"
    """One subscriber: an IPv4 address or an IPv6 /64."""
    NETWORK = "network"
    """The IPv6 /48 around a source."""
    ADDRESS = "address"
    """A typed email address at a practice, with or without an account."""
    PRACTICE = "practice"
    """A practice, with all of its addresses."""
    CLINICIAN = "clinician"
    """A clinician, at all practices together."""
    ACCOUNT = "account"
    """An account, for all services that ask for a notice to it."""
    MACHINE = "machine"
    """The credentials of a practice system."""
    IMPORT = "import"
    """All imports of a practice."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of `max_count` requests in `window_seconds`."""

    name: str
    """The name in audit rows and problem documents."""
    max_count: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Window:
    """The use of a limit: `count` requests until `ends_at` (Unix seconds)."""

    count: int
    ends_at: int

    def is_open(self, now: int) -> bool:
        """Return True if the window still counts requests at `now` (Unix seconds)."""
        return self.ends_at > now


@dataclass(frozen=True, slots=True)
class Policy:
    """A row of the table: limits of one scope. A request counts against all of them or none."""

    scope: Scope
    key: tuple[str, ...]
    """The first parts of the stored item's key, before the scope's id. Policies with the same key share an item."""
    limits: tuple[Limit, ...]
    network: "Policy | None" = None
    """A second policy, counted for the network around a source."""
    known_browser_key: tuple[str, ...] | None = None
    """The key for known browsers, or None if they have no limit of their own.

    They are counted apart and first, so that strangers cannot use up their limit.
    """
    contended: bool = False
    """True if many requests count here at the same time, so that the window is usually open."""
    locks: LockedMethod | None = None
    """The sign-in method that is locked while a limit is reached."""

    @property
    def limit(self) -> Limit:
        """The limit of a policy that has only one."""
        (limit,) = self.limits
        return limit


RESEND_COOLDOWN = Limit("just_asked", 1, MINUTE)
"""A second request within a minute is accepted, but sends nothing (B17)."""

REQUEST_LINK_PER_NETWORK = Policy(Scope.NETWORK, ("network", "ask"), (Limit("ask_network", 100, 10 * MINUTE),))
REQUEST_LINK_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "ask"), (Limit("ask_source", 10, 10 * MINUTE),), network=REQUEST_LINK_PER_NETWORK
)
UNKNOWN_ADDRESS_PER_NETWORK = Policy(Scope.NETWORK, ("network", "ask"), (Limit("wrong_network", 50, 15 * MINUTE),))
UNKNOWN_ADDRESS_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "ask"), (Limit("wrong_source", 5, 15 * MINUTE),), network=UNKNOWN_ADDRESS_PER_NETWORK
)
"""Guesses at addresses (B21). They count only at practices that say that an address is unknown."""
REQUEST_LINK_PER_ADDRESS = Policy(
    Scope.ADDRESS,
    ("address",),
    (RESEND_COOLDOWN, Limit("ask_quarter", 3, 15 * MINUTE), Limit("ask_day", 10, DAY)),
    known_browser_key=("browser",),
    locks="links",
)
MAIL_PER_PRACTICE = Policy(
    Scope.PRACTICE,
    ("practice",),
    (Limit("mail_practice", 300, HOUR),),
    known_browser_key=("practice browser",),
    contended=True,
    locks="links",
)


def mail_per_practice(mails_per_hour: int | None) -> Policy:
    """Return the policy of a practice's mails, with its own number of mails in an hour. None means the usual number."""
    if mails_per_hour is None:
        return MAIL_PER_PRACTICE
    limit = replace(MAIL_PER_PRACTICE.limit, max_count=mails_per_hour)
    return replace(MAIL_PER_PRACTICE, limits=(limit,))


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
)
"""Wrong PINs for an address in any spelling. The reservation of a right PIN is released."""
WRONG_PINS_PER_PRACTICE = Policy(
    Scope.PRACTICE,
    ("pin practice",),
    (Limit("wrong_pins_practice", 100, HOUR),),
    locks="pins",
)
OPEN_LINK_PER_NETWORK = Policy(Scope.NETWORK, ("network", "link"), (Limit("open_network", 300, 10 * MINUTE),))
OPEN_LINK_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "link"), (Limit("open_source", 30, 10 * MINUTE),), network=OPEN_LINK_PER_NETWORK
)
START_PROVIDER_PER_NETWORK = Policy(Scope.NETWORK, ("network", "provider"), (Limit("leave_network", 300, 10 * MINUTE),))
START_PROVIDER_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "provider"), (Limit("leave_source", 30, 10 * MINUTE),), network=START_PROVIDER_PER_NETWORK
)
"""Starts of a provider sign-in. Each start stores a row for an hour."""
APP_PER_NETWORK = Policy(Scope.NETWORK, ("network", "app"), (Limit("app_network", 300, 10 * MINUTE),))
APP_PER_SOURCE = Policy(
    Scope.SOURCE, ("source", "app"), (Limit("app_source", 30, 10 * MINUTE),), network=APP_PER_NETWORK
)
"""App codes and refresh tokens that are refused."""
CREATED_PER_CLINICIAN = Policy(Scope.CLINICIAN, ("clinician",), (Limit("made_clinician", 30, MINUTE),))
"""PINs and invitations that a clinician creates. A practice system counts as one clinician."""
SAMPLES_PER_CLINICIAN = Policy(Scope.CLINICIAN, ("clinician sample",), (Limit("samples_clinician", 10, DAY),))
"""Sample letters that a member sends to themselves."""
REQUESTS_PER_MACHINE = Policy(Scope.MACHINE, ("machine",), (Limit("machine_requests", 600, MINUTE),), contended=True)
"""Requests with the credentials of a practice system, also those for access tokens: ten a second."""
NOTICES_PER_ACCOUNT = Policy(Scope.ACCOUNT, ("account notice",), (Limit("notices_account", 20, DAY),))
"""Notices of other services to one account."""

INVITATIONS_PER_IMPORT = Policy(
    Scope.IMPORT, ("import",), (Limit("import_minute", 30, MINUTE), Limit("import_hour", 300, HOUR))
)
"""Invitations of imports. They take nothing from clients who ask for a link, nor from clinicians."""


def invitations_per_import(mails_per_hour: int | None) -> Policy:
    """Return the policy of a practice's imports, with its own number of mails in an hour. None means the usual one."""
    if mails_per_hour is None:
        return INVITATIONS_PER_IMPORT
    per_minute, per_hour = INVITATIONS_PER_IMPORT.limits
    return replace(INVITATIONS_PER_IMPORT, limits=(per_minute, replace(per_hour, max_count=mails_per_hour)))


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
    APP_PER_SOURCE,
    APP_PER_NETWORK,
    CREATED_PER_CLINICIAN,
    SAMPLES_PER_CLINICIAN,
    REQUESTS_PER_MACHINE,
    INVITATIONS_PER_IMPORT,
    NOTICES_PER_ACCOUNT,
)

PIN_GUESSING_THRESHOLD = 30
"""Wrong PINs of a practice in an hour. From this count on, each wrong PIN also counts for the alarm about guessing."""


def after_one_more(
    windows: Mapping[str, Window], limits: tuple[Limit, ...], now: int, blocked_by: tuple[Limit, ...] = ()
) -> dict[str, Window]:
    """Return the windows of `limits` after one more request at `now` (Unix seconds).

    :raises RateLimited: one of `limits` or `blocked_by` is reached.
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
    """Raise unless one more request at `now` (Unix seconds) stays within the limits.

    :raises RateLimited: a limit is reached. It names `RESEND_COOLDOWN` first, else the limit with the longest wait.
    """
    reached = []
    for limit in limits:
        window = windows.get(limit.name)
        if window and window.is_open(now) and window.count >= limit.max_count:
            reached.append((limit is RESEND_COOLDOWN, window.ends_at, limit.name))
    if reached:
        _, until, name = max(reached)
        raise RateLimited(until, name)
