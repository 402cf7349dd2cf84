"""The audit table and its archive, with the rows of four days."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from archive import closing, formats, stream
from archive.storage import Archive, Table
from operate import audit
from tests.operate.conftest import ARCHIVE, NAME, Deployed, Operate

NOW = datetime.now(UTC)
DAYS = [formats.last_closed(NOW) - timedelta(days=back) for back in (3, 2, 1, 0)]
"""Four days that are over, oldest first. The rows of a test are of these days."""

type Item = dict[str, dict[str, str]]


def row(day: date, number: int, reason: str = "wait") -> Item:
    """A row of noon on a day."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(seconds=number)
    milliseconds = int(at.timestamp()) * 1000
    return {
        "subject": {"S": audit.row("willow", b"s" * 16)},
        "id": {"S": audit.ulid(milliseconds, number)},
        "kind": {"S": "limit_hit"},
        "at": {"N": str(milliseconds)},
        "actor": {"S": "client"},
        "reason": {"S": reason},
    }


def record(item: Item, kind: str = "INSERT", earlier: Item | None = None) -> dict[str, Any]:
    """A stream's record of a change, as Lambda delivers it."""
    images = {} if kind == "REMOVE" else {"NewImage": item}
    if earlier or kind == "REMOVE":
        images["OldImage"] = earlier or item
    body = {
        "ApproximateCreationDateTime": int(item["at"]["N"]) / 1000,
        "SequenceNumber": item["id"]["S"],
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        **images,
    }
    return {"eventID": "1", "eventName": kind, "eventSource": "aws:dynamodb", "dynamodb": body}


class Audit:
    """The table and the bucket, with the rows of a few days in both."""

    def __init__(self, deployed: Deployed) -> None:
        self.s3, self.dynamodb = deployed.client("s3"), deployed.client("dynamodb")
        self.archive = Archive(ARCHIVE, self.s3)
        self.table = Table(deployed.names["Events"], self.dynamodb)
        self.rows = {day: [row(day, number) for number in range(3)] for day in DAYS}

    def put(self, item: Item) -> None:
        """Write a row to the table, over any other."""
        self.dynamodb.put_item(TableName=self.table.name, Item=item)

    def delete(self, item: Item) -> None:
        """Delete a row of the table."""
        key = {name: item[name] for name in ("subject", "id")}
        self.dynamodb.delete_item(TableName=self.table.name, Key=key)

    def stream(self, *records: object) -> None:
        """Give the function a batch."""
        stream.handle({"Records": list(records)}, None)

    def close(self) -> int:
        """Close every day that is over; the number of differences."""
        return closing.close(self.archive, self.table, NOW)

    def key(self, day: date) -> str:
        """The first object of a day."""
        return min(self.archive.objects(f"{formats.ROWS}{day}/"))

    def overwrite(self, key: str, content: bytes) -> None:
        """Write an object as someone who may."""
        self.s3.put_object(Bucket=ARCHIVE, Key=key, Body=content, ChecksumAlgorithm="SHA256")

    def read(self, key: str) -> bytes:
        """Return the content of an object."""
        content: bytes = self.s3.get_object(Bucket=ARCHIVE, Key=key)["Body"].read()
        return content


def clear(s3: Any) -> None:
    """Delete the bucket and each version in it, as the owner of a lock in governance mode may."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=ARCHIVE):
        for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(
                Bucket=ARCHIVE, Key=version["Key"], VersionId=version["VersionId"], BypassGovernanceRetention=True
            )
    s3.delete_bucket(Bucket=ARCHIVE)


def verified(operate: Operate) -> list[str]:
    """Return the differences that the command prints."""
    code, output, error = operate("audit", "verify", "--stack", NAME)
    found = [line.strip() for line in output.splitlines() if line.startswith("  ")]
    assert (code, bool(error)) == ((2, True) if found else (0, False)), output + error
    return found
