"""DynamoDB: the shared connection, and which errors mean a failed condition, a transient conflict or an outage."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import Attribute, AttributeContainer, ListAttribute, MapAttribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.constants import MAP, NULL, NUMBER
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactGetError, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model, _ModelFuture
from pynamodb.transactions import TransactGet, TransactWrite

from latchkey import aws, settings
from latchkey.rules.refusals import Unavailable
from latchkey.tokens import jitter

OUTAGES = (PynamoDBException, BotoCoreError, ClientError)
"""Errors of calls to AWS that are throttled, slow, refused or down."""

MAX_TRIES = 3
"""Tries of an operation that only a concurrent write can stop."""

BACKOFF_SECONDS = 0.05

TRANSIENT = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons of a cancelled transaction that are worth another try. botocore does not retry them."""


class ConcurrentUpdate(Exception):
    """A stored item has changed since it was read."""


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
        """Return the response to a call, without PynamoDB's signals and its request for the consumed capacity."""
        response: dict[str, Any] = self._make_api_call(operation_name, operation_kwargs)
        return response

    def add_meta_table(self, meta_table: MetaTable) -> None:
        """Add the key schema of a table, once. Two models can share a table."""
        if meta_table.table_name not in self._tables:
            super().add_meta_table(meta_table)


connection = SharedConnection(region=settings.load().region)


class _Declared(AttributeContainer):
    """Reads and makes items and maps by the attributes that their class declares.

    PynamoDB looks for each attribute that an item could have. This looks at those that it has, which takes a third as
    long. An attribute has one default, for new items too.
    """

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Self:
        attributes, _ = _attributes_of(cls)
        item = cls.__new__(cls)
        item.attribute_values = values = _defaults_of(cls)
        for stored_name, value in data.items():
            if stored_name in attributes and NULL not in value:
                name, attribute = attributes[stored_name]
                read = attribute.deserialize(attribute.get_value(value))
                # a map without declared attributes is read as a dictionary
                values[name] = MapAttribute(**read) if type(attribute) is MapAttribute else read
        return item

    def _set_defaults(self, _user_instantiated: bool = True) -> None:
        self.attribute_values = _defaults_of(type(self))


class Table(_Declared, Model):
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
        """Return the item of a response."""
        return cls._read(data)

    def upsert(self, actions: list[Action], condition: Condition | None = None) -> None:
        """Update the item, whether or not it exists.

        PynamoDB's `update` also reads the whole item from the response, which takes a fifth as long as the call.

        :raises UpdateError: the update was not done, or its response was lost.
        """
        key, order = self._get_hash_range_key_serialized_values()
        self._get_connection().update_item(key, range_key=order, actions=actions, condition=condition)


class Map(_Declared, MapAttribute[str, Any]):
    """A map with declared attributes, inside an item. It is read as `Table` is."""

    @classmethod
    def _instantiate(cls, attribute_values: dict[str, Any]) -> Self:
        return cls._read(attribute_values)


class IntegerAttribute(Attribute[int]):
    """A whole number. PynamoDB's `NumberAttribute` reads and writes each number as a JSON document."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        """Return the number as DynamoDB takes it."""
        return str(value)

    def deserialize(self, value: str) -> int:
        """Return the number that DynamoDB gives."""
        return int(value)


class MapListAttribute[M: MapAttribute[Any, Any]](ListAttribute[M]):
    """A list of maps of one type. PynamoDB would copy the type's attributes at each read."""

    def __init__(self, of: type[M], **options: Any) -> None:
        super().__init__(of=of, **options)
        self._map_type = of

    def deserialize(self, values: list[dict[str, Any]]) -> list[M]:
        """Return the maps of a stored list."""
        return [self._map_type._instantiate(value[MAP]) for value in values]  # noqa: SLF001 - as PynamoDB does


def _defaults_of(table: type[AttributeContainer]) -> dict[str, Any]:
    """Return the values of a new item or map by the names of its attributes."""
    _, defaults = _attributes_of(table)
    return {name: default() if callable(default) else default for name, default in defaults.items()}


@cache
def _attributes_of(table: Any) -> tuple[dict[str, tuple[str, Attribute[Any]]], dict[str, Any]]:
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


def write_atomically(write: Callable[[TransactWrite], None]) -> None:
    """Write what `write` puts into one transaction: all of it or nothing.

    Only transient cancellations are tried again, because botocore does not retry them.

    :raises ConcurrentUpdate: a condition failed, and nothing was written.
    :raises Unavailable: DynamoDB kept cancelling for transient reasons, and nothing was written.
    :raises PynamoDBException: DynamoDB does not answer. The transaction may have committed.
    """
    for tries in range(MAX_TRIES):
        try:
            with TransactWrite(connection=connection) as transaction:
                write(transaction)
        except TransactWriteError as error:
            if transaction_condition_failed(error):
                raise ConcurrentUpdate from None
            if not is_transient(error):
                raise
            backoff(tries)
        else:
            return
    raise Unavailable


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
    """Return True if a transaction was cancelled only for reasons that are in `TRANSIENT`."""
    reasons = _reasons(error)
    return bool(reasons) and reasons <= TRANSIENT


def is_concurrent(error: TransactWriteError) -> bool:
    """Return True if a transaction was cancelled because of other writes. Then the items are to be read again."""
    return transaction_condition_failed(error) or is_transient(error)


def found[M: Model](reading: _ModelFuture[M]) -> M | None:
    """Return the item of a reading in a transaction, or None."""
    try:
        return reading.get()
    except DoesNotExist:
        return None


def _reasons(error: TransactWriteError | TransactGetError) -> set[str]:
    return {reason.code for reason in error.cancellation_reasons if reason}
