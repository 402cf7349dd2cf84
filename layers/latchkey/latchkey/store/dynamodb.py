"""One connection for all tables, and the one foreign error that means no rather than trouble."""

import time
from collections.abc import Sequence
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session as BotocoreSession
from pynamodb.attributes import Attribute
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactGetError, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model, _ModelFuture
from pynamodb.transactions import TransactGet

from latchkey import aws, settings
from latchkey.tokens import jitter

OUTAGES = (PynamoDBException, BotoCoreError, ClientError)
"""What a call to AWS raises when it is throttled, slow, refused or down."""

MAX_TRIES = 3
"""At what only someone else's write stands in the way of."""

BACKOFF_SECONDS = 0.05

TRANSIENT = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Reasons of a cancelled transaction that are worth another try; botocore makes none."""


class SharedConnection(Connection):
    """PynamoDB's connection on our one botocore session."""

    @property
    def session(self) -> BotocoreSession:
        """The one session of this process."""
        return aws.botocore_session()


connection = SharedConnection(
    region=settings.load().region,
    connect_timeout_seconds=aws.CONNECT_TIMEOUT_SECONDS,
    read_timeout_seconds=aws.READ_TIMEOUT_SECONDS,
    max_retry_attempts=aws.MAX_TRIES - 1,
)


class Table(Model):
    """A table on the shared connection; left alone, each model would make a client of its own."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        if table.connection is not connection:
            connection.add_meta_table(table.get_meta_table())
            table.connection = connection
        return table

    def upsert(self, actions: list[Action], condition: Condition | None = None) -> None:
        """Update the item, whether or not it is there.

        `update` does so too, and reads the whole item from the answer, which takes a fifth as long as the call.

        :raises UpdateError: it was not done, or nobody knows.
        """
        key, order = self._get_hash_range_key_serialized_values()
        self._get_connection().update_item(key, range_key=order, actions=actions, condition=condition)


def transact_get_pair[A: Table, B: Table](
    one: tuple[type[A], str], other: tuple[type[B], str]
) -> tuple[A | None, B | None]:
    """Two items as they were at one moment, each by its table and key; None for what is not there."""
    first, second = transact_get((one, other))
    return cast("A | None", first), cast("B | None", second)


def transact_get[T: Table](wanted: Sequence[tuple[type[T], str]]) -> list[T | None]:
    """Items as they were at one moment, each by its table and key; None for what is not there.

    A write to one of them at that very moment gets in the way, and is over soon.
    """
    for turn in range(MAX_TRIES):
        try:
            with TransactGet(connection=connection) as reading:
                readings = [reading.get(*item) for item in wanted]
        except TransactGetError as error:
            if turn == MAX_TRIES - 1 or not is_transient(error):
                raise
            backoff(turn)
        else:
            return [_found(item) for item in readings]
    raise AssertionError("the last turn returns or raises")


def backoff(turn: int, seconds: float = BACKOFF_SECONDS) -> None:
    """`seconds`, twice as long at each turn, and up to as long again by chance: not as long as others in the way."""
    time.sleep(seconds * 2**turn * (1 + jitter(100) / 100))


def set_or_remove(attribute: Attribute[Any], value: object) -> Action:
    """Writes a value, or that there is none."""
    return attribute.remove() if value is None else attribute.set(value)


def condition_failed(error: PynamoDBException) -> bool:
    """Whether a write was refused because its condition did not hold."""
    # without an answer there is no code to ask for: PynamoDB looks for it in the exceptions of timeouts too, and fails
    return isinstance(error.cause, ClientError) and error.cause_response_code == "ConditionalCheckFailedException"


def transaction_condition_failed(error: TransactWriteError) -> bool:
    """Whether a transaction was cancelled because a condition of it did not hold."""
    return "ConditionalCheckFailed" in _reasons(error)


def is_transient(error: TransactWriteError | TransactGetError) -> bool:
    """Whether a transaction was cancelled for nothing that would stop the next try."""
    reasons = _reasons(error)
    return bool(reasons) and reasons <= TRANSIENT


def _found[M: Model](reading: _ModelFuture[M]) -> M | None:
    try:
        return reading.get()
    except DoesNotExist:
        return None


def _reasons(error: TransactWriteError | TransactGetError) -> set[str]:
    return {reason.code for reason in error.cancellation_reasons if reason}
