"""Idempotency records: the response to a request, kept for a day, so that a repeated request runs once."""

from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.transactions import TransactWrite

from latchkey import settings, tokens
from latchkey.rules.refusals import IdempotencyInProgress, IdempotencyKeyReused
from latchkey.store.dynamodb import IntegerAttribute, Table, condition_failed

KEEP_SECONDS = 24 * 3600
IN_PROGRESS_SECONDS = 30
"""A record in progress blocks a repeated request for this long, if the function that made it died."""


class IdempotencyItem(Table):
    """A record of one request."""

    class Meta:
        table_name = settings.load().idempotency_table

    id = UnicodeAttribute(hash_key=True)
    request = UnicodeAttribute()
    record_owner = UnicodeAttribute(attr_name="attempt", null=True)
    """Id of the request that saved it. After a lost response it shows that this request saved the record."""
    status = IntegerAttribute(null=True)
    body = UnicodeAttribute(null=True)
    expires_at = IntegerAttribute()
    sweep_at = IntegerAttribute()


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response to the first request."""

    status: int
    body: str


def save_in_progress(record_key: str, request: str, now: int) -> StoredResponse | None:
    """Save a record in progress and return None, or return the stored response of an earlier request.

    `record_key` names the sender and their key, `request` is a digest of the request. `now` is Unix seconds.

    :raises IdempotencyInProgress: the earlier request has not finished.
    :raises IdempotencyKeyReused: the key belongs to another request.
    """
    owner = tokens.base64url_encode(tokens.random_id())
    record = IdempotencyItem(
        record_key,
        request=request,
        record_owner=owner,
        expires_at=now + IN_PROGRESS_SECONDS,
        sweep_at=now + KEEP_SECONDS,
    )
    try:
        record.save(condition=IdempotencyItem.id.does_not_exist() | (IdempotencyItem.expires_at <= now))
    except PutError as error:
        if not condition_failed(error):
            raise
    else:
        return None
    try:
        item = IdempotencyItem.get(record_key, consistent_read=True)
    except IdempotencyItem.DoesNotExist:
        raise IdempotencyInProgress from None
    if item.record_owner == owner:
        return None
    if item.request != request:
        raise IdempotencyKeyReused
    if item.status is None or item.body is None:
        raise IdempotencyInProgress
    return StoredResponse(item.status, item.body)


def save_success(record_key: str, response: StoredResponse, now: int) -> None:
    """Store the response in the record, for a day. `now` is Unix seconds."""
    IdempotencyItem(record_key).upsert(
        [
            IdempotencyItem.status.set(response.status),
            IdempotencyItem.body.set(response.body),
            IdempotencyItem.expires_at.set(now + KEEP_SECONDS),
            IdempotencyItem.sweep_at.set(now + 2 * KEEP_SECONDS),
        ]
    )


def save_success_in(transaction: TransactWrite, record_key: str, now: int, keep_seconds: int) -> None:
    """Mark the record as done for `keep_seconds`, without a response, if and only if the transaction commits."""
    transaction.update(
        IdempotencyItem(record_key),
        [
            IdempotencyItem.status.set(0),
            IdempotencyItem.body.set("-"),
            IdempotencyItem.expires_at.set(now + keep_seconds),
            IdempotencyItem.sweep_at.set(now + keep_seconds),
        ],
    )


def delete_record(record_key: str) -> None:
    """Delete the record, because the request had no effect."""
    IdempotencyItem(record_key).delete()
