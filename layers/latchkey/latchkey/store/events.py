"""The audit: rows are added and never touched again; no function may do more than add."""

from collections.abc import Iterable
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.transactions import TransactWrite

from latchkey import settings, tokens
from latchkey.rules.events import Event, EventKind, EventMethod
from latchkey.store.dynamodb import Table, condition_failed


class EventItem(Table):
    """One row of the audit."""

    class Meta:
        table_name = settings.load().events_table

    subject = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    at_ms = NumberAttribute(attr_name="at")
    actor = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    method = UnicodeAttribute(null=True)
    support_code = UnicodeAttribute(attr_name="reference", null=True)

    def event(self, practice: str) -> Event:
        """The row as rules know it."""
        return Event(
            practice=practice,
            subject_key=tokens.base64url_decode(self.subject.rpartition("#")[2]) or b"",
            kind=EventKind(self.kind),
            at_ms=int(self.at_ms),
            actor=self.actor,
            reason=self.reason,
            method=cast("EventMethod | None", self.method),
            support_code=self.support_code,
        )


def append(event: Event) -> None:
    """Write one row.

    Raises what the store raises when it is out of reach: an effect without its row must not be shown.
    """
    try:
        _to_item(event).save(condition=EventItem.id.does_not_exist())
    except PutError as error:
        # its id is 80 random bits: only this row is there, written by a first try whose answer was lost
        if not condition_failed(error):
            raise


def newest(
    practice: str, accounts: Iterable[bytes], max_count: int, before: str | None = None
) -> list[tuple[str, Event]]:
    """The newest rows about these accounts, newest first, each with its id; `before` is the id to go on from."""
    rows: list[EventItem] = []
    for account in accounts:
        earlier = EventItem.id < before if before else None
        subject = f"{practice}#{tokens.base64url_encode(account)}"
        rows += EventItem.query(subject, earlier, scan_index_forward=False, limit=max_count, consistent_read=True)
    rows.sort(key=lambda row: row.id, reverse=True)
    return [(row.id, row.event(practice)) for row in rows[:max_count]]


def append_in(transaction: TransactWrite, event: Event) -> None:
    """Write one row if and only if the transaction happens."""
    transaction.save(_to_item(event), condition=EventItem.id.does_not_exist())


def _to_item(event: Event) -> EventItem:
    return EventItem(
        f"{event.practice}#{tokens.base64url_encode(event.subject_key)}",
        tokens.new_ulid(event.at_ms),
        kind=event.kind,
        at_ms=event.at_ms,
        actor=event.actor,
        reason=event.reason,
        method=event.method,
        support_code=event.support_code,
    )
