"""The audit: rows are added and never touched again; no function may do more than add."""

from collections.abc import Iterable

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.transactions import TransactWrite

from latchkey import settings, tokens
from latchkey.rules.events import Event, Kind
from latchkey.store.tables import Table, unmet


class EventItem(Table):
    """One row of the audit."""

    class Meta:
        table_name = settings.load().events_table

    subject = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    at = NumberAttribute()
    actor = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    method = UnicodeAttribute(null=True)
    reference = UnicodeAttribute(null=True)

    def event(self, practice: str) -> Event:
        """The row as rules know it."""
        return Event(
            practice=practice,
            account=tokens.decode(self.subject.rpartition("#")[2]) or b"",
            kind=Kind(self.kind),
            instant=int(self.at),
            actor=self.actor,
            reason=self.reason,
            method=self.method,
            reference=self.reference,
        )


def add(event: Event) -> None:
    """Write one row.

    Raises what the store raises when it is out of reach: an effect without its row must not be shown.
    """
    try:
        _item(event).save(condition=EventItem.id.does_not_exist())
    except PutError as error:
        # its id is 80 random bits: only this row is there, written by a first try whose answer was lost
        if not unmet(error):
            raise


def of(practice: str, accounts: Iterable[bytes], most: int, before: str | None = None) -> list[tuple[str, Event]]:
    """The newest rows about these accounts, newest first, each with its id; `before` is the id to go on from."""
    rows: list[EventItem] = []
    for account in accounts:
        earlier = EventItem.id < before if before else None
        subject = f"{practice}#{tokens.encode(account)}"
        rows += EventItem.query(subject, earlier, scan_index_forward=False, limit=most, consistent_read=True)
    rows.sort(key=lambda row: row.id, reverse=True)
    return [(row.id, row.event(practice)) for row in rows[:most]]


def add_to(transaction: TransactWrite, event: Event) -> None:
    """Write one row if and only if the transaction happens."""
    transaction.save(_item(event), condition=EventItem.id.does_not_exist())


def _item(event: Event) -> EventItem:
    return EventItem(
        f"{event.practice}#{tokens.encode(event.account)}",
        tokens.ulid(event.instant),
        kind=event.kind,
        at=event.instant,
        actor=event.actor,
        reason=event.reason,
        method=event.method,
        reference=event.reference,
    )
