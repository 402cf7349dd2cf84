"""The audit: rows are added and never changed. No function may do more than add."""

from collections.abc import Iterable

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.transactions import TransactWrite

from latchkey import settings, tokens
from latchkey.rules.events import Event, EventKind
from latchkey.rules.mail import REQUESTED_AT_DIGITS
from latchkey.store.dynamodb import IntegerAttribute, Table, condition_failed
from latchkey.store.records import to_attributes, to_record

CLOCK_SKEW_MS = 60_000
"""Milliseconds by which the clocks of two functions may differ."""
PAGE = 100
"""Rows that one query looks through."""


class SupportCodeIndex(GlobalSecondaryIndex["EventItem"]):
    """The rows by support code."""

    class Meta:
        index_name = "by-support-code"
        projection = AllProjection()

    support_code = UnicodeAttribute(attr_name="reference", hash_key=True)


class EventItem(Table):
    """One audit row."""

    class Meta:
        table_name = settings.load().events_table

    subject = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    at_ms = IntegerAttribute(attr_name="at")
    actor = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    method = UnicodeAttribute(null=True)
    support_code = UnicodeAttribute(attr_name="reference", null=True)
    by_support_code = SupportCodeIndex()

    def event(self, practice: str) -> Event:
        """Return the row as a value."""
        subject_key = tokens.base64url_decode(self.subject.rpartition("#")[2]) or b""
        return to_record(Event, self, practice=practice, subject_key=subject_key, kind=EventKind(self.kind))


def append(event: Event) -> None:
    """Write one row. An effect without its row must not be shown, so every outage is raised.

    :raises OUTAGES: DynamoDB does not answer.
    """
    try:
        _to_item(event).save(condition=EventItem.id.does_not_exist())
    except PutError as error:
        # its id has 80 random bits, so the row that exists is ours: only the response of the first try was lost
        if not condition_failed(error):
            raise


def newest(
    practice: str, subject_keys: Iterable[bytes], max_count: int, before: str | None = None
) -> list[tuple[str, Event]]:
    """Return the newest rows about these subjects, newest first, each with its id. `before` is the id to go on from."""
    rows: list[EventItem] = []
    for subject_key in subject_keys:
        earlier = EventItem.id < before if before else None
        subject = f"{practice}#{tokens.base64url_encode(subject_key)}"
        rows += EventItem.query(subject, earlier, scan_index_forward=False, limit=max_count, consistent_read=True)
    rows.sort(key=lambda row: row.id, reverse=True)
    return [(row.id, row.event(practice)) for row in rows[:max_count]]


def sent_at_ms(practice: str, account_key: bytes, sequence: str) -> int | None:
    """Return the time at which a mail job's letter was sent (Unix milliseconds), from its row. None without a row.

    `sequence` is the job's `MailJob.sequence`.
    """
    requested_at_ms, job_id = int(sequence[:REQUESTED_AT_DIGITS]), sequence[REQUESTED_AT_DIGITS + 1 :]
    sent = EventItem.query(
        f"{practice}#{tokens.base64url_encode(account_key)}",
        EventItem.id > tokens.first_ulid(requested_at_ms - CLOCK_SKEW_MS),
        (EventItem.kind == EventKind.LINK_SENT)
        & (EventItem.support_code == tokens.support_code_of_letter(bytes.fromhex(job_id))),
        consistent_read=True,
        limit=1,
        page_size=PAGE,
    )
    return next((row.at_ms for row in sent), None)


def of_support_code(practice: str, code: str, max_count: int) -> list[tuple[str, Event]]:
    """Return the rows of the request with this support code at this practice, each with its id, oldest first.

    The index is eventually consistent. By chance, one in 887 million, two requests may have the same code.
    """
    rows = EventItem.by_support_code.query(code, limit=max_count)
    own = [row for row in rows if row.subject.rpartition("#")[0] == practice]
    return [(row.id, row.event(practice)) for row in sorted(own, key=lambda row: row.id)]


def append_in(transaction: TransactWrite, event: Event) -> None:
    """Write one row if and only if the transaction commits."""
    transaction.save(_to_item(event), condition=EventItem.id.does_not_exist())


def _to_item(event: Event) -> EventItem:
    return EventItem(
        f"{event.practice}#{tokens.base64url_encode(event.subject_key)}",
        tokens.new_ulid(event.at_ms),
        **to_attributes(event, leave_out=("practice", "subject_key")),
    )
