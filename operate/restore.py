"""The `restore` command: copy items of a table back as they were at a time.

The stack's own table is never replaced, because its name is fixed and it is protected from deletion. Point-in-time
recovery creates a side table. The command copies missing items back from there. With `--overwrite`, it also replaces
items that differ.

A restore must not give back access that has ended. Therefore each account gets a new epoch, so that no earlier link,
PIN, session or started Google sign-in is valid. Access that a clinician ended after that time, according to
the audit log, stays ended.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from operate import aws, copying, restore_rules
from operate.copying import Progress
from operate.errors import CommandError
from operate.release import PROJECT
from operate.restore_rules import Item, Verdict

TABLES = ("Accounts", "Clients", "Practices", "Members", "Events")
"""Tables with point-in-time recovery. The other tables hold data that expires within about a day."""
SEGMENTS = 16
"""Segments of the side table that are copied in parallel, unless `--segments` says otherwise."""
PROGRESS = PROJECT / ".local" / "restore"
"""Folder of the files that say how far a copy is."""
POLL_SECONDS, MAX_POLLS = 5, 4 * 720
"""Four hours in total. A restore takes minutes to hours, depending on the size of the table."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one restore, and its time."""

    noun: str
    """Logical id of the table, such as `Accounts`."""
    live: str
    """The table that the stack uses."""
    side: str
    """The restored copy."""
    events: str
    """The table of the audit log."""
    keys: tuple[str, ...]
    """Names of the table's key attributes."""
    as_of_ms: int
    """The time to restore, in Unix milliseconds."""


def run(args: argparse.Namespace) -> None:
    """Restore a table. Print each item that was not restored, or not completely, and why.

    :raises CommandError: the stack has no such table, or it cannot be restored as of that time.
    """
    stack = aws.stack(args.stack)
    when = _time(args.from_time)
    live = stack.resource(args.table)
    dynamodb = aws.client("dynamodb")
    schema = dynamodb.describe_table(TableName=live)["Table"]["KeySchema"]
    side = args.from_table or f"{live}-at-{when:%Y%m%dT%H%M%SZ}"
    if args.dry_run and not args.from_table:
        print(f"Would restore {live} as of {when:%Y-%m-%dT%H:%M:%SZ} to {side}, and copy missing items back.")
        return
    if not args.from_table:
        _create_side_table(live, side, when)
    tables = Tables(
        args.table,
        live,
        side,
        stack.resource("Events"),
        tuple(part["AttributeName"] for part in schema),
        int(when.timestamp() * 1000),
    )
    _copy_back(tables, args)
    if args.from_table or args.keep or args.part.of > 1:
        print(f"{side} was kept. It contains personal data, so delete it when you no longer need it.")
    else:
        dynamodb.delete_table(TableName=side)


def _copy_back(tables: Tables, args: argparse.Namespace) -> None:
    about = {"from": tables.side, "to": tables.live, "as_of": tables.as_of_ms, "segments": args.segments}
    about |= {"overwrite": args.overwrite, "part": f"{args.part.number}/{args.part.of}"}
    name = f"{tables.side}-{args.part.number}-of-{args.part.of}.json"
    progress = Progress(None if args.dry_run else args.progress / name, about)
    if progress.read():
        print(f"Going on where {progress.path} ends.", flush=True)
    copy = partial(copy_page, tables, overwrite=args.overwrite, dry_run=args.dry_run)
    copying.walk(tables.side, args.segments, args.part, progress, copy)
    prefix = "would be " if args.dry_run else ""
    for verdict, count in sorted(progress.counts.items()):
        print(f"{count} {prefix}{verdict}")
    progress.remove()


def copy_page(tables: Tables, items: Sequence[Item], *, overwrite: bool, dry_run: bool = False) -> Counter[str]:
    """Copy a page of the side table's items. Return the number of items for each verdict."""
    keys = [{name: item[name] for name in tables.keys} for item in items]
    is_audit = tables.noun == "Events"
    live = copying.existing(tables.live, keys, tables.keys, whole=not is_audit)
    if is_audit:
        # Each row has a unique id and is written once. So a missing row needs no condition against concurrent writes.
        missing = [item for item in items if copying.key_values(item, tables.keys) not in live]
        if not dry_run:
            copying.put_all(tables.live, missing)
        return Counter({Verdict.BACK.value: len(missing), Verdict.SAME.value: len(live)}) + Counter()
    counts: Counter[str] = Counter()
    for item in items:
        key = copying.key_values(item, tables.keys)
        verdict = _copy_item(tables, item, live.get(key), overwrite=overwrite, dry_run=dry_run)
        counts[verdict.value] += 1
        if verdict.describe:
            print(f"{verdict.value}: {' '.join(key)}", flush=True)
    return counts


def _copy_item(tables: Tables, item: Item, live: Item | None, *, overwrite: bool, dry_run: bool) -> Verdict:
    verdict, restored = restore_rules.decide(
        tables.noun, item, live, tables.events, tables.as_of_ms, overwrite=overwrite
    )
    if restored is None or dry_run:
        return verdict
    # The condition keeps a write that came between our read and this one.
    condition, values = "attribute_not_exists(#key)", {}
    names = {"#key": tables.keys[0]}
    if live is not None:
        condition = "attribute_exists(#key)"
        if "revision" in live:
            condition, names, values = "revision = :seen", {}, {":seen": live["revision"]}
    options: dict[str, Any] = {"ConditionExpression": condition}
    if names:
        options["ExpressionAttributeNames"] = names
    if values:
        options["ExpressionAttributeValues"] = values
    dynamodb = aws.client("dynamodb")
    try:
        dynamodb.put_item(TableName=tables.live, Item=restored, **options)
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return Verdict.IN_USE
    return verdict


def _create_side_table(live: str, side: str, when: datetime) -> None:
    dynamodb = aws.client("dynamodb")
    try:
        dynamodb.restore_table_to_point_in_time(SourceTableName=live, TargetTableName=side, RestoreDateTime=when)
        print(
            f"Restoring to {side}. This takes minutes to hours. If you stop this, run the same command again later.",
            flush=True,
        )
    except dynamodb.exceptions.TableAlreadyExistsException:
        print(f"{side} exists already and is used.", flush=True)
    except ClientError as error:
        raise CommandError(f"{live} cannot be restored: {error.response['Error']['Message']}") from None
    dynamodb.get_waiter("table_exists").wait(
        TableName=side, WaiterConfig={"Delay": POLL_SECONDS, "MaxAttempts": MAX_POLLS}
    )


def _time(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is not a time. Give one like 2026-03-03T12:00:00Z.") from None
    if when.tzinfo is None:
        raise CommandError(f"{text} has no time zone. Give it in UTC with a Z at the end.")
    return when.astimezone(UTC)
