"""Copies of tables: one that is killed goes on where it was, and parts of machines make one whole. Rule B212."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from operate import copy_time, copying
from operate.copying import Part
from tests.kit import sam_template
from tests.operate.conftest import NAME, Deployed, Operate

ROWS = 1_000
SIDE = "events-of-before"


@pytest.fixture
def side(deployed: Deployed) -> Iterator[str]:
    """A table of audit rows, restored from a backup."""
    dynamodb = deployed.client("dynamodb")
    described = dynamodb.describe_table(TableName="Events")["Table"]
    dynamodb.create_table(
        TableName=SIDE,
        KeySchema=described["KeySchema"],
        AttributeDefinitions=[one for one in described["AttributeDefinitions"] if one["AttributeName"] != "reference"],
        BillingMode="PAY_PER_REQUEST",
    )
    copying.put_all(SIDE, [row(number) for number in range(ROWS)])
    yield SIDE
    dynamodb.delete_table(TableName=SIDE)


def row(number: int) -> dict[str, Any]:
    """An audit row."""
    return {"subject": {"S": f"willow#{number % 97}"}, "id": {"S": f"{number:026}"}, "kind": {"S": "link_sent"}}


def arguments(*more: str) -> list[str]:
    """The command that copies the side table."""
    now = "2026-03-03T12:00:00Z"
    return ["restore", "--stack", NAME, "--table", "Events", "--from-table", SIDE, "--from-time", now, *more]


def changes(deployed: Deployed) -> Counter[tuple[str, str]]:
    """Return how often each row was changed, and how, as the table's own stream reports it."""
    streams = deployed.client("dynamodbstreams")
    arn = deployed.client("dynamodb").describe_table(TableName="Events")["Table"]["LatestStreamArn"]
    found: Counter[tuple[str, str]] = Counter()
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            response = streams.get_records(ShardIterator=iterator, Limit=1000)
            for record in response["Records"]:
                found[record["eventName"], record["dynamodb"]["Keys"]["id"]["S"]] += 1
            iterator = response.get("NextShardIterator") if response["Records"] else None
    return found


def test_a_copy_that_is_killed_goes_on_and_writes_no_row_twice(
    deployed: Deployed, operate: Operate, side: str, tmp_path: Path
) -> None:
    """B212: SIGKILL gives it no time to tidy up."""
    before = changes(deployed)
    options = arguments("--segments", "4", "--progress", str(tmp_path))
    command = [sys.executable, "-m", "operate", *options]
    with subprocess.Popen(command, cwd=sam_template.PROJECT, env=os.environ | {"PYTHONPATH": ""}) as process:  # noqa: S603 - our own command
        file = tmp_path / f"{side}-1-of-1.json"
        deadline = time.monotonic() + 60
        while not file.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    half = len(deployed.items("Events"))
    assert 0 < half < ROWS, "killed in the middle"
    assert json.loads(file.read_text())["places"]

    code, output, _ = operate(*options)

    assert code == 0
    assert "Going on where" in output
    assert deployed.items("Events") == sorted((row(number) for number in range(ROWS)), key=repr)
    assert changes(deployed) - before == Counter({("INSERT", f"{number:026}"): 1 for number in range(ROWS)})
    assert not file.exists(), "the next copy begins anew"


def test_machines_copy_parts_that_make_the_whole(
    deployed: Deployed, operate: Operate, side: str, tmp_path: Path
) -> None:
    """B212: none has a row of another."""
    sizes = []
    for part in ("1/3", "2/3", "3/3"):
        before = len(deployed.items("Events"))
        assert operate(*arguments("--segments", "8", "--part", part, "--progress", str(tmp_path)))[0] == 0
        sizes.append(len(deployed.items("Events")) - before)

    assert sum(sizes) == ROWS
    assert all(sizes), sizes
    assert side in deployed.client("dynamodb").list_tables()["TableNames"], "other machines may still read it"


@pytest.mark.usefixtures("deployed", "side")
def test_a_file_of_another_copy_is_not_continued(operate: Operate, tmp_path: Path) -> None:
    """A segment of 4 is no segment of 8."""
    (tmp_path / f"{SIDE}-1-of-1.json").write_text(json.dumps({"about": {"segments": 4}, "places": {}, "counts": {}}))
    code, _, error = operate(*arguments("--segments", "8", "--progress", str(tmp_path)))

    assert (code, "with other options" in error) == (2, True)


@pytest.mark.usefixtures("deployed")
def test_a_segment_that_is_done_is_not_walked_twice(side: str) -> None:
    """B212: nor the pages before the place where a segment ended."""
    pages: dict[str, list[str]] = {"first": [], "again": []}

    def walked(name: str, places: dict[str, Any]) -> list[str]:
        def handle(items: Sequence[copying.Item]) -> Counter[str]:
            pages[name] += [item["id"]["S"] for item in items]
            return Counter()

        copying.walk(side, 4, Part(4, 4), copying.Progress(None, {}, places), handle)
        return pages[name]

    all_ids = walked("first", {})
    last = {"subject": {"S": f"willow#{int(all_ids[-2]) % 97}"}, "id": {"S": all_ids[-2]}}

    assert len(all_ids) > 100, "more than a page"
    assert walked("again", {"3": last}) == all_ids[-1:]
    assert walked("again", {"3": None}) == all_ids[-1:], "nothing more"


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "x/y"])
def test_a_part_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Part.parse(text)


def test_every_segment_has_one_machine() -> None:
    segments = [number for part in range(1, 6) for number in Part(part, 5).segments(16)]

    assert sorted(segments) == [*range(16)]


def test_the_time_of_26_million_rows_is_shown_with_what_limits_it(operate: Operate) -> None:
    code, output, _ = operate("copy-time", "--rows", "26000000")

    assert code == 0
    seconds = 26_000_000 / min(copy_time.rates("Events", 1, 16, 4_000).values())
    assert copy_time.duration(seconds) in output.splitlines()[-1]
    assert copy_time.duration(3600) == "1 h 00 min"
