"""CPU of `operate restore` for one row, measured beside a local DynamoDB: `python -m tools.bench.copies`.

DynamoDB runs in another process, so its own time does not count. The result stands in `operate/copy_time.py`.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from local.aws import start_ministack
from local.processes import stop
from local.sam_template import REGION
from local.stack import MINISTACK
from operate import aws, copying, restore
from operate.copying import Item, Part, Progress
from operate.restore import Tables

ROWS = {"Events": 2_000, "Accounts": 300}
SEGMENTS = 16


def main() -> None:
    """Print the microseconds of CPU for a row of each table."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        process, url = runner.run(start_ministack(MINISTACK, Path(folder), Path(folder) / "log"))
        os.environ |= {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": REGION}
        os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        try:
            for noun, rows in ROWS.items():
                print(f"{noun}: {_measure(noun, rows):.0f} microseconds a row")
        finally:
            runner.run(stop(process))


def _measure(noun: str, rows: int) -> float:
    keys = ("subject", "id") if noun == "Events" else ("key",)
    for name in {noun, f"{noun}-side", "Events"}:
        _create(name, ("subject", "id") if name == "Events" else keys)
    copying.put_all(f"{noun}-side", [_row(noun, number) for number in range(rows)])
    tables = Tables(noun, noun, f"{noun}-side", "Events", keys, time.time_ns() // 1_000_000)
    begun = time.process_time()
    copying.walk(
        tables.side, SEGMENTS, Part(), Progress(None, {}), lambda page: restore.copy_page(tables, page, overwrite=False)
    )
    return (time.process_time() - begun) * 1_000_000 / rows


def _create(name: str, keys: tuple[str, ...]) -> None:
    dynamodb = aws.client("dynamodb")
    if name not in dynamodb.list_tables()["TableNames"]:
        kinds = ("HASH", "RANGE")
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        )


def _row(noun: str, number: int) -> Item:
    """A row as large as one of practice: about 400 bytes of audit, about 700 of an account."""
    if noun == "Events":
        texts = {"subject": f"willow#{number % 500}", "id": f"{number:026}", "kind": "session_started"}
        return {name: {"S": text} for name, text in (texts | {"actor": "client", "reference": "K7M4QX" * 4}).items()}
    profile = {name: {"S": "x" * 26} for name in ("id", "grant", "name")}
    texts = {
        "key": f"{number:043}",
        "practice": "willow",
        "address": f"client-{number}@example.com",
        "status": "active",
    }
    plain: Item = {name: {"S": text} for name, text in texts.items()}
    return plain | {"profiles": {"L": [{"M": profile}]}, "epoch": {"N": "1"}, "revision": {"N": "3"}}


if __name__ == "__main__":
    main()
