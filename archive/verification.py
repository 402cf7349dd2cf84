"""Compare the archive with itself and with the audit table. Each difference is a sentence for a person."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from archive import formats
from archive.formats import Change, Malformed, Row, RowKey
from archive.storage import Archive, Stored, Table

type Known = dict[RowKey, bytes]
"""The SHA-256 of each row of the days that were verified, by the row's key."""


@dataclass(slots=True)
class DayReport:
    """The result of one day."""

    day: date
    previous: str
    """SHA-256 of the digest object of the day before, in hex. Empty if there is none."""
    is_closed: bool = False
    """True if the day has a digest."""
    objects: dict[str, int] = field(default_factory=dict)
    """Number of lines of each object, by its key."""
    differences: list[str] = field(default_factory=list)
    backdated: list[str] = field(default_factory=list)
    """Sentences about rows whose id has another time than their write. A restore of the table writes such rows."""
    refilled: list[str] = field(default_factory=list)
    """Sentences about rows that a person had archived later."""

    @property
    def lines(self) -> int:
        """Number of lines of the day."""
        return sum(self.objects.values())


def days(archive: Archive, prefix: str) -> list[date]:
    """Return the days that have objects under a prefix, in order."""
    found = set()
    for key in archive.objects(prefix):
        try:
            found.add(date.fromisoformat(key.removeprefix(prefix)[:10]))
        except ValueError:
            continue
    return sorted(found)


def verify_day(archive: Archive, table: Table, day: date, known: Known | None = None) -> DayReport:
    """Verify one day: its objects, its place in the chain of digests, and its rows against the table.

    With `known`, its rows are also compared with those of the days before, and added to them.
    """
    report = DayReport(day, _digest_sha256(archive, day - timedelta(days=1)))
    for stored in archive.objects(f"{formats.ROWS}{day}/").values():
        changes = _changes(archive, stored, report)
        report.differences += _compare(changes, table)
        if known is not None:
            _written_before(changes, known, report)
    for stored in archive.objects(f"{formats.UNREADABLE}{day}/").values():
        _read(archive, stored, report)
        report.objects[stored.key] = 1
        report.differences.append(f"A change of the table could not be read. It is archived as {stored.key}.")
    _check_digest(archive, report)
    return report


def chain(archive: Archive) -> Iterator[str]:
    """Yield what is wrong with the chain as a whole: days without a digest between the first and the last."""
    closed = days(archive, formats.DIGESTS)
    for earlier, later in itertools.pairwise(closed):
        missing = (later - earlier).days - 1
        if missing:
            yield f"{missing} days between {earlier} and {later} have no digest."


def not_archived(known: Known, keys: Iterable[RowKey], span: tuple[date, date], now: datetime) -> Iterator[str]:
    """Yield a sentence for each row of the table that the archive lacks, as for `missing`."""
    for key in missing(known, keys, span, now):
        has_time = _time_of(key) is not None
        yield f"{_name(key)} is in the table" + (
            " and not in the archive." if has_time else ", and its id is not one that Latchkey writes."
        )


def missing(known: Known, keys: Iterable[RowKey], span: tuple[date, date], now: datetime) -> Iterator[RowKey]:
    """Yield the keys of the rows that the archive lacks, and of those whose id has no time.

    Only rows of the days in `span`, first and last, are looked for. Rows of the last hour may be on the way.
    """
    first, last = span
    for key in keys:
        at = _time_of(key)
        if at is None or (key not in known and first <= at.date() <= last and at < now - formats.CLOCK_ERROR):
            yield key


def _time_of(key: RowKey) -> datetime | None:
    try:
        return formats.written_at(key[1])
    except Malformed:
        return None


def _digest_sha256(archive: Archive, day: date) -> str:
    stored = archive.objects(formats.digest_key(day)).get(formats.digest_key(day))
    return formats.sha256(archive.read(stored)) if stored else ""


