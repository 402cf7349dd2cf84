"""An in-memory cache that serves stale values while the source of the values is down or slow.

A slow source must cost a request no more than one that is down. Therefore a refresh is one try of at most a second.
After a failed refresh the cache returns the stale value and does not ask the source again for a while. A request waits
for the source only if the value was never read or is too old.

Nothing that grants access is cached here. Accounts, sessions and roles are read at every request.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from threading import Lock

from latchkey import aws, metrics
from latchkey.deadlines import within
from latchkey.metrics import Metric

REFRESH_SECONDS = 1.0
"""Longest time that a request waits for a refresh."""
RETRY_SECONDS = 30
"""Seconds from a failed refresh to the next refresh of the same name."""
PAUSE_SECONDS = 10
"""Seconds from a failed refresh to the next refresh of any name. A request is shorter than this, so it waits for one
refresh at most, even if it needs several values."""
STALE_SECONDS = 60 * 60
"""Seconds that a stale value may still be used."""


@dataclass(frozen=True, slots=True)
class _Reading[T]:
    value: T = field(repr=False)
    at: float


@dataclass(slots=True)
class Cache[T]:
    """The values of one source, by name. The caller reads the clock."""

    errors: tuple[type[Exception], ...]
    """Exceptions that mean that the source cannot be read."""
    metric: Metric | None = None
    """Metric that counts failed reads."""
    _readings: dict[str, _Reading[T]] = field(default_factory=dict)
    _failed: dict[str, float] = field(default_factory=dict)
    """Time of the last failed refresh, by name."""
    _failed_last: float = -inf
    _refreshing: Lock = field(default_factory=Lock)
    """Held by the one running refresh, also after its request has stopped waiting for it."""

    def get(
        self,
        name: str,
        now: float,
        read: Callable[[], T],
        seconds: Callable[[T], float],
        fits: Callable[[T, float], bool] = lambda _value, _age: True,
    ) -> T:
        """Return the cached value of a name, or what `read` returns if no recent value is cached.

        A value is fresh for `seconds(value)`, and only while `fits(value, age)` is true. `now` is in seconds, always
        of the same clock. Raises what `read` raises. It raises none of `errors` while a stale value may be used.
        """
        cached = self._readings.get(name)
        # abs(): a clock that was set back must not keep a value fresh for longer
        age = abs(now - cached.at) if cached else inf
        if cached and age < seconds(cached.value) and fits(cached.value, age):
            return cached.value
        if cached is None or age >= seconds(cached.value) + STALE_SECONDS:
            return self._first(name, now, read)
        if self._is_due(name, now) and self._refreshing.acquire(blocking=False):
            errors: tuple[type[Exception], ...] = (TimeoutError, *self.errors)
            try:
                return within(REFRESH_SECONDS, lambda: self._refresh(name, now, read))
            except errors:
                self._count()
                self._failed[name] = self._failed_last = now
        return cached.value

    def forget(self, name: str) -> None:
        """Drop the value of a name, so that the next `get` reads it."""
        self._readings.pop(name, None)

    def _first(self, name: str, now: float, read: Callable[[], T]) -> T:
        try:
            value = read()
        except self.errors:
            self._count()
            raise
        self._readings[name] = _Reading(value, now)
        return value

    def _is_due(self, name: str, now: float) -> bool:
        return (
            abs(now - self._failed.get(name, -inf)) >= RETRY_SECONDS and abs(now - self._failed_last) >= PAUSE_SECONDS
        )

    def _refresh(self, name: str, now: float, read: Callable[[], T]) -> T:
        """Read and store a value. A late value is stored too, unless the name was dropped or read again meanwhile."""
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
        if self.metric:
            metrics.count(self.metric)
