"""The audit, as the functions write it: read to learn what was decided, and added to by what is done here."""

import base64
import secrets
import time
from collections.abc import Iterator

from operate import aws

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYSTEM = "system"
"""Who did it, for what no client and no clinician did."""


def row(practice: str, about: bytes = b"") -> str:
    """Where events about something are written down: an account's key, a client's id, or nothing for the practice."""
    return f"{practice}#{base64.urlsafe_b64encode(about).rstrip(b'=').decode()}"


def add(stack: aws.Stack, practice: str, kind: str, reason: str) -> None:
    """Write down what is about to be done about a practice, or about all (`*`)."""
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


def since(table: str, subject: str, instant: int) -> Iterator[tuple[str, str | None]]:
    """Kind and reason of what was written down there from `instant` (Unix milliseconds) on, oldest first."""
    pages = (
        aws.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression="subject = :subject AND id >= :first",
            ExpressionAttributeValues={":subject": {"S": subject}, ":first": {"S": ulid(instant, 0)}},
            ConsistentRead=True,
        )
    )
    for page in pages:
        for item in page["Items"]:
            yield item["kind"]["S"], item.get("reason", {}).get("S")


def ulid(instant: int, chance: int) -> str:
    """The ULID of an instant (Unix milliseconds); with `chance` 0 it sorts before all others of that instant."""
    number = (instant << 80) | chance
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
