"""How often something may be tried, as `docs/security.md` has it.

Limits that no visitor of these tests comes near are not here: a practice's mails and wrong PINs in an hour, a
clinician's PINs and invitations in a minute, a hundred consecutive wrong PINs, and the wider ones of an IPv6 /48.
"""

from typing import NamedTuple

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Limit(NamedTuple):
    """At most so many in so many seconds, from the first on."""

    name: str
    max_count: int
    seconds: int


ASKS = Limit("asks", 10, 10 * MINUTE)
WRONG_ADDRESSES = Limit("wrong addresses", 5, 15 * MINUTE)
OPENS = Limit("opens", 30, 10 * MINUTE)
LEAVES = Limit("leaves", 30, 10 * MINUTE)
TYPES = Limit("types", 10, 10 * MINUTE)
ONE_A_MINUTE = Limit("one a minute", 1, MINUTE)
LINKS = (Limit("links in a quarter", 3, 15 * MINUTE), Limit("links in a day", 10, DAY))
WRONG_PINS = Limit("wrong PINs", 5, 15 * MINUTE)


class LimitCounters:
    """What is used of every limit, by whom it counts."""

    def __init__(self) -> None:
        self.windows: dict[tuple[object, ...], tuple[int, int]] = {}
        """How many, and until when."""

    def wait(self, who: tuple[object, ...], limits: tuple[Limit, ...], now: int) -> int:
        """Seconds until one more fits into every limit; 0 if it does."""
        waits = [0]
        for limit in limits:
            used, ends = self.windows.get((*who, limit.name), (0, 0))
            if used >= limit.max_count and ends > now:
                waits.append(ends - now)
        return max(waits)

    def use(self, who: tuple[object, ...], limits: tuple[Limit, ...], now: int) -> None:
        """One more."""
        for limit in limits:
            used, ends = self.windows.get((*who, limit.name), (0, 0))
            self.windows[*who, limit.name] = (used + 1, ends) if ends > now else (1, now + limit.seconds)

    def give_back(self, who: tuple[object, ...], limit: Limit) -> None:
        """One less."""
        used, ends = self.windows[*who, limit.name]
        self.windows[*who, limit.name] = (used - 1, ends)
