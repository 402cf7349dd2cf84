"""DynamoDB: the shared connection, and which errors mean a failed condition, a transient conflict or an outage."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import Attribute, ListAttribute, MapAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.constants import MAP, NULL
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactGetError, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model, _ModelFuture
from pynamodb.transactions import TransactGet

from latchkey import aws, settings
from latchkey.tokens import jitter

OUTAGES = (PynamoDBException, BotoCoreError, ClientError)
"""Errors of calls to AWS that are throttled, slow, refused or down."""

MAX_TRIES = 3
"""For operations that only a concurrent write can stop."""

BACKOFF_SECONDS = 0.05

TRANSIENT = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons of a cancelled transaction that are worth another try. botocore does not retry them."""


class _DynamoDbClient:
    """The client that PynamoDB calls: the one method of botocore's that it uses."""

    def _make_api_call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return aws.call("dynamodb", operation, **arguments)


class SharedConnection(Connection):
    """PynamoDB's connection on the transport of this process. PynamoDB translates the errors."""

    @property
    def client(self) -> Any:
        """The client that PynamoDB calls."""
        return _DynamoDbClient()

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the response to a call, without PynamoDB's signals and its question for the consumed capacity."""
        response: dict[str, Any] = self._make_api_call(operation_name, operation_kwargs)
        return response

    def add_meta_table(self, meta_table: MetaTable) -> None:
        """Add the key schema of a table, once. Two models can share a table."""
        if meta_table.table_name not in self._tables:
            super().add_meta_table(meta_table)


connection = SharedConnection(region=settings.load().region)


class Table(Model):
    """A model on the shared connection. PynamoDB would make an SDK client for each model."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        if table.connection is not connection:
            # Refused for a second model of one table, which has the same key.
            with suppress(ValueError):
                connection.add_meta_table(table.get_meta_table())
            table.connection = connection
        return table

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """Return the item of a response.

        PynamoDB looks for each attribute that the item could have. This looks at those that it has, which takes a third
        as long.
        """
        attributes, defaults = _attributes_of(cls)
        item = cls.__new__(cls)
        item.attribute_values = {
            name: default() if callable(default) else default for name, default in defaults.items()
        }
        for stored_name, value in data.items():
            if stored_name in attributes and NULL not in value:
                name, attribute = attributes[stored_name]
                setattr(item, name, attribute.deserialize(attribute.get_value(value)))
        return item

    def upsert(self, actions: list[Action], condition: Condition | None = None) -> None:
        """Update the item, whether or not it exists.

        PynamoDB's `update` also reads the whole item from the response, which takes a fifth as long as the call.

        :raises UpdateError: it was not done, or its response was lost.
        """
        key, order = self._get_hash_range_key_serialized_values()
        self._get_connection().update_item(key, range_key=order, actions=actions, condition=condition)


class MapListAttribute[M: MapAttribute[Any, Any]](ListAttribute[M]):
    """A list of maps of one type. PynamoDB would copy the type's attributes at each read."""

    def __init__(self, of: type[M], **options: Any) -> None:
        super().__init__(of=of, **options)
        self._map_type = of

    def deserialize(self, values: list[dict[str, Any]]) -> list[M]:
        """Return the maps of a stored list."""
        return [self._map_type._instantiate(value[MAP]) for value in values]  # noqa: SLF001 - as PynamoDB does


@cache
def _attributes_of(table: type[Table]) -> tuple[dict[str, tuple[str, Attribute[Any]]], dict[str, Any]]:
    """Return the attributes of a table with their names, by stored name, and the defaults by name."""
    attributes = table.get_attributes().items()
    by_stored_name = {attribute.attr_name: (name, attribute) for name, attribute in attributes}
    return by_stored_name, {name: attribute.default for name, attribute in attributes if attribute.default is not None}


def read_atomically[T](read: Callable[[TransactGet], T]) -> T:
    """Return the items that `read` reads in one transaction. They have values only after it: see `found`.

    A write to one of the items at that moment cancels the transaction, so it is tried again.
    """
    for tries in range(MAX_TRIES):
        try:
            with TransactGet(connection=connection) as transaction:
                items = read(transaction)
        except TransactGetError as error:
            if tries == MAX_TRIES - 1 or not is_transient(error):
                raise
            backoff(tries)
        else:
            return items
    raise AssertionError("the last try returns or raises")


def backoff(tries: int, seconds: float = BACKOFF_SECONDS) -> None:
    """Sleep `seconds`, doubled for each try before, and up to as long again at random."""
    time.sleep(seconds * 2**tries * (1 + jitter(100) / 100))


def set_or_remove(attribute: Attribute[Any], value: object) -> Action:
    """Return the action that sets a value, or removes the attribute if there is none."""
    return attribute.remove() if value is None else attribute.set(value)


def condition_failed(error: PynamoDBException) -> bool:
    """Return True if a write was refused because its condition failed."""
    # only a response has a code: PynamoDB looks for it in timeouts too, and fails
    return isinstance(error.cause, ClientError) and error.cause_response_code == "ConditionalCheckFailedException"


def transaction_condition_failed(error: TransactWriteError) -> bool:
    """Return True if a transaction was cancelled because one of its conditions failed."""
    return "ConditionalCheckFailed" in _reasons(error)


def is_transient(error: TransactWriteError | TransactGetError) -> bool:
    """Return True if a transaction was cancelled for reasons that the next try does not meet."""
    reasons = _reasons(error)
    return bool(reasons) and reasons <= TRANSIENT


def found[M: Model](reading: _ModelFuture[M]) -> M | None:
    """Return the item of a reading in a transaction, or None."""
    try:
        return reading.get()
    except DoesNotExist:
        return None


def _reasons(error: TransactWriteError | TransactGetError) -> set[str]:
    return {reason.code for reason in error.cancellation_reasons if reason}
