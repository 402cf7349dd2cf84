"""Answers to sends, kept for a day, so that a send that is repeated happens once (Idempotency-Key)."""

from dataclasses import dataclass

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from latchkey import settings, tokens
from latchkey.rules.refusals import IdempotencyInProgress, IdempotencyKeyReused
from latchkey.store.dynamodb import Table, condition_failed

KEEP_SECONDS = 24 * 3600
IN_PROGRESS_SECONDS = 30
"""How long a send that never came back stands in the way of its repetition."""


class IdempotencyItem(Table):
    """One send at rest."""

    class Meta:
        table_name = settings.load().idempotency_table

    id = UnicodeAttribute(hash_key=True)
    request = UnicodeAttribute()
    record_owner = UnicodeAttribute(attr_name="attempt", null=True)
    """Names who claimed it, so that a claim whose answer was lost is known for ours."""
    status = NumberAttribute(null=True)
    body = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()
    sweep_at = NumberAttribute()


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """What was answered the first time."""

    status: int
    body: str


def save_in_progress(record_key: str, request: str, now: int) -> StoredResponse | None:
    """Claim a send; the answer instead, if it has happened before.

    `place` is who sends with which key, `request` a digest of what.

    :raises InProgress: it is under way.
    :raises KeyReused: the key stands for another request.
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
    return StoredResponse(int(item.status), item.body)


def save_success(record_key: str, answer: StoredResponse, now: int) -> None:
    """Remember the answer to a send that was claimed."""
    IdempotencyItem(record_key).upsert(
        [
            IdempotencyItem.status.set(answer.status),
            IdempotencyItem.body.set(answer.body),
            IdempotencyItem.expires_at.set(now + KEEP_SECONDS),
            IdempotencyItem.sweep_at.set(now + 2 * KEEP_SECONDS),
        ]
    )


def delete_record(record_key: str) -> None:
    """Give a claim back: nothing was sent."""
    IdempotencyItem(record_key).delete()
