"""Reads of items of several tables in one call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import GetError

from latchkey.store.dynamodb import MAX_TRIES, Table, backoff, connection

BATCH_GET_ITEMS = 100
"""Items that one call can read."""

type ItemKey = tuple[str, ...]
"""The key of an item: one value, or two in a table with a sort key."""
type Projections = Mapping[type[Table], Sequence[str]]
"""The attributes to read of a table, by their stored names. All, if it is not in the mapping.

A `#` comes before a name that DynamoDB reserves.
"""


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


def get_pair[A: Table, B: Table](
    first: type[A], second: type[B], key: str, second_projection: Sequence[str] = ()
) -> tuple[A | None, B | None]:
    """Return the items of two tables with the same key, or None. Raises as `read_batch` does."""
    batch = read_batch([(first, (key,)), (second, (key,))], {second: second_projection})
    return batch.get(first, key), batch.get(second, key)


def read_batch(wanted: Iterable[tuple[type[Table], ItemKey]], projections: Projections | None = None) -> Batch:
    """Return the items of these tables and keys, each read consistently, 100 in a call.

    The items are not read at one moment. A caller that compares them needs values that never return, such as epochs.

    :raises GetError: DynamoDB does not answer, or left some items out several times in a row.
    """
    # A transaction would read all at one moment, and take twice as many units.
    batch = Batch()
    for chunk in batched(dict.fromkeys(wanted), BATCH_GET_ITEMS, strict=False):
        requested: dict[str, dict[str, Any]] = {}
        origins: dict[tuple[str, str], tuple[type[Table], ItemKey]] = {}
        for table, key in chunk:
            name = table._get_connection().table_name  # noqa: SLF001 - the connection of every table
            identifier = connection.get_identifier_map(name, *key)["Key"]
            attributes = (projections or {}).get(table)
            requested.setdefault(name, {"ConsistentRead": True, "Keys": [], **_projection(attributes)})["Keys"].append(
                identifier
            )
            origins[name, str(sorted(identifier.items()))] = (table, key)
        for name, raw in _batch_pages(requested):
            names = requested[name]["Keys"][0]
            table, key = origins[name, str(sorted((attribute, raw[attribute]) for attribute in names))]
            batch.add(key, table.from_raw_data(raw))
    return batch


def _projection(attributes: Sequence[str] | None) -> dict[str, Any]:
    if not attributes:
        return {}
    reserved = {name: name[1:] for name in attributes if name.startswith("#")}
    names = {"ExpressionAttributeNames": reserved} if reserved else {}
    return {"ProjectionExpression": ", ".join(attributes), **names}


def _batch_pages(requested: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each item with the name of its table. What DynamoDB leaves out of a response is asked for again."""
    for tries in range(MAX_TRIES):
        try:
            response = connection.dispatch("BatchGetItem", {"RequestItems": requested})
        except (BotoCoreError, ClientError) as error:
            raise GetError(f"Failed to read a batch: {error}", error) from error
        for name, items in response["Responses"].items():
            yield from ((name, item) for item in items)
        requested = response.get("UnprocessedKeys") or {}
        if not requested:
            return
        backoff(tries)
    raise GetError("DynamoDB left items out of a batch")
