"""Duration of sign-ins and of a search for a client with 100,000 stored items, relative to 100, on DynamoDB Local."""

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
from local.aws import TABLE_SETTINGS
from local.stack import DYNAMODB_LOCAL, PROJECT
from tests.kit import sam_template

FEW, MANY = 100, 100_000
FILLED = ("Accounts", "Links", "Pins", "Budgets")
TERMS = "willow#word"
"""The partition of the index of clients in which the search looks."""
ROUNDS = 60
BATCH = 25
"""Items in one call, DynamoDB's limit."""
WARM_UP = 5


def ratios(folder: Path) -> dict[str, float]:
    """Return the ratio of durations, many items to few, by what is done. Rounds alternate between both."""
    with _engine(folder) as address:
        client = address.client("dynamodb")
        for prefix, items in (("Few", FEW), ("Many", MANY)):
            _create(client, prefix)
            _fill(address, prefix, items)
            _fill_index(client, prefix, items // len(FILLED))
        with _signer(address, "Few") as few, _signer(address, "Many") as many:
            rounds = [(_durations(few), _durations(many)) for _ in range(ROUNDS)][WARM_UP:]
    return {method: median(many[method] / few[method] for few, many in rounds) for method in ("link", "pin", "search")}


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
        settings = {key: properties[key] for key in TABLE_SETTINGS if key in properties}
        client.create_table(TableName=prefix + name, **settings)


def _fill(address: aws.Address, prefix: str, items: int) -> None:
    """Write items of the usual size, a fifth of them to each table."""
    clients = [address.client("dynamodb") for _ in range(4)]

    def put(batch: tuple[int, tuple[str, ...]]) -> None:
        number, tables = batch
        requests: dict[str, list[dict[str, Any]]] = {}
        for table in tables:
            (key,) = sam_template.resources("AWS::DynamoDB::Table")[table]["KeySchema"]
            item = {key["AttributeName"]: {"S": secrets.token_urlsafe(16)}, "filling": {"S": "x" * 400}}
            requests.setdefault(prefix + table, []).append({"PutRequest": {"Item": item}})
        while requests:
            requests = clients[number % len(clients)].batch_write_item(RequestItems=requests)["UnprocessedItems"]

    names = itertools.islice(itertools.cycle(FILLED), items)
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(put, enumerate(itertools.batched(names, BATCH, strict=False))))


def _fill_index(client: Any, prefix: str, items: int) -> None:
    """Write words of names that the search does not look for, one for each of so many clients of the practice."""
    numbers = range(items)
    for batch in itertools.batched(numbers, BATCH, strict=False):
        terms = [
            {"practice": {"S": TERMS}, "id": {"S": f"name{number}#{number}"}, "client": {"S": str(number)}}
            for number in batch
        ]
        requests = {prefix + "Clients": [{"PutRequest": {"Item": term}} for term in terms]}
        while requests:
            requests = client.batch_write_item(RequestItems=requests)["UnprocessedItems"]


@contextmanager
def _signer(address: aws.Address, prefix: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a process of `sign_ins` with the tables of a prefix."""
    tables = {f"{name.upper()}_TABLE": prefix + name for name in sam_template.resources("AWS::DynamoDB::Table")}
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(["layers/latchkey", "."]),
        "AWS_ENDPOINT_URL_DYNAMODB": address.dynamodb,
        "AWS_REGION": "us-east-1",
        **aws.ROOT,
        **tables,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.bench.sign_ins"],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.communicate()


def _durations(process: "subprocess.Popen[str]") -> dict[str, float]:
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    process.stdin.write("\n")
    process.stdin.flush()
    seconds: dict[str, float] = json.loads(process.stdout.readline())
    return seconds
