"""Parts of a list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A page of a list, with the id after which the next one begins."""

    entries: tuple[T, ...]
    next_id: str | None
    """None on the last page."""


def page[T](entries: Sequence[T], limit: int, id_of: Callable[[T], str]) -> Page[T]:
    """Return the first `limit` entries. `entries` has one more than fits if there is a next page."""
    return Page(tuple(entries[:limit]), id_of(entries[limit - 1]) if len(entries) > limit else None)
