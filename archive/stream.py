"""The function that copies each change of the audit table into the archive. Its role can only put objects."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import boto3

from archive import formats, metrics
from archive.formats import Change, Malformed
from archive.storage import Archive


def handle(event: Mapping[str, Any], _: object) -> None:
    """Archive a batch of stream records. Lambda delivers the batch again if this raises, and a copy changes nothing.

    A record in an unknown shape is archived as it is, and counted, because raising would block the stream behind it.

    :raises ClientError: S3 refuses an object.
    :raises BotoCoreError: S3 does not answer.
    """
    days: dict[date, list[Change]] = {}
    unreadable = 0
    for record in event["Records"]:
        try:
            change = formats.from_stream(record)
            formats.to_lines([change])
        except (Malformed, TypeError, ValueError):
            unreadable += 1
            content = json.dumps(record, sort_keys=True, default=repr).encode()
            archive().add(formats.unreadable_key(datetime.now(UTC).date(), content), content)
        else:
            days.setdefault(change.day, []).append(change)
    for day, changes in days.items():
        content = formats.to_lines(changes)
        archive().add(formats.rows_key(day, content), content)
    kinds = [change.kind for changes in days.values() for change in changes]
    rewritten = sum(kind != "INSERT" for kind in kinds)
    metrics.write("archived", AuditArchived=len(kinds), AuditRewritten=rewritten, AuditUnreadable=unreadable)


@cache
def archive() -> Archive:
    """Return the archive of this function's environment."""
    return Archive(os.environ["ARCHIVE"], boto3.client("s3"))
