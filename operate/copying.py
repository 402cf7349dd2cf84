"""Walk a table in parallel segments, and go on after an interruption where it ended.

DynamoDB divides a scan into segments that have no item in common ("Parallel scan", DynamoDB developer guide). Each
segment has its place in a file, which is written after each page whose items are done. A walk that was killed
does one page of each segment a second time.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

from operate import aws
from operate.errors import CommandError

type Item = dict[str, dict[str, Any]]

PAGE = 100
"""Items in a page. BatchGetItem takes as many keys."""
SAY_SECONDS = 10.0
"""Seconds between two lines about the progress."""


@dataclass(frozen=True, slots=True)
class Part:
    """The segments that this machine walks: every `of`-th one, from the `number`-th on."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Return the part that an option such as `2/4` names.

        :raises ValueError: it names none.
        """
        number, _, of = text.partition("/")
        part = cls(int(number), int(of))
        if not 1 <= part.number <= part.of:
            raise ValueError(text)
        return part

    def segments(self, total: int) -> range:
        """Return the numbers of this part's segments."""
        return range(self.number - 1, total, self.of)


@dataclass(slots=True)
class Progress:
    """The place of each segment, in a file. Without a file, only in memory."""

    path: Path | None
    about: dict[str, Any]
    """Options of the walk. A command with other options does not go on with this file."""
    places: dict[str, Any] = field(default_factory=dict)
    """The last key of each segment, or None if the segment is done."""
    counts: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def read(self) -> bool:
        """Read the file. Return False if there is none.

        :raises CommandError: the file is of another command.
        """
        if self.path is None or not self.path.exists():
            return False
        document = json.loads(self.path.read_text())
        if document["about"] != self.about:
            raise CommandError(f"{self.path} is of a copy with other options. Use those, or delete the file.")
        self.places, self.counts = document["places"], Counter(document["counts"])
        return True

    def advance(self, segment: int, last_key: Item | None, counts: Counter[str]) -> None:
        """Write down that a segment is done up to this key. None means that it is done."""
        with self._lock:
            self.places[str(segment)] = last_key
            self.counts += counts
            if self.path is None:
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            document = {"about": self.about, "places": self.places, "counts": self.counts}
            temporary = self.path.with_suffix(".new")
            temporary.write_text(json.dumps(document))
            temporary.replace(self.path)

    def remove(self) -> None:
        """Delete the file, when the walk is over."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def walk(
    table: str, segments: int, part: Part, progress: Progress, handle: Callable[[Sequence[Item]], Counter[str]]
) -> None:
    """Give each page of the table's segments to `handle`, which returns counts, and print how far it is.

    Segments are walked in parallel, and the pages of one segment in order.
    """
    (own, stop, speed) = (part.segments(segments), Event(), _Speed(table, part))

    def run(segment: int) -> None:
        place = progress.places.get(str(segment), {})
        while place is not None and not stop.is_set():
            start = {"ExclusiveStartKey": place} if place else {}
            page = aws.client("dynamodb").scan(
                TableName=table, ConsistentRead=True, Segment=segment, TotalSegments=segments, Limit=PAGE, **start
            )
            counts = handle(page["Items"])
            place = page.get("LastEvaluatedKey")
            progress.advance(segment, place, counts)
            speed.add(len(page["Items"]))

    with ThreadPoolExecutor(len(own)) as pool:
        running = [pool.submit(run, segment) for segment in own]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        finally:
            stop.set()
    speed.say_end()


class _Speed:
    """The number of items and the time, in lines for a person."""

    def __init__(self, table: str, part: Part) -> None:
        # DynamoDB counts the items of a table every six hours.
        self._expected = aws.client("dynamodb").describe_table(TableName=table)["Table"].get("ItemCount", 0) // part.of
        self._begun = self._said = time.monotonic()
        self._items, self._lock = 0, Lock()

    def add(self, items: int) -> None:
        with self._lock:
            self._items += items
            now = time.monotonic()
            if now - self._said >= SAY_SECONDS:
                self._said = now
                rate = self._items / (now - self._begun)
                left = max(self._expected - self._items, 0) / rate if rate else 0
                print(f"{self._items:,} items, {rate:,.0f} a second. About {left / 60:.0f} minutes left.", flush=True)

    def say_end(self) -> None:
        seconds = time.monotonic() - self._begun
        if self._items > PAGE:
            print(f"{self._items:,} items in {seconds:.0f} s, {self._items / max(seconds, 0.001):,.0f} a second.")


def existing(table: str, keys: Sequence[Item], names: Sequence[str], *, whole: bool) -> dict[tuple[str, ...], Item]:
    """Return the items with these keys, by the values of their keys. An item that does not exist is left out.

    With `whole`, the items have all attributes, else only those of the key.
    """
    found: dict[tuple[str, ...], Item] = {}
    request: dict[str, Any] = {"ConsistentRead": True}
    if not whole:
        request |= {
            "ProjectionExpression": ", ".join(f"#{number}" for number, _ in enumerate(names)),
            "ExpressionAttributeNames": {f"#{number}": name for number, name in enumerate(names)},
        }
    left, pause = list(keys), 0.05
    while left:
        response = aws.client("dynamodb").batch_get_item(RequestItems={table: request | {"Keys": left[:PAGE]}})
        for item in response["Responses"].get(table, ()):
            found[key_values(item, names)] = item
        unread = response.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if unread:
            time.sleep(pause)
            pause = min(pause * 2, 5.0)
        left = unread + left[PAGE:]
    return found


def put_all(table: str, items: Sequence[Item]) -> None:
    """Write items, 25 in a request. Only for items that nobody else writes."""
    left, pause = [{"PutRequest": {"Item": item}} for item in items], 0.05
    while left:
        response = aws.client("dynamodb").batch_write_item(RequestItems={table: left[:25]})
        refused = response.get("UnprocessedItems", {}).get(table, [])
        if refused:
            time.sleep(pause)
            pause = min(pause * 2, 5.0)
        left = refused + left[25:]


def key_values(item: Item, names: Sequence[str]) -> tuple[str, ...]:
    """Return the values of an item's key."""
    return tuple(str(next(iter(item[name].values()))) for name in names)
