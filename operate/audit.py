"""Read and append audit events, in the format of the functions."""

import base64
import secrets
import time
from collections.abc import Iterator

from operate import aws

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYSTEM = "system"
"""Actor of an event that no client and no clinician caused."""


def row(practice: str, about: bytes = b"") -> str:
    """Return the partition key of audit events. `about` is an account key or a client id, or empty for the practice."""
    return f"{practice}#{base64.urlsafe_b64encode(about).rstrip(b'=').decode()}"


def add(stack: aws.Stack, practice: str, kind: str, reason: str) -> None:
    """Append an event about a practice, or about all practices (`*`). Call this before the change itself."""
    now = time.time_ns() // 1_000_000
    aws.client("dynamodb").put_item(
        TableName=stack.resource("Events"),
        Item={
            "subject": {"S": row(practice)},
            "id": {"S": ulid(now, secrets.randbits(80))},
            "kind": {"S": kind},
            "at": {"N": str(now)},
            "actor": {"S": SYSTEM},
            "reason": {"S": reason},
        },
        ConditionExpression="attribute_not_exists(id)",
    )


def since(table: str, subject: str, as_of_ms: int) -> Iterator[tuple[str, str | None]]:
    """Yield kind and reason of each event of a subject since `as_of_ms` (Unix milliseconds), oldest first."""
    pages = (
        aws.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression="subject = :subject AND id >= :first",
            ExpressionAttributeValues={":subject": {"S": subject}, ":first": {"S": ulid(as_of_ms, 0)}},
            ConsistentRead=True,
        )
    )
    for page in pages:
        for item in page["Items"]:
            yield item["kind"]["S"], item.get("reason", {}).get("S")


def ulid(time_ms: int, randomness: int) -> str:
    """Return the ULID of a time in Unix milliseconds. With `randomness` 0 it sorts first among those of that time."""
    number = (time_ms << 80) | randomness
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
