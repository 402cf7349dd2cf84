"""How often something may be tried. A budget is one or more limits counted together, all or none.

A limit's window opens at the first attempt and lasts its length; when it has ended, the next attempt
opens a new one. Figures are those of `docs/security.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from latchkey.rules.refusals import RateLimited

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` attempts in `seconds`, from the first of them on."""

    name: str
    max_count: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Window:
    """How far one limit is used: `count` attempts, until `ends` (Unix seconds)."""

    count: int
    ends_at: int

    def is_open(self, now: int) -> bool:
        """Whether attempts still add up in this window."""
        return self.ends_at > now


REQUEST_LINK_PER_SOURCE = Limit("ask_source", 10, 10 * MINUTE)
REQUEST_LINK_PER_NETWORK = Limit("ask_network", 100, 10 * MINUTE)
UNKNOWN_ADDRESS_PER_SOURCE = Limit("wrong_source", 5, 15 * MINUTE)
"""Wrong addresses (B21): the price of telling people that an address is unknown."""
UNKNOWN_ADDRESS_PER_NETWORK = Limit("wrong_network", 50, 15 * MINUTE)
RESEND_COOLDOWN = Limit("just_asked", 1, MINUTE)
"""A second press within a minute sends nothing."""
REQUEST_LINK_PER_ADDRESS = (RESEND_COOLDOWN, Limit("ask_quarter", 3, 15 * MINUTE), Limit("ask_day", 10, DAY))
"""For a typed address in a practice, and again for a browser that has signed in with it before."""
MAIL_PER_PRACTICE = Limit("mail_practice", 300, HOUR)
SUBMIT_PIN_PER_SOURCE = Limit("type_source", 10, 10 * MINUTE)
SUBMIT_PIN_PER_NETWORK = Limit("type_network", 100, 10 * MINUTE)
WRONG_PINS_PER_ADDRESS = Limit("wrong_pins_address", 5, 15 * MINUTE)
"""For a typed address, whoever types it and however it is spelled; a right PIN is given back."""
WRONG_PINS_PER_PRACTICE = Limit("wrong_pins_practice", 100, HOUR)
PIN_GUESSING_THRESHOLD = 30
"""Of a practice within the hour: from here on someone should look who is guessing."""
CREATED_PER_CLINICIAN = Limit("made_clinician", 30, MINUTE)
"""PINs and invitations."""
START_PROVIDER_PER_SOURCE = Limit("leave_source", 30, 10 * MINUTE)
START_PROVIDER_PER_NETWORK = Limit("leave_network", 300, 10 * MINUTE)
"""For Google; each leaves a row behind for an hour."""
OPEN_LINK_PER_SOURCE = Limit("open_source", 30, 10 * MINUTE)
OPEN_LINK_PER_NETWORK = Limit("open_network", 300, 10 * MINUTE)


def after_one_more(windows: Mapping[str, Window], limits: tuple[Limit, ...], now: int) -> dict[str, Window]:
    """The windows of `limits` after one more attempt at `now`.

    :raises Waiting: for the limit that is full; of several, `JUST_ASKED` first, then the longest wait.
    """
    check(windows, limits, now)
    counted = {}
    for limit in limits:
        window = windows.get(limit.name)
        if window and window.is_open(now):
            counted[limit.name] = Window(window.count + 1, window.ends_at)
        else:
            counted[limit.name] = Window(1, now + limit.window_seconds)
    return counted


def check(windows: Mapping[str, Window], limits: tuple[Limit, ...], now: int) -> None:
    """Pass if one more attempt fits.

    :raises Waiting: as `count` does.
    """
    full = []
    for limit in limits:
        window = windows.get(limit.name)
        if window and window.is_open(now) and window.count >= limit.max_count:
            full.append((limit is RESEND_COOLDOWN, window.ends_at, limit.name))
    if full:
        _, until, name = max(full)
        raise RateLimited(until, name)
