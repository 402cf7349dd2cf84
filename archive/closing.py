"""The scheduled function that closes days of the archive and compares them with the table.

Its role reads the archive and the table. It can put digests, and no rows.
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import boto3

from archive import formats, metrics, verification
from archive.formats import Digest
from archive.storage import Archive, Table

MAX_DAYS = 7
"""Days that one run closes at most. The next run continues."""


def handle(event: object, _: object) -> None:  # noqa: ARG001 - Lambda gives the event of the schedule
    """Close each day that is over and has no digest, oldest first, and count what differs from the table.

    :raises ClientError: AWS refuses a call. The next run continues.
    :raises BotoCoreError: AWS does not answer.
    """
    archive = Archive(os.environ["ARCHIVE"], boto3.client("s3"))
    table = Table(os.environ["EVENTS_TABLE"], boto3.client("dynamodb"))
    differences = close(archive, table, datetime.now(UTC))
    metrics.write("compared", AuditCompared=1, AuditDiffers=differences)


def close(archive: Archive, table: Table, now: datetime) -> int:
    """Close the days that are over. Return the number of differences in them."""
    differences = 0
    for day in _unclosed(archive, formats.last_closed(now)):
        report = verification.verify_day(archive, table, day)
        archive.add(formats.digest_key(day), Digest(day, report.previous, report.objects).content())
        differences += len(report.differences)
    return differences


def _unclosed(archive: Archive, last: date) -> Iterator[date]:
    digests = verification.days(archive, formats.DIGESTS)
    recorded = [*verification.days(archive, formats.ROWS), *verification.days(archive, formats.UNREADABLE)]
    if digests:
        day = digests[-1] + timedelta(days=1)
    elif recorded:
        day = min(recorded)
    else:
        return
    until = min(last, day + timedelta(days=MAX_DAYS - 1))
    while day <= until:
        yield day
        day += timedelta(days=1)
