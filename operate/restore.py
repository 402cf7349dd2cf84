"""Items of a table as they were at a time, brought back into the table that the stack uses.

The table itself stays: its name is the stack's, and it may not be deleted. Point-in-time recovery makes a side table,
and from that what is missing is copied back; with `--overwrite` also what differs.

No restore may undo what was ended. So each account comes back in an epoch that no link, PIN, session or started Google
sign-in was ever made in, and what clinicians have ended since stays ended: the audit says what that is.
"""

import argparse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from operate import aws, restore_rules
from operate.errors import CommandError
from operate.restore_rules import Item, Verdict

TABLES = ("Accounts", "Clients", "Practices", "Members", "Events")
"""Those with point-in-time recovery; what the others hold is over within a day or so."""
AT_A_TIME = 16
POLL_SECONDS, POLLS = 5, 4 * 720
"""Four hours; restoring takes minutes to hours, with the size of the table."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Where items are taken from, where they go, and what tells what was decided since."""

    noun: str
    live: str
    side: str
    events: str
    keys: tuple[str, ...]
    instant: int
    """Unix milliseconds of the time to go back to."""


def run(asked: argparse.Namespace) -> None:
    """Restore, and say of every item that was not simply brought back why.

    :raises Trouble: the time cannot be gone back to.
    """
    stack = aws.stack(asked.stack)
    when = _time(asked.from_time)
    live = stack.resource(asked.table)
    dynamodb = aws.client("dynamodb")
    schema = dynamodb.describe_table(TableName=live)["Table"]["KeySchema"]
    side = asked.from_table or f"{live}-at-{when:%Y%m%dT%H%M%SZ}"
    if asked.dry_run and not asked.from_table:
        print(f"Would restore {live} as of {when:%Y-%m-%dT%H:%M:%SZ} to {side}, and copy back what is missing.")
        return
    if not asked.from_table:
        _make_side_table(live, side, when)
    tables = Tables(
        asked.table,
        live,
        side,
        stack.resource("Events"),
        tuple(part["AttributeName"] for part in schema),
        int(when.timestamp() * 1000),
    )
    _copy_back(tables, overwrite=asked.overwrite, dry_run=asked.dry_run)
    if asked.from_table or asked.keep:
        print(f"{side} stays; it holds what it held then: delete it when it is not needed.")
    else:
        dynamodb.delete_table(TableName=side)


def _copy_back(tables: Tables, *, overwrite: bool, dry_run: bool) -> None:
    dynamodb = aws.client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName=tables.side, ConsistentRead=True)
    counts: Counter[Verdict] = Counter()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for page in pages:
            bring = partial(_bring, tables, overwrite=overwrite, dry_run=dry_run)
            for item, verdict in zip(page["Items"], pool.map(bring, page["Items"]), strict=True):
                counts[verdict] += 1
                if verdict.describe:
                    print(f"{verdict.value}: {' '.join(next(iter(item[key].values())) for key in tables.keys)}")
    would = "would be " if dry_run else ""
    for verdict, count in sorted(counts.items()):
        print(f"{count} {would}{verdict.value}")


def _bring(tables: Tables, item: Item, *, overwrite: bool, dry_run: bool) -> Verdict:
    dynamodb = aws.client("dynamodb")
    key = {name: item[name] for name in tables.keys}
    live = dynamodb.get_item(TableName=tables.live, Key=key, ConsistentRead=True).get("Item")
    verdict, back = restore_rules.decide(tables.noun, item, live, tables.events, tables.instant, overwrite=overwrite)
    if back is None or dry_run:
        return verdict
    condition, values = "attribute_not_exists(#key)", {}
    names = {"#key": tables.keys[0]}
    if live is not None:
        condition = "attribute_exists(#key)"
        if "revision" in live:
            condition, names, values = "revision = :seen", {}, {":seen": live["revision"]}
    told: dict[str, Any] = {"ConditionExpression": condition}
    if names:
        told["ExpressionAttributeNames"] = names
    if values:
        told["ExpressionAttributeValues"] = values
    try:
        dynamodb.put_item(TableName=tables.live, Item=back, **told)
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return Verdict.IN_USE
    return verdict


def _make_side_table(live: str, side: str, when: datetime) -> None:
    dynamodb = aws.client("dynamodb")
    try:
        dynamodb.restore_table_to_point_in_time(SourceTableName=live, TargetTableName=side, RestoreDateTime=when)
        print(f"Restoring to {side}; this takes minutes to hours. Stopped here, the same command goes on.", flush=True)
    except dynamodb.exceptions.TableAlreadyExistsException:
        print(f"{side} was made before.", flush=True)
    except ClientError as error:
        raise CommandError(f"{live} cannot be restored: {error.response['Error']['Message']}") from None
    dynamodb.get_waiter("table_exists").wait(TableName=side, WaiterConfig={"Delay": POLL_SECONDS, "MaxAttempts": POLLS})


def _time(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no time like 2026-03-03T12:00:00Z") from None
    if when.tzinfo is None:
        raise CommandError(f"{text} does not say in which zone: end it with Z")
    return when.astimezone(UTC)
