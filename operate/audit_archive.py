"""The `audit verify` command: compare the audit table with its archive."""

import argparse
from datetime import UTC, date, datetime, timedelta

from archive import formats, verification
from archive.storage import Archive, Table
from archive.verification import Known
from operate import aws
from operate.errors import CommandError


def verify(args: argparse.Namespace) -> None:
    """Walk the days of the archive, and print each difference as a sentence.

    :raises CommandError: there are differences, the archive holds none of the days, or the stack has no archive.
    """
    stack = aws.stack(args.stack)
    if "AuditArchive" not in stack.outputs:
        raise CommandError(f"{stack.name} has no output AuditArchive. Deploy this version first.")
    archive = Archive(stack.outputs["AuditArchive"], aws.client("s3"))
    table = Table(stack.resource("Events"), aws.client("dynamodb"))
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