def _changes(archive: Archive, stored: Stored, report: DayReport) -> list[Change]:
    """Return the changes in an object, and report what is wrong with it."""
    changes = []
    lines = _read(archive, stored, report).splitlines()
    report.objects[stored.key] = len(lines)
    for number, line in enumerate(lines, 1):
        try:
            change = formats.from_line(line)
        except Malformed:
            report.differences.append(f"Line {number} of {stored.key} cannot be read.")
            continue
        changes.append(change)
        if change.day != report.day:
            report.differences.append(f"{_name(change.key)} is of {change.day} and lies under {report.day}.")
    return changes


def _read(archive: Archive, stored: Stored, report: DayReport) -> bytes:
    content = archive.read(stored)
    if formats.sha256(content) != formats.content_digest(stored.key):
        report.differences.append(f"The content of {stored.key} is not the content that its name was made of.")
    _check_history(stored, report)
    return content


def _check_history(stored: Stored, report: DayReport) -> None:
    if stored.is_hidden:
        report.differences.append(f"{stored.key} was deleted. Its content is still locked, and was compared.")
    if stored.versions > 1:
        report.differences.append(f"{stored.key} was written {stored.versions} times. The first content was compared.")


def _check_digest(archive: Archive, report: DayReport) -> None:
    """Compare the day's digest with its objects, and with the digest of the day before."""
    key = formats.digest_key(report.day)
    stored = archive.objects(key).get(key)
    if stored is None:
        return
    report.is_closed = True
    _check_history(stored, report)
    try:
        digest = formats.parse_digest(archive.read(stored))
    except Malformed:
        report.differences.append(f"The digest of {report.day} cannot be read.")
        return
    if digest.day != report.day or digest.previous != report.previous:
        report.differences.append(f"The digest of {report.day} does not continue the digest of the day before.")
    for name, lines in digest.objects.items():
        if name not in report.objects:
            report.differences.append(f"{name}, with {lines} lines, is in the digest of the day and is gone.")
        elif report.objects[name] != lines:
            report.differences.append(f"{name} had {lines} lines, and has {report.objects[name]}.")
    for name in report.objects.keys() - digest.objects.keys():
        report.differences.append(f"{name} was added after the day was closed.")


def _compare(changes: Sequence[Change], table: Table) -> Iterator[str]:
    """Yield how the table differs from the archived changes."""
    rows: dict[RowKey, Row] = {}
    for change in changes:
        if change.kind == "INSERT" and change.row is not None:
            rows.setdefault(change.key, change.row)
        else:
            done = "changed in" if change.kind == "MODIFY" else "deleted from"
            yield f"{_name(change.key)} was {done} the table at {_minute(change)}."
    found = table.rows(rows)
    for key, row in rows.items():
        if key not in found:
            yield f"{_name(key)} is in the archive and not in the table."
        elif found[key] != row:
            yield f"{_name(key)} differs between the archive and the table in {_differing(row, found[key])}."


def _written_before(changes: Sequence[Change], known: Known, report: DayReport) -> None:
    """Report the rows that were written anew with other contents, or long after the time in their id. Add all rows."""
    for change in changes:
        if change.kind != "INSERT" or change.row is None:
            continue
        content = hashlib.sha256(formats.canonical(change.row)).digest()
        if change.key not in known:
            known[change.key] = content
            if change.is_refill:
                report.refilled.append(
                    f"{_name(change.key)} was not archived by the stream, and was at {_minute(change)}."
                )
            elif _is_backdated(change):
                report.backdated.append(
                    f"{_name(change.key)} was written at {_minute(change)}, which is not the time in its id."
                )
        elif known[change.key] != content:
            report.differences.append(
                f"{_name(change.key)} was written again, with other content, at {_minute(change)}."
            )


def _is_backdated(change: Change) -> bool:
    try:
        return abs(change.at - formats.written_at(change.key[1])) > formats.CLOCK_ERROR
    except Malformed:
        return True


def _differing(row: Row, other: Row) -> str:
    return ", ".join(sorted(name for name in row.keys() | other.keys() if row.get(name) != other.get(name)))


def _name(key: RowKey) -> str:
    """Return a row's name for a person: its id, its practice and the subject's key."""
    practice, _, subject = key[0].rpartition("#")
    about = f"subject {subject}" if subject else "the practice itself"
    return f"Row {key[1]} of {practice} about {about}"


def _minute(change: Change) -> str:
    return f"{change.at:%Y-%m-%d %H:%M} UTC"
