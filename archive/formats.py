"""The format of the archive's objects: lines of changes, and the digest of a day. No I/O."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, cast

type ChangeKind = Literal["INSERT", "MODIFY", "REMOVE"]
type Row = Mapping[str, Mapping[str, str]]
"""An audit row as DynamoDB writes it in JSON."""
type RowKey = tuple[str, str]
"""Partition key and sort key of a row."""

KINDS: tuple[ChangeKind, ...] = ("INSERT", "MODIFY", "REMOVE")
VERSION = 1
"""Version of the format of lines and digests."""
ROWS, UNREADABLE, DIGESTS = "rows/", "unreadable/", "digests/"
"""Prefixes of the archive's objects."""
RETENTION = timedelta(hours=24)
"""Time that a DynamoDB stream keeps a record. A day is closed when no record of it can arrive."""
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CLOCK_ERROR = timedelta(hours=1)
"""Largest difference between the time in a row's id and the time at which DynamoDB wrote the row."""


class Malformed(Exception):
    """A record, line or digest has not the shape of this format."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the audit table, as its stream reports it."""

    kind: ChangeKind
    at: datetime
    """Time of the write, by DynamoDB's clock."""
    sequence: str
    key: RowKey
    row: Row | None
    """The row after the change, or None if it was removed."""
    earlier: Row | None
    """The row before the change, or None if it is new."""
    is_refill: bool = False
    """True if a person had the row archived later, because the stream could not bring it."""

    @property
    def day(self) -> date:
        """The day of the write, in UTC."""
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest of one day: what the day holds, and the digest of the day before."""

    day: date
    previous: str
    """SHA-256 of the digest object of the day before, in hex. Empty for the first day."""
    objects: Mapping[str, int]
    """Number of lines of each object, by its key."""

    def content(self) -> bytes:
        """Return the content of the digest object."""
        listed = [{"key": key, "lines": count} for key, count in sorted(self.objects.items())]
        return canonical({"day": self.day.isoformat(), "format": VERSION, "objects": listed, "previous": self.previous})


def from_stream(record: object) -> Change:
    """Return the change in a record of a DynamoDB stream.

    :raises Malformed: the record has not the documented shape.
    """
    try:
        document = cast("dict[str, Any]", record)
        body = document["dynamodb"]
        return _change(
            document["eventName"],
            datetime.fromtimestamp(float(body["ApproximateCreationDateTime"]), UTC),
            str(body["SequenceNumber"]),
            body.get("NewImage"),
            body.get("OldImage"),
            is_refill=document.get("refill") is True,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise Malformed from error


def refill_record(row: Row, at: datetime) -> dict[str, Any]:
    """Return a record about a row that the stream could not bring, in the shape of the stream's records."""
    body = {
        "ApproximateCreationDateTime": at.timestamp(),
        "SequenceNumber": f"refill-{at.isoformat()}",
        "NewImage": row,
    }
    return {"eventName": "INSERT", "dynamodb": body, "refill": True}


def to_lines(changes: Iterable[Change]) -> bytes:
    """Return the content of an object: one line for each change, in the given order."""
    return b"".join(
        canonical(
            {
                "at": change.at.isoformat(),
                "change": change.kind,
                "earlier": change.earlier,
                "format": VERSION,
                "row": change.row,
                "sequence": change.sequence,
                **({"refill": True} if change.is_refill else {}),
            }
        )
        for change in changes
    )


def from_line(line: bytes) -> Change:
    """Return the change in a line of an object.

    :raises Malformed: the line is not of this format.
    """
    try:
        document = json.loads(line)
        at = datetime.fromisoformat(document["at"])
        refill = document.get("refill") is True
        return _change(
            document["change"], at, document["sequence"], document["row"], document["earlier"], is_refill=refill
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed from error


def parse_digest(content: bytes) -> Digest:
    """Return the digest in an object.

    :raises Malformed: the content is not what `Digest.content` writes.
    """
    try:
        document = json.loads(content)
        objects = {entry["key"]: int(entry["lines"]) for entry in document["objects"]}
        digest = Digest(date.fromisoformat(document["day"]), document["previous"], objects)
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed from error
    if digest.content() != content:
        raise Malformed
    return digest


def rows_key(day: date, content: bytes) -> str:
    """Return the key of an object of changes. It contains the SHA-256 of the content."""
    return f"{ROWS}{day}/{sha256(content)}.jsonl"


def unreadable_key(day: date, content: bytes) -> str:
    """Return the key of a record that has not the shape of a change."""
    return f"{UNREADABLE}{day}/{sha256(content)}.json"


def digest_key(day: date) -> str:
    """Return the key of a day's digest."""
    return f"{DIGESTS}{day}.json"


def content_digest(key: str) -> str:
    """Return the SHA-256 that an object's key names, in hex."""
    return key.rpartition("/")[2].partition(".")[0]


def last_closed(now: datetime) -> date:
    """Return the newest day of which no record can arrive: its end is longer ago than the stream keeps records."""
    return (now - RETENTION).date() - timedelta(days=1)


def written_at(row_id: str) -> datetime:
    """Return the time in a row's id, a ULID.

    :raises Malformed: it is no ULID.
    """
    try:
        milliseconds = 0
        for character in row_id[:10]:
            milliseconds = milliseconds * 32 + CROCKFORD.index(character)
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed from error


def canonical(document: object) -> bytes:
    """Return a document as one line of JSON. Equal documents have equal lines."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def _change(
    kind: object, at: datetime, sequence: str, row: Row | None, earlier: Row | None, *, is_refill: bool
) -> Change:
    if kind not in KINDS or (row is None) != (kind == "REMOVE") or at.tzinfo is None:
        raise Malformed
    whole = row or earlier
    if whole is None:
        raise Malformed
    key = (whole["subject"]["S"], whole["id"]["S"])
    if not all(isinstance(part, str) for part in key):
        raise Malformed
    return Change(kind, at.astimezone(UTC), sequence, key, row, earlier, is_refill)
