"""Replacement for Lambda's event source mapping. Invokes a function with messages from a queue."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from local.aws import Address
from local.clock import Clock
from local.runtime import FunctionFailed, Pool
from local.sam_template import REGION, QueueMapping

MAX_WAIT_SECONDS = 20
"""Longest time of one receive call on an empty queue, as in Lambda. The end of ministack ends it."""
TRIES = Config(retries={"total_max_attempts": 2})
"""After the end of ministack, a thread that waits for messages ends soon."""

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
    """A running event source mapping."""

    mapping: QueueMapping
    pool: Pool
    address: Address
    clock: Clock

    async def run(self) -> None:
        """Deliver messages until cancelled. A message in flight is redelivered after its visibility timeout."""
        sqs = self.address.client("sqs", TRIES)
        url = sqs.get_queue_url(QueueName=self.mapping.queue.rpartition(":")[2])["QueueUrl"]
        slots = asyncio.Semaphore(self.mapping.concurrency)
        async with asyncio.TaskGroup() as batches:
            while True:
                async with slots:
                    messages = await asyncio.to_thread(self._receive, sqs, url)
                if messages:
                    batches.create_task(self._deliver(slots, sqs, url, messages))

    def _receive(self, sqs: Any, url: str) -> list[dict[str, Any]]:
        received = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(self.mapping.batch_size, 10),
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=MAX_WAIT_SECONDS,
        )
        messages: list[dict[str, Any]] = received.get("Messages", [])
        return messages

    async def _deliver(self, slots: asyncio.Semaphore, sqs: Any, url: str, messages: list[dict[str, Any]]) -> None:
        event = json.dumps({"Records": [self._record(message) for message in messages]}).encode()
        context = json.dumps({"custom": {"now": str(self.clock.now_ms())}})
        async with slots:
            try:
                failed = _failures(json.loads(await self.pool.invoke(event, context)), messages)
            except FunctionFailed:
                return  # SQS redelivers every message after its visibility timeout
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


def _failures(result: Any, messages: list[dict[str, Any]]) -> set[str]:
    """Return the ids of the messages that the function reports as failed.

    If it reports an id that is not in the batch, return all ids, as Lambda does.
    """
    reported = {failure.get("itemIdentifier") for failure in (result or {}).get("batchItemFailures") or ()}
    delivered = {message["MessageId"] for message in messages}
    return delivered if reported - delivered else reported
