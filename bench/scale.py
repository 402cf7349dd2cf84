"""Whether a link and a PIN are spent as quickly among 100,000 stored items as among 100 (DynamoDB Local)."""

import asyncio
import itertools
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from local import aws, processes
from local.stack import DYNAMODB_LOCAL, PROJECT
from tests.kit import sam_template

FEW, MANY = 100, 100_000
FILLED = ("Accounts", "Links", "Sessions", "Pins", "Budgets")
TURNS = 60
BATCH = 25
"""What DynamoDB takes in one call."""
WARM_UP = 5


def ratios(folder: Path) -> dict[str, float]:
    """Time of a link and of a PIN among many, to that among few: medians of turns taken in turn."""
    with _engine(folder) as address:
        client = address.client("dynamodb")
        for prefix, items in (("Few", FEW), ("Many", MANY)):
            _create(client, prefix)
            _fill(address, prefix, items)
        with _visitor(address, "Few") as few, _visitor(address, "Many") as many:
            turns = [(_turn(few), _turn(many)) for _ in range(TURNS)][WARM_UP:]
    return {road: median(t[1][road] for t in turns) / median(t[0][road] for t in turns) for road in ("link", "pin")}


@contextmanager
def _engine(folder: Path) -> Iterator[aws.Address]:
    jar = next(DYNAMODB_LOCAL.glob("*/DynamoDBLocal.jar"))
    with asyncio.Runner() as runner:
        process, url = runner.run(aws.start_dynamodb_local(jar, folder, folder / "dynamodb.log"))
        try:
            yield aws.Address(url, url)
        finally:
            runner.run(processes.stop(process))


def _create(client: Any, prefix: str) -> None:
    for name, properties in sam_template.resources("AWS::DynamoDB::Table").items():
        told = {key: properties[key] for key in ("AttributeDefinitions", "KeySchema", "BillingMode")}
        client.create_table(TableName=prefix + name, **told)


def _fill(address: aws.Address, prefix: str, items: int) -> None:
    """Items of the size that these tables hold, a fifth of them in each."""
    local = [address.client("dynamodb") for _ in range(4)]

    def put(part: tuple[int, tuple[str, ...]]) -> None:
        turn, tables = part
        requests: dict[str, list[dict[str, Any]]] = {}
        for table in tables:
            (key,) = sam_template.resources("AWS::DynamoDB::Table")[table]["KeySchema"]
            item = {key["AttributeName"]: {"S": secrets.token_urlsafe(16)}, "filling": {"S": "x" * 400}}
            requests.setdefault(prefix + table, []).append({"PutRequest": {"Item": item}})
        while requests:
            requests = local[turn % len(local)].batch_write_item(RequestItems=requests)["UnprocessedItems"]

    names = itertools.islice(itertools.cycle(FILLED), items)
    with ThreadPoolExecutor(len(local)) as pool:
        list(pool.map(put, enumerate(itertools.batched(names, BATCH, strict=False))))


@contextmanager
def _visitor(address: aws.Address, prefix: str) -> Iterator["subprocess.Popen[str]"]:
    """A process whose tables are these."""
    tables = {f"{name.upper()}_TABLE": prefix + name for name in sam_template.resources("AWS::DynamoDB::Table")}
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(["layers/latchkey", "."]),
        "AWS_ENDPOINT_URL_DYNAMODB": address.dynamodb,
        "AWS_REGION": "us-east-1",
        **aws.ROOT,
        **tables,
    }
    visitor = subprocess.Popen(
        [sys.executable, "-m", "bench.visits"],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield visitor
    finally:
        visitor.communicate()


def _turn(visitor: "subprocess.Popen[str]") -> dict[str, float]:
    if visitor.stdin is None or visitor.stdout is None:
        raise ValueError("a visitor is told by line, and tells by line")
    visitor.stdin.write("\n")
    visitor.stdin.flush()
    told: dict[str, float] = json.loads(visitor.stdout.readline())
    return told
