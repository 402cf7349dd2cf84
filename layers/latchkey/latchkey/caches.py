"""What is read elsewhere and kept in memory: fresh for a while, and used longer while it cannot be read again.

A source that is slow must cost no more than one that is down. So a refresh is one try and takes a second at most; after
one that failed, what is kept is used at once, and the source is left alone for a while. Only what was never read, or
too long ago, is waited for.

Nothing that decides who may do what is kept like this: accounts, sessions and roles are read at every request.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from threading import Lock

from latchkey import aws, metrics
from latchkey.deadlines import within
from latchkey.metrics import Metric

REFRESH_SECONDS = 1.0
"""The longest that a request waits for something newer than what is kept."""
RETRY_SECONDS = 30
"""From a refresh that failed until the same thing is asked for again."""
PAUSE_SECONDS = 10
"""From a refresh that failed until anything is asked for again of the same source: no request lasts as long, so that
none waits for two refreshes, however many keys it needs."""
STALE_SECONDS = 60 * 60
"""How long something may still be used after it was fresh."""


@dataclass(frozen=True, slots=True)
class _Reading[T]:
    value: T = field(repr=False)
    at: float


@dataclass(slots=True)
class Cache[T]:
    """What was read of one source, by name. Every reading of the clock is its caller's."""

    troubles: tuple[type[Exception], ...]
    """What the source raises when it cannot be read."""
    counted: Metric | None = None
    """Counts each time that it could not."""
    _readings: dict[str, _Reading[T]] = field(default_factory=dict)
    _failed: dict[str, float] = field(default_factory=dict)
    """When the last refresh of something has failed."""
    _failed_last: float = -inf
    _refreshing: Lock = field(default_factory=Lock)
    """Held by the one refresh that is under way; also by one that nobody waits for any more."""

    def get(
        self,
        name: str,
        now: float,
        read: Callable[[], T],
        seconds: Callable[[T], float],
        fits: Callable[[T, float], bool] = lambda _value, _age: True,
    ) -> T:
        """What is kept under a name, or what `read` returns where nothing recent is.

        A value is fresh for so many `seconds`, and only if it `fits` at its age. `now` is of any clock, always the
        same. Raises what `read` raises, but for troubles while something is kept that may still be used.
        """
        kept = self._readings.get(name)
        # a clock that was set back must not make anything fresh for longer
        age = abs(now - kept.at) if kept else inf
        if kept and age < seconds(kept.value) and fits(kept.value, age):
            return kept.value
        if kept is None or age >= seconds(kept.value) + STALE_SECONDS:
            return self._first(name, now, read)
        if self._is_due(name, now) and self._refreshing.acquire(blocking=False):
            troubles: tuple[type[Exception], ...] = (TimeoutError, *self.troubles)
            try:
                return within(REFRESH_SECONDS, lambda: self._refresh(name, now, read))
            except troubles:
                self._count()
                self._failed[name] = self._failed_last = now
        return kept.value

    def forget(self, name: str) -> None:
        """Read it anew the next time."""
        self._readings.pop(name, None)

    def _first(self, name: str, now: float, read: Callable[[], T]) -> T:
        try:
            value = read()
        except self.troubles:
            self._count()
            raise
        self._readings[name] = _Reading(value, now)
        return value

    def _is_due(self, name: str, now: float) -> bool:
        return (
            abs(now - self._failed.get(name, -inf)) >= RETRY_SECONDS and abs(now - self._failed_last) >= PAUSE_SECONDS
        )

    def _refresh(self, name: str, now: float, read: Callable[[], T]) -> T:
        """Also what comes too late for whoever waited is kept, unless it was forgotten or read anew meanwhile."""
        before = self._readings.get(name)
        try:
            with aws.one_try():
                value = read()
            if self._readings.get(name) is before:
                self._readings[name] = _Reading(value, now)
            self._failed.pop(name, None)
        finally:
            self._refreshing.release()
        return value

    def _count(self) -> None:
        if self.counted:
            metrics.count(self.counted)
