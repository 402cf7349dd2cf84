"""Lambda's event source mapping: takes messages from a queue and calls a function with them."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from local.aws import Address
from local.clock import Clock
from local.runtime import FunctionFailed, Pool
from local.sam_template import REGION, QueueMapping

LONGEST_WAIT_SECONDS = 1
"""How long one look at an empty queue lasts; stopping waits for it."""

RECORD_ATTRIBUTES = {
    "messageAttributes": "MessageAttributes",
    "attributes": "Attributes",
    "md5OfBody": "MD5OfBody",
    "messageId": "MessageId",
    "receiptHandle": "ReceiptHandle",
    "body": "Body",
}


@dataclass(frozen=True, slots=True)
class Poller:
    """One mapping at work."""

    mapping: QueueMapping
    pool: Pool
    address: Address
    clock: Clock

    async def run(self) -> None:
        """Deliver until cancelled; what was taken by then comes back when its visibility timeout ends."""
        sqs = self.address.client("sqs")
        url = sqs.get_queue_url(QueueName=self.mapping.queue.rpartition(":")[2])["QueueUrl"]
        room = asyncio.Semaphore(self.mapping.concurrency)
        async with asyncio.TaskGroup() as batches:
            while True:
                async with room:
                    messages = await asyncio.to_thread(self._receive, sqs, url)
                if messages:
                    batches.create_task(self._deliver(room, sqs, url, messages))

    def _receive(self, sqs: Any, url: str) -> list[dict[str, Any]]:
        received = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(self.mapping.batch_size, 10),
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=LONGEST_WAIT_SECONDS,
        )
        messages: list[dict[str, Any]] = received.get("Messages", [])
        return messages

    async def _deliver(self, room: asyncio.Semaphore, sqs: Any, url: str, messages: list[dict[str, Any]]) -> None:
        event = json.dumps({"Records": [self._record(message) for message in messages]}).encode()
        context = json.dumps({"custom": {"now": str(self.clock.now_ms())}})
        async with room:
            try:
                failed = _failures(json.loads(await self.pool.invoke(event, context)), messages)
            except FunctionFailed:
                return  # every message comes back when its visibility timeout ends
        done = [message for message in messages if message["MessageId"] not in failed]
        if done:
            entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(done)]
            await asyncio.to_thread(sqs.delete_message_batch, QueueUrl=url, Entries=entries)

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        record = {key: message.get(name, {}) for key, name in RECORD_ATTRIBUTES.items()}
        record["attributes"] = {
            key: str(self.clock.at(int(value) / 1000)) if key.endswith("Timestamp") else value
            for key, value in record["attributes"].items()
        }
        return record | {"eventSource": "aws:sqs", "eventSourceARN": self.mapping.queue, "awsRegion": REGION}


def _failures(answer: Any, messages: list[dict[str, Any]]) -> set[str]:
    """The ids that the function reports as failed: all of them if the report names none of ours, as Lambda has it."""
    reported = {failure.get("itemIdentifier") for failure in (answer or {}).get("batchItemFailures") or ()}
    ours = {message["MessageId"] for message in messages}
    return ours if reported - ours else reported
