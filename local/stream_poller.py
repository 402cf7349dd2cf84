"""In place of Lambda's event source mapping of a DynamoDB stream: invokes a function with new records, in order."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from local.aws import Address
from local.clock import Clock
from local.runtime import FunctionFailed, Pool
from local.sam_template import StreamMapping

POLL_SECONDS, MAX_POLL_SECONDS = 0.25, 1.0
"""Time between two polls: at first, and after several that found nothing. An idle portal would poll for nothing."""
POLLS_OF_SHARDS = 20
"""Polls after which the shards are listed anew."""
RETRY_SECONDS = 1
"""After a batch that failed. Lambda waits longer with each try."""


@dataclass(frozen=True, slots=True)
class StreamPoller:
    """A running event source mapping of a stream."""

    mapping: StreamMapping
    pool: Pool
    address: Address
    clock: Clock

    async def run(self) -> None:
        """Deliver records until cancelled. A batch that fails is delivered again from its first failed record."""
        streams = self.address.client("dynamodbstreams")
        iterators: dict[str, str | None] = {}
        pause = POLL_SECONDS
        for poll in count():
            found = False
            if poll % POLLS_OF_SHARDS == 0:
                for shard in await asyncio.to_thread(self._shards, streams):
                    if shard not in iterators:
                        iterators[shard] = await asyncio.to_thread(self._first_iterator, streams, shard)
            for shard, iterator in iterators.items():
                if iterator:
                    page = await asyncio.to_thread(streams.get_records, ShardIterator=iterator)
                    iterators[shard] = page.get("NextShardIterator")
                    found = found or bool(page["Records"])
                    await self._deliver(
                        [record for record in page["Records"] if matches(self.mapping.patterns, record)]
                    )
            pause = POLL_SECONDS if found else min(2 * pause, MAX_POLL_SECONDS)
            await asyncio.sleep(pause)

    def _shards(self, streams: Any) -> list[str]:
        found = streams.describe_stream(StreamArn=self.mapping.stream)["StreamDescription"]["Shards"]
        return [shard["ShardId"] for shard in found]

    def _first_iterator(self, streams: Any, shard: str) -> str:
        found = streams.get_shard_iterator(
            StreamArn=self.mapping.stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )
        return str(found["ShardIterator"])

    async def _deliver(self, records: list[dict[str, Any]]) -> None:
        for start in range(0, len(records), self.mapping.batch_size):
            batch = records[start : start + self.mapping.batch_size]
            while batch:
                batch = await self._failed(batch)
                if batch:
                    await asyncio.sleep(RETRY_SECONDS)

    async def _failed(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the records of a batch from the first failed one on."""
        event = json.dumps({"Records": batch}, default=_as_number).encode()
        context = json.dumps({"custom": {"now": str(self.clock.now_ms())}})
        try:
            result = json.loads(await self.pool.invoke(event, context))
        except FunctionFailed:
            return batch
        reported = [failure["itemIdentifier"] for failure in (result or {}).get("batchItemFailures") or ()]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        return batch[numbers.index(reported[0]) :] if reported and reported[0] in numbers else []


def matches(patterns: tuple[dict[str, Any], ...], record: dict[str, Any]) -> bool:
    """Return True if a record matches one of the filter patterns, of lists of values. Without a pattern, all match."""
    return not patterns or any(_matches(pattern, record) for pattern in patterns)


def _matches(pattern: dict[str, Any], value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return all(
        value.get(name) in wanted if isinstance(wanted, list) else _matches(wanted, value.get(name))
        for name, wanted in pattern.items()
    )


def _as_number(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError
