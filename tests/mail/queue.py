"""The mail queue with all that the template sets on it, in simulated time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import Mock

from latchkey import aws
from latchkey.mail.queue import parse_job
from tests.kit import sam_template
from tests.mail.time import SimulatedClock

SEND_SECONDS = 0.015
LONGEST_DELAY = 900


@dataclass(slots=True, eq=False)
class Message:
    """One message, as SQS keeps it."""

    id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0


@dataclass(slots=True)
class FakeQueue:
    """A standard queue: any order, at least once."""

    time: SimulatedClock
    twice: int = 0
    """One in so many messages is delivered once more after it was deleted; 0 for none."""
    dead: list[Message] = field(default_factory=list)
    """What is in the dead-letter queue."""
    expired: list[Message] = field(default_factory=list)
    """What was lost because nobody took it for too long."""
    repeated: set[bytes] = field(default_factory=set)
    """The requests whose messages were delivered once more after they were deleted."""
    delays: list[int] = field(default_factory=list)
    """Of the copies that were put back, in seconds."""
    bodies: list[str] = field(default_factory=list)
    """Of all that was ever put in."""
    _messages: list[Message] = field(default_factory=list)
    _count: int = 0
    _chance: Random = field(default_factory=lambda: Random(5))  # noqa: S311 - to be the same every night

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, body: str, delay: int = 0) -> None:
        """Put a message in."""
        assert 0 <= delay <= LONGEST_DELAY
        self._count += 1
        now = self.time.now
        self.bodies.append(body)
        self._messages.append(Message(str(self._count), body, now, now + delay))

    @property
    def last(self) -> str:
        """The body of the message that was put in last."""
        return self._messages[-1].body

    def due(self) -> float | None:
        """When the next message can be received; None if there is none at all."""
        return min((message.visible_at for message in self._messages), default=None)

    def receive(self, now: float) -> list[Message]:
        """A batch of what is visible, hidden from others from now on."""
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
        """Done; some come again all the same."""
        if self.twice and self._chance.randrange(self.twice) == 0:
            message.visible_at = self.time.now + 1
            self.repeated.add(parse_job(message.body).job_id)
        else:
            self._messages.remove(message)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """In the place of SQS."""
        events = aws.service_client("sqs").meta.events
        events.register("before-call.sqs.SendMessage", self._sent, unique_id="queue")
        try:
            yield
        finally:
            events.unregister("before-call.sqs.SendMessage", unique_id="queue")

    def _sent(self, params: dict[str, Any], **_: Any) -> tuple[Mock, dict[str, Any]]:
        if (
            self.time.deadline - self.time.now
            < aws.CONNECT_TIMEOUT_SECONDS + aws.READ_TIMEOUT_SECONDS + aws.RESPONSE_MARGIN_SECONDS
        ):
            raise aws.DeadlineTooClose
        self.time.pass_by(SEND_SECONDS)
        fields = json.loads(params["body"])
        if fields["DelaySeconds"]:
            self.delays.append(fields["DelaySeconds"])
        self.put(fields["MessageBody"], fields["DelaySeconds"])
        return Mock(status_code=200), {"MessageId": str(self._count)}


def batch_size() -> int:
    """How many messages the template lets Lambda bring at once."""
    size: int = _mapping()["BatchSize"]
    return size


def workers() -> int:
    """How many batches are worked on at once, unless someone sets another number."""
    return int(sam_template.parameters()[_mapping()["ScalingConfig"]["MaximumConcurrency"]["Ref"]])


def _mapping() -> dict[str, Any]:
    (event,) = sam_template.resources("AWS::Serverless::Function")["SendMail"]["Events"].values()
    assert event["Type"] == "SQS"
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    fields: dict[str, Any] = event["Properties"]
    return fields
