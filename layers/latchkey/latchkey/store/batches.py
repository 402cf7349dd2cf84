"""Reads of items of several tables in one call."""

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any, cast

from pynamodb.exceptions import GetError

from latchkey.store.dynamodb import MAX_TRIES, Table, backoff, connection

BATCH_GET_ITEMS = 100
"""Items that one call can read."""

type ItemKey = tuple[str, ...]
"""The key of an item: one value, or two in a table with a sort key."""


class Batch:
    """Items that were read together, by table and key."""

    def __init__(self) -> None:
        self._items: dict[tuple[type[Table], ItemKey], Table] = {}

    def add(self, key: ItemKey, item: Table) -> None:
        """Add an item."""
        self._items[type(item), key] = item

    def get[T: Table](self, table: type[T], *key: str) -> T | None:
        """Return an item, or None if there is none or it was not asked for."""
        return cast("T | None", self._items.get((table, key)))


def read_batch(wanted: Iterable[tuple[type[Table], ItemKey]]) -> Batch:
    """Return the items of these tables and keys, read consistently, 100 in a call.

    :raises GetError: DynamoDB left some of them out several times in a row.
    """
    batch = Batch()
    for some in batched(dict.fromkeys(wanted), BATCH_GET_ITEMS, strict=False):
        requested: dict[str, dict[str, Any]] = {}
        origins: dict[tuple[str, str], tuple[type[Table], ItemKey]] = {}
        for table, key in some:
            name = table._get_connection().table_name  # noqa: SLF001 - the connection of every table
            identifier = connection.get_identifier_map(name, *key)["Key"]
            requested.setdefault(name, {"ConsistentRead": True, "Keys": []})["Keys"].append(identifier)
            origins[name, str(sorted(identifier.items()))] = (table, key)
        for name, raw in _batch_pages(requested):
            names = requested[name]["Keys"][0]
            table, key = origins[name, str(sorted((attribute, raw[attribute]) for attribute in names))]
            batch.add(key, table.from_raw_data(raw))
    return batch


def _batch_pages(requested: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each item with the name of its table. What DynamoDB leaves out of a response is asked for again."""
    for tries in range(MAX_TRIES):
        response = connection.dispatch("BatchGetItem", {"RequestItems": requested})
        for name, items in response["Responses"].items():
            yield from ((name, item) for item in items)
        requested = response.get("UnprocessedKeys") or {}
        if not requested:
            return
        backoff(tries)
    raise GetError("DynamoDB left items out of a batch")
