"""Items that a practice shares with a client, and the addresses that open them and the features of a portal (B146)."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from latchkey.rules.accounts import Profile
from latchkey.rules.practices import FEATURES, Feature, Practice
from latchkey.rules.web_addresses import is_path_below

MAX_ITEMS = 100
"""Shared items that a client record stores. Older ones are dropped. So many items fit into DynamoDB's 400 KB, even with
the longest titles and paths that a clinician may send."""


@dataclass(frozen=True, slots=True)
class SharedItem:
    """An item that was shared with a client. Its title is its identity: a client has each title once."""

    title: str = field(repr=False)
    path: str | None = field(default=None, repr=False)
    """A path below the practice's portal that opens the item. None if only its title is known."""
    shared_at: int | None = None
    """Unix seconds. None for an item that an earlier version stored."""
    done_at: int | None = None
    """Unix seconds at which the practice marked the item as done. None while it is waiting."""


def share(current: tuple[SharedItem, ...], shared: Iterable[SharedItem]) -> tuple[SharedItem, ...]:
    """Return the items after more of them are shared, newest last. Only the newest `MAX_ITEMS` stay.

    An item that is shared again is waiting again. Without a path it keeps the one that it had.
    """
    paths = {item.title: item.path for item in current}
    newest = {item.title: replace(item, path=item.path or paths.get(item.title)) for item in shared}
    older = tuple(item for item in current if item.title not in newest)
    return (*older, *newest.values())[-MAX_ITEMS:]


def with_done(current: tuple[SharedItem, ...], title: str, done_at: int | None) -> tuple[SharedItem, ...] | None:
    """Return the items with one of them marked as done at `done_at` (Unix seconds). With None, it waits again.

    Return None if no item has this title. An item that is done already keeps its time.
    """
    if title not in {item.title for item in current}:
        return None
    return tuple(
        replace(item, done_at=done_at and (item.done_at or done_at)) if item.title == title else item
        for item in current
    )


def waiting(items: Iterable[SharedItem]) -> tuple[SharedItem, ...]:
    """Return the items that are not done, newest first."""
    return tuple(reversed([item for item in items if item.done_at is None]))


def feature_url(practice: Practice, feature: Feature) -> str | None:
    """Return the address that opens a feature: the practice's link, else its application. None if nothing opens it."""
    return practice.links.get(feature) or practice.app_url


def open_features(practice: Practice, profile: Profile | None = None) -> tuple[tuple[Feature, str], ...]:
    """Return the features that have an address to open, each with its address.

    The practice offers each of them. If `profile` is given, the profile has each of them too.
    """
    return tuple(
        (feature, url)
        for feature in FEATURES
        if feature in practice.features
        and (profile is None or feature in profile.features)
        and (url := feature_url(practice, feature))
    )


def opens(practice: Practice, *features: Feature) -> bool:
    """Return True if something opens each of these features of a practice."""
    return {*features} <= {feature for feature, _ in open_features(practice)}


def item_url(practice: Practice, profile: Profile, item: SharedItem) -> str | None:
    """Return the address that opens an item: its path, else the profile's documents. None if nothing opens it."""
    if item.path and is_path_below(item.path, practice.slug):
        return item.path
    return dict(open_features(practice, profile)).get("documents") or practice.app_url
