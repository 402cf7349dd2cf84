"""The `audit` commands: compare the audit table with its archive, and archive rows that the stream could not bring."""

import argparse
import json
from datetime import UTC, date, datetime, timedelta

from archive import formats, verification
from archive.formats import RowKey
from archive.storage import Archive, Table
from archive.verification import Known
from operate import aws
from operate.errors import CommandError

BATCH = 500
"""Rows in one call of the function, of about 400 bytes each. A call may have 6 MB."""


def verify(args: argparse.Namespace) -> None:
    """Walk the days of the archive, and print each difference as a sentence.

    :raises CommandError: there are differences, the archive holds none of the days, or the stack has no archive.
    """
    stack = aws.stack(args.stack)
    archive, table = _archive(stack, args.archive), _table(stack)
    now = datetime.now(UTC)
    first, last = _span(archive, args, now)
    differences = list(verification.chain(archive))
    known: Known = {}
    day = first
    while day <= last:
        report = verification.verify_day(archive, table, day, known)
        if not report.is_closed and day <= formats.last_closed(now) - timedelta(days=1):
            report.differences.append(f"{day} is over and has no digest.")
        if day in args.restored_on:
            print(f"{day}: {len(report.backdated)} rows came from a restore.")
        else:
            report.differences += report.backdated
        if day in args.refilled_on:
            print(f"{day}: {len(report.refilled)} rows were archived by hand.")
        else:
            report.differences += report.refilled
        state = "closed" if report.is_closed else "open"
        _print(f"{day}: {report.lines} lines in {len(report.objects)} objects, {state}", report.differences)
        differences += report.differences
        day += timedelta(days=1)
    if not args.skip_table_scan:
        added = list(verification.not_archived(known, table.keys(), (first, last), now))
        _print("The table's own rows of these days", added)
        differences += added
    if differences:
        raise CommandError(
            f"{_count(differences)} between the audit table and its archive. docs/runbook.md#audit-differs"
        )
    print("The audit table and its archive agree.")


def refill(args: argparse.Namespace) -> None:
    """Archive the rows that are in the table and not in the archive, by the archive's own function.

    Only that function has the right to write to the archive.

    :raises CommandError: as for `verify`, or the function fails.
    """
    stack = aws.stack(args.stack)
    archive, table = _archive(stack, None), _table(stack)
    now = datetime.now(UTC)
    first, last = span = _span(archive, args, now)
    known: Known = {}
    day = first
    while day <= now.date():
        verification.verify_day(archive, table, day, known)
        day += timedelta(days=1)
    keys = sorted(verification.missing(known, table.keys(), (first, last), now))
    rows = [row for key, row in sorted(table.rows(keys).items()) if _has_time(key)]
    prefix = "Would archive" if args.dry_run else "Archiving"
    print(f"{prefix} {len(rows)} rows of {span[0]} to {span[1]}.")
    if args.dry_run or not rows:
        return
    function = archiver(stack)
    for start in range(0, len(rows), BATCH):
        records = [formats.refill_record(row, now) for row in rows[start : start + BATCH]]
        response = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps({"Records": records}).encode())
        if "FunctionError" in response:
            raise CommandError(f"The function Archiver failed after {start} rows. Its log says why. Run this again.")
    print(f"Keep this output. From now on, give `operate audit verify` the option --refilled-on {now.date()}.")


def archiver(stack: aws.Stack) -> str:
    """Return the name of the function that writes the archive, in the nested stack."""
    return aws.Stack(stack.resource("AuditArchive"), {}).resource("Archiver")


def _archive(stack: aws.Stack, name: str | None) -> Archive:
    if not name and "AuditArchive" not in stack.outputs:
        raise CommandError(f"{stack.name} has no output AuditArchive. Deploy this version first.")
    return Archive(name or stack.outputs["AuditArchive"], aws.client("s3"))


def _table(stack: aws.Stack) -> Table:
    return Table(stack.resource("Events"), aws.client("dynamodb"))


def _has_time(key: RowKey) -> bool:
    try:
        formats.written_at(key[1])
    except formats.Malformed:
        return False
    return True


def _span(archive: Archive, args: argparse.Namespace, now: datetime) -> tuple[date, date]:
    """Return the first and the last day to verify.

    :raises CommandError: the archive holds none of the days.
    """
    recorded = {day for prefix in (formats.ROWS, formats.DIGESTS) for day in verification.days(archive, prefix)}
    if not recorded:
        raise CommandError(f"{archive.name} holds no row yet. A row arrives about a minute after it was written.")
    first, last = max(args.from_day or date.min, min(recorded)), min(args.to_day or date.max, now.date())
    if first > last:
        raise CommandError(f"The archive holds no day from {first} to {last}. It begins on {min(recorded)}.")
    return first, last


def _print(heading: str, differences: list[str]) -> None:
    print(f"{heading}, {_count(differences)}.")
    for difference in differences:
        print(f"  {difference}")


def _count(differences: list[str]) -> str:
    return {0: "no difference", 1: "1 difference"}.get(len(differences), f"{len(differences)} differences")
