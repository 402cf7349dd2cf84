"""A fake of the mail queue, with the template's properties, in simulated time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import patch

from latchkey import aws
from latchkey.mail.queue import parse_job
from tests.kit import sam_template
from tests.mail.simulated_clock import SimulatedClock

SEND_SECONDS = 0.015
MAX_DELAY_SECONDS = 900


@dataclass(slots=True, eq=False)
class Message:
    """A message in the queue."""

    id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0


@dataclass(slots=True)
class FakeQueue:
    """A standard queue: it delivers in any order, at least once."""

    time: SimulatedClock
    redeliver_one_in: int = 0
    """One in so many messages is redelivered after it was deleted, 0 for none."""
    dead: list[Message] = field(default_factory=list)
    """The messages in the dead-letter queue."""
    expired: list[Message] = field(default_factory=list)
    """The messages whose retention period ended."""
    repeated: set[bytes] = field(default_factory=set)
    """Job ids of the messages that were redelivered after they were deleted."""
    delays: list[int] = field(default_factory=list)
    """The delay of each delayed message, in seconds."""
    bodies: list[str] = field(default_factory=list)
    """The bodies of all messages."""
    _messages: list[Message] = field(default_factory=list)
    _count: int = 0
    _chance: Random = field(default_factory=lambda: Random(5))  # noqa: S311 - the same in every run

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, body: str, delay: int = 0) -> None:
        """Put a message in."""
        assert 0 <= delay <= MAX_DELAY_SECONDS
        self._count += 1
        now = self.time.now
        self.bodies.append(body)
        self._messages.append(Message(str(self._count), body, now, now + delay))

    @property
    def last(self) -> str:
        """The body of the message that was put in last."""
        return self._messages[-1].body

    def due(self) -> float | None:
        """Return the time at which the next message becomes visible, None if there is no message."""
        return min((message.visible_at for message in self._messages), default=None)

    def receive(self, now: float) -> list[Message]:
        """Return a batch of visible messages, and start their visibility timeout."""
        queue = sam_template.resources("AWS::SQS::Queue")["MailQueue"]
        visible = [message for message in self._messages if message.visible_at <= now]
        self._chance.shuffle(visible)
        batch: list[Message] = []
        for message in visible:
            if message.sent_at + queue["MessageRetentionPeriod"] <= now:
                self.expired.append(message)
                self._messages.remove(message)
            elif message.receives >= queue["RedrivePolicy"]["maxReceiveCount"]:
                self.dead.append(message)
                self._messages.remove(message)
            elif len(batch) < batch_size():
                message.receives += 1
                message.visible_at = now + queue["VisibilityTimeout"]
                batch.append(message)
        return batch

    def delete(self, message: Message) -> None:
        """Delete a message. Some are redelivered all the same."""
        if self.redeliver_one_in and self._chance.randrange(self.redeliver_one_in) == 0:
            message.visible_at = self.time.now + 1
            self.repeated.add(parse_job(message.body).job_id)
        else:
            self._messages.remove(message)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Respond to SendMessage in place of SQS until the context ends."""
        with patch.object(aws.client("sqs"), "call", self._sent):
            yield

    def _sent(self, _operation: str, fields: dict[str, Any]) -> dict[str, Any]:
        if (
            self.time.deadline - self.time.now
            < aws.CONNECT_TIMEOUT_SECONDS + aws.READ_TIMEOUT_SECONDS + aws.RESPONSE_MARGIN_SECONDS
        ):
            raise aws.DeadlineTooClose
        self.time.pass_by(SEND_SECONDS)
        if fields["DelaySeconds"]:
            self.delays.append(fields["DelaySeconds"])
        self.put(fields["MessageBody"], fields["DelaySeconds"])
        return {"MessageId": str(self._count)}


def batch_size() -> int:
    """Return the batch size of the event source."""
    size: int = _mapping()["BatchSize"]
    return size


def workers() -> int:
    """Return the default maximum concurrency of the event source."""
    return int(sam_template.parameters()[_mapping()["ScalingConfig"]["MaximumConcurrency"]["Ref"]])


def _mapping() -> dict[str, Any]:
    (event,) = sam_template.resources("AWS::Serverless::Function")["SendMail"]["Events"].values()
    assert event["Type"] == "SQS"
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    fields: dict[str, Any] = event["Properties"]
    return fields
