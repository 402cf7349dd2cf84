"""The package's caches, emptied as in a new process."""

from collections.abc import Callable
from types import ModuleType

from latchkey import keys
from latchkey.caches import Cache, _Reading
from latchkey.identity import jwks
from latchkey.store import practices

HOLDERS = (keys, practices, jwks)


def empty(*holders: ModuleType) -> None:
    """Empty the caches of these modules, or of all modules that have one."""
    for holder in holders or HOLDERS:
        setattr(holder, "_cache", anew(holder._cache))  # noqa: B010, SLF001


def anew[T](cache: Cache[T]) -> Cache[T]:
    """Return an empty cache with the same errors and metric."""
    return Cache(cache.errors, cache.metric)


def saved(older: float) -> Callable[[], None]:
    """Return a function that restores the cached readings, `older` seconds older than they were."""
    stored = [(holder, dict(holder._cache._readings)) for holder in HOLDERS]  # noqa: SLF001

    def restore() -> None:
        empty()
        for holder, readings in stored:
            aged = {name: _Reading(reading.value, reading.at - older) for name, reading in readings.items()}
            holder._cache._readings.update(aged)  # noqa: SLF001

    return restore
