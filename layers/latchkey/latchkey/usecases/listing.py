"""Pages of a list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A page of a list."""

    entries: tuple[T, ...]
    next_id: str | None
    """The id after which the next page begins. None on the last page."""


def page[T](entries: Sequence[T], limit: int, id_of: Callable[[T], str]) -> Page[T]:
    """Return a page with the first `limit` entries. `entries` has one more entry if there is a next page."""
    return Page(tuple(entries[:limit]), id_of(entries[limit - 1]) if len(entries) > limit else None)
