"""Ids of other services' notices, each of which is sent once."""

from pynamodb.transactions import TransactWrite

from latchkey import keys, tokens
from latchkey.rules.events import Event
from latchkey.rules.notices import NoticeRefused, ServiceNotice, to_body
from latchkey.rules.refusals import IdempotencyKeyReused
from latchkey.store import events, idempotency
from latchkey.store.dynamodb import connection

KEEP_SECONDS = 30 * 24 * 3600
"""Seconds for which a notice with the same id is not sent again."""


def record_key(notice: ServiceNotice) -> str:
    """Return the key of the item that stands for the notice's id at its practice.

    :raises Unavailable: `LookupKey` cannot be read.
    """
    return tokens.opaque_key(keys.lookup(), "notice", notice.practice, notice.id)


def claim(notice: ServiceNotice, now: int) -> bool:
    """Claim a notice for sending. Return False if it was sent before. `now` is Unix seconds.

    A claim ends after half a minute, in case its caller died.

    :raises IdempotencyInProgress: another caller is sending it.
    :raises NoticeRefused: another notice of the practice has this id.
    """
    content = tokens.opaque_key(keys.lookup(), "notice content", to_body(notice.at(0)))
    try:
        return idempotency.save_in_progress(record_key(notice), content, now) is None
    except IdempotencyKeyReused:
        raise NoticeRefused("id_reused") from None


def release(notice: ServiceNotice) -> None:
    """Give up a claim, because nothing was sent. The id can be tried again."""
    idempotency.delete_record(record_key(notice))


def record_sent(notice: ServiceNotice, now: int, audit_event: Event) -> None:
    """Write that the notice was sent, with its audit row."""
    with TransactWrite(connection=connection) as transaction:
        idempotency.save_success_in(transaction, record_key(notice), now, KEEP_SECONDS)
        events.append_in(transaction, audit_event)
