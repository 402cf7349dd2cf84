"""The caches of a process, as they are when it has just started."""

from collections.abc import Callable
from types import ModuleType

from latchkey import keys
from latchkey.caches import Cache, _Reading
from latchkey.identity import jwks
from latchkey.store import practices

HOLDERS = (keys, practices, jwks)


def empty(*holders: ModuleType) -> None:
    """Nothing has been read yet, and no refresh is under way; of some modules, or of all that keep anything."""
    for holder in holders or HOLDERS:
        setattr(holder, "_cache", anew(holder._cache))  # noqa: B010, SLF001


def anew[T](cache: Cache[T]) -> Cache[T]:
    """The same cache of a process that has read nothing."""
    return Cache(cache.errors, cache.metric)


def saved(older: float) -> Callable[[], None]:
    """What has been read by now; calling it puts it back so many seconds older, into a process that goes on from it."""
    stored = [(holder, dict(holder._cache._readings)) for holder in HOLDERS]  # noqa: SLF001

    def restore() -> None:
        empty()
        for holder, readings in stored:
            aged = {name: _Reading(reading.value, reading.at - older) for name, reading in readings.items()}
            holder._cache._readings.update(aged)  # noqa: SLF001

    return restore
