"""The archive's bucket and the audit table, by boto3."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from archive.formats import Row, RowKey

MAX_KEYS = 100
"""Keys in one BatchGetItem, DynamoDB's maximum."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the bucket, with its history. S3 keeps each version of a locked object."""

    key: str
    first_version: str
    versions: int
    """Number of times that the object was written."""
    is_hidden: bool
    """True if a delete marker hides the object."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The bucket of the archive."""

    name: str
    s3: Any

    def add(self, key: str, content: bytes) -> bool:
        """Write an object. Return False if the object exists already, and then write nothing."""
        try:
            # An upload to a bucket with Object Lock must carry a checksum.
            self.s3.put_object(Bucket=self.name, Key=key, Body=content, IfNoneMatch="*", ChecksumAlgorithm="SHA256")
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return False
        return True

    def objects(self, prefix: str) -> dict[str, Stored]:
        """Return the objects whose key begins with `prefix`, also those that a delete marker hides, by key."""
        versions: dict[str, list[Any]] = {}
        hidden = set()
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=prefix):
            for version in page.get("Versions", ()):
                versions.setdefault(version["Key"], []).append(version)
            hidden |= {marker["Key"] for marker in page.get("DeleteMarkers", ())}
        # S3 lists the newest version of a key first
        return {
            key: Stored(key, found[-1]["VersionId"], len(found), key in hidden)
            for key, found in sorted(versions.items())
        }

    def read(self, stored: Stored) -> bytes:
        """Return the content that an object was first written with."""
        response = self.s3.get_object(Bucket=self.name, Key=stored.key, VersionId=stored.first_version)
        content: bytes = response["Body"].read()
        return content


@dataclass(frozen=True, slots=True)
class Table:
    """The audit table."""

    name: str
    dynamodb: Any

    def rows(self, keys: Iterable[RowKey]) -> dict[RowKey, Row]:
        """Return the rows with these keys, by key. A row that does not exist is left out."""
        found: dict[RowKey, Row] = {}
        remaining = [{"subject": {"S": subject}, "id": {"S": row_id}} for subject, row_id in keys]
        while remaining:
            asking, remaining = remaining[:MAX_KEYS], remaining[MAX_KEYS:]
            response = self.dynamodb.batch_get_item(RequestItems={self.name: {"Keys": asking, "ConsistentRead": True}})
            found |= {key_of(row): row for row in response["Responses"].get(self.name, ())}
            remaining += response.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
        return found

    def keys(self) -> Iterator[RowKey]:
        """Yield the key of every row. This reads the whole table."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.name, ProjectionExpression="subject, id", ConsistentRead=True
        )
        for page in pages:
            yield from map(key_of, page["Items"])


def key_of(row: Row) -> RowKey:
    """Return the key of a row."""
    return row["subject"]["S"], row["id"]["S"]
