"""How often something may be tried. A budget is one or more limits counted together, all or none.

A limit's window opens at the first attempt and lasts its length; when it has ended, the next attempt
opens a new one. Figures are those of `docs/security.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from latchkey.rules.refusals import Waiting

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` attempts in `seconds`, from the first of them on."""

    name: str
    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Window:
    """How far one limit is used: `count` attempts, until `ends` (Unix seconds)."""

    count: int
    ends: int

    def open(self, now: int) -> bool:
        """Whether attempts still add up in this window."""
        return self.ends > now


ASK_BY_SOURCE = Limit("ask_source", 10, 10 * MINUTE)
ASK_BY_NETWORK = Limit("ask_network", 100, 10 * MINUTE)
WRONG_BY_SOURCE = Limit("wrong_source", 5, 15 * MINUTE)
"""Wrong addresses (B21): the price of telling people that an address is unknown."""
WRONG_BY_NETWORK = Limit("wrong_network", 50, 15 * MINUTE)
JUST_ASKED = Limit("just_asked", 1, MINUTE)
"""A second press within a minute sends nothing."""
ASK_BY_ADDRESS = (JUST_ASKED, Limit("ask_quarter", 3, 15 * MINUTE), Limit("ask_day", 10, DAY))
"""For a typed address in a practice, and again for a browser that has signed in with it before."""
MAIL_BY_PRACTICE = Limit("mail_practice", 300, HOUR)
TYPE_BY_SOURCE = Limit("type_source", 10, 10 * MINUTE)
TYPE_BY_NETWORK = Limit("type_network", 100, 10 * MINUTE)
WRONG_PINS_BY_ADDRESS = Limit("wrong_pins_address", 5, 15 * MINUTE)
"""For a typed address, whoever types it and however it is spelled; a right PIN is given back."""
WRONG_PINS_BY_PRACTICE = Limit("wrong_pins_practice", 100, HOUR)
MANY_WRONG_PINS = 30
"""Of a practice within the hour: from here on someone should look who is guessing."""
MADE_BY_CLINICIAN = Limit("made_clinician", 30, MINUTE)
"""PINs and invitations."""
LEAVE_BY_SOURCE = Limit("leave_source", 30, 10 * MINUTE)
LEAVE_BY_NETWORK = Limit("leave_network", 300, 10 * MINUTE)
"""For Google; each leaves a row behind for an hour."""
OPEN_BY_SOURCE = Limit("open_source", 30, 10 * MINUTE)
OPEN_BY_NETWORK = Limit("open_network", 300, 10 * MINUTE)


def count(windows: Mapping[str, Window], limits: tuple[Limit, ...], now: int) -> dict[str, Window]:
    """The windows of `limits` after one more attempt at `now`.

    :raises Waiting: for the limit that is full; of several, `JUST_ASKED` first, then the longest wait.
    """
    check(windows, limits, now)
    counted = {}
    for limit in limits:
        window = windows.get(limit.name)
        if window and window.open(now):
            counted[limit.name] = Window(window.count + 1, window.ends)
        else:
            counted[limit.name] = Window(1, now + limit.seconds)
    return counted


def check(windows: Mapping[str, Window], limits: tuple[Limit, ...], now: int) -> None:
    """Pass if one more attempt fits.

    :raises Waiting: as `count` does.
    """
    full = []
    for limit in limits:
        window = windows.get(limit.name)
        if window and window.open(now) and window.count >= limit.most:
            full.append((limit is JUST_ASKED, window.ends, limit.name))
    if full:
        _, until, name = max(full)
        raise Waiting(until, name)
