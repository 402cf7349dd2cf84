"""Answers to sends, kept for a day, so that a send that is repeated happens once (Idempotency-Key)."""

from dataclasses import dataclass

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from latchkey import settings, tokens
from latchkey.rules.refusals import InProgress, KeyReused
from latchkey.store.tables import Table, unmet

KEEP_SECONDS = 24 * 3600
RUN_SECONDS = 30
"""How long a send that never came back stands in the way of its repetition."""


class ReplayItem(Table):
    """One send at rest."""

    class Meta:
        table_name = settings.load().replays_table

    id = UnicodeAttribute(hash_key=True)
    request = UnicodeAttribute()
    attempt = UnicodeAttribute(null=True)
    """Names who claimed it, so that a claim whose answer was lost is known for ours."""
    status = NumberAttribute(null=True)
    body = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()
    sweep_at = NumberAttribute()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: str


def begin(place: str, request: str, now: int) -> Answer | None:
    """Claim a send; the answer instead, if it has happened before.

    `place` is who sends with which key, `request` a digest of what.

    :raises InProgress: it is under way.
    :raises KeyReused: the key stands for another request.
    """
    attempt = tokens.encode(tokens.request_id())
    claim = ReplayItem(
        place, request=request, attempt=attempt, expires_at=now + RUN_SECONDS, sweep_at=now + KEEP_SECONDS
    )
    try:
        claim.save(condition=ReplayItem.id.does_not_exist() | (ReplayItem.expires_at <= now))
    except PutError as error:
        if not unmet(error):
            raise
    else:
        return None
    try:
        kept = ReplayItem.get(place, consistent_read=True)
    except ReplayItem.DoesNotExist:
        raise InProgress from None
    if kept.attempt == attempt:
        return None
    if kept.request != request:
        raise KeyReused
    if kept.status is None or kept.body is None:
        raise InProgress
    return Answer(int(kept.status), kept.body)


def keep(place: str, answer: Answer, now: int) -> None:
    """Remember the answer to a send that was claimed."""
    ReplayItem(place).write(
        [
            ReplayItem.status.set(answer.status),
            ReplayItem.body.set(answer.body),
            ReplayItem.expires_at.set(now + KEEP_SECONDS),
            ReplayItem.sweep_at.set(now + 2 * KEEP_SECONDS),
        ]
    )


def release(place: str) -> None:
    """Give a claim back: nothing was sent."""
    ReplayItem(place).delete()
