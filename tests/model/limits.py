"""The rate limits of `docs/security.md`, as the reference model has them.

Limits that these tests cannot reach are left out: a practice's mails and wrong PINs in an hour, a
hundred consecutive wrong PINs, and the limits of an IPv6 /48.
"""

from typing import NamedTuple

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Limit(NamedTuple):
    """A limit: at most `max_count` in a window of `seconds` from the first."""

    name: str
    max_count: int
    seconds: int


LINK_REQUESTS = Limit("asks", 10, 10 * MINUTE)
WRONG_ADDRESSES = Limit("wrong addresses", 5, 15 * MINUTE)
LINK_OPENS = Limit("opens", 30, 10 * MINUTE)
PROVIDER_STARTS = Limit("leaves", 30, 10 * MINUTE)
PIN_SUBMISSIONS = Limit("types", 10, 10 * MINUTE)
RESEND_COOLDOWN = Limit("one a minute", 1, MINUTE)
LINKS = (Limit("links in a quarter", 3, 15 * MINUTE), Limit("links in a day", 10, DAY))
CREATED = Limit("PINs and invitations of a clinician", 30, MINUTE)
WRONG_PINS = Limit("wrong PINs", 5, 15 * MINUTE)


class LimitCounters:
    """The counts of every limit, by scope."""

    def __init__(self) -> None:
        self.windows: dict[tuple[object, ...], tuple[int, int]] = {}
        """Count and end (Unix seconds) of each window."""

    def wait(self, who: tuple[object, ...], limits: tuple[Limit, ...], now: int) -> int:
        """Return the seconds until every limit is open, 0 if all are."""
        waits = [0]
        for limit in limits:
            used, ends = self.windows.get((*who, limit.name), (0, 0))
            if used >= limit.max_count and ends > now:
                waits.append(ends - now)
        return max(waits)

    def count(self, who: tuple[object, ...], limits: tuple[Limit, ...], now: int) -> None:
        """Count one more."""
        for limit in limits:
            used, ends = self.windows.get((*who, limit.name), (0, 0))
            self.windows[*who, limit.name] = (used + 1, ends) if ends > now else (1, now + limit.seconds)

    def uncount(self, who: tuple[object, ...], limit: Limit) -> None:
        """Count one less."""
        used, ends = self.windows[*who, limit.name]
        self.windows[*who, limit.name] = (used - 1, ends)
