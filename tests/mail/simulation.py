"""A simulation of the mail worker, in simulated time: hours pass in seconds."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import patch

from botocore.exceptions import ClientError

from latchkey import aws
from latchkey.mail import queue
from latchkey.rules.mail import MailJob
from tests.kit import sam_template
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, key_of
from tests.mail.queue import FakeQueue, Message, workers
from tests.mail.ses import FakeSes, Try
from tests.mail.simulated_clock import SimulatedClock, TimedOut

TABLE_SECONDS = 0.005
HANGING_SECONDS = 9
"""Seconds of a table call that times out three times, with the pauses between."""


@dataclass(slots=True)
class MailSimulation:
    """The mail worker, with a fake queue and a fake SES."""

    portal: Portal
    time: SimulatedClock
    ses: FakeSes
    queue: FakeQueue
    skew: int = 0
    """Seconds by which the worker's clock is ahead."""
    timeouts: int = 0
    """The number of times that Lambda ended the worker at its timeout."""
    newest: dict[str, MailJob] = field(default_factory=dict)
    """The newest mail job of each address."""
    requests: list[tuple[int, str, list[str]]] = field(default_factory=list)
    """Status, location and AWS calls of each request for a link. Cached reads are left out."""
    _hanging: list[tuple[float, float, str]] = field(default_factory=list)
    _plan: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)

    @classmethod
    def at(cls, portal: Portal, beginning: float) -> Self:
        """Return a simulation that begins at this Unix second."""
        time = SimulatedClock(beginning)
        return cls(portal, time, FakeSes(time), FakeQueue(time))

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Plan an action, `seconds` from now."""
        heappush(self._plan, (self.time.now + seconds, len(self._plan), act))

    def hang(self, since: float, until: float, operation: str = "") -> None:
        """Time out all table calls between two moments, or only those of one operation."""
        self._hanging.append((since, until, operation))

    def queue_job(self, address: str, **facts: Any) -> MailJob:
        """Queue the mail job of a request for a link, and return it."""
        facts.setdefault("requested_at_ms", int(self.time.now * 1000))
        job = a_job(key_of(self.portal, "willow", address), 0, **facts)
        self.newest[address] = job
        self.queue.put(body_of(job))
        return job

    def ask(self, address: str) -> None:
        """Request a link from the function."""
        self.portal.now, before = int(self.time.now), len(self.portal.aws.calls)
        answer = self.portal.browser(f"198.51.100.{len(self.requests)}").request_link(address)
        calls = [
            operation
            for operation, fields in self.portal.aws.calls[before:]
            if operation != "GetSecretValue" and fields.get("TableName") != "Practices"
        ]
        self.requests.append((answer.status, answer.location, calls))
        job = queue.parse_job(self.queue.last)
        assert isinstance(job, MailJob)
        self.newest[address] = job

    def run(self, hours: float) -> None:
        """Let it pass, until nothing is left to do or so many hours are over."""
        end = self.time.now + hours * 3600
        workers_busy = [self.time.now] * workers()
        heapify(workers_busy)
        while True:
            due = self.queue.due()
            at = max(workers_busy[0], math.inf if due is None else due)
            if self._plan and self._plan[0][0] <= at:
                self.time.now, _, act = heappop(self._plan)
                act()
            elif at > end:
                break
            else:
                heappop(workers_busy)
                heappush(workers_busy, self._invoke(at))

    def mails(self, address: str) -> list[Try]:
        """Return the mails that SES accepted for an address."""
        return [mail for mail in self.ses.accepted if mail.to == address]

    def wait(self, address: str) -> float:
        """Return the seconds from the newest request of an address to its mail."""
        newest = self.newest[address]
        return next(m.at for m in self.mails(address) if m.request == newest.job_id) - newest.requested_at_ms / 1000

    def _invoke(self, at: float) -> float:
        """Invoke the worker with a batch of visible messages, and return the time at which it is done."""
        batch = self.queue.receive(at)
        if not batch:
            return at
        function = sam_template.resources("AWS::Serverless::Function")["SendMail"]
        self.time.now, self.time.deadline = at, at + function["Timeout"]
        self.portal.now = int(at) + self.skew
        self._tell_time()
        try:
            failed = self._failed(batch)
        except TimedOut:
            self.timeouts += 1
        else:
            for message in batch:
                if message.id not in failed:
                    self.queue.delete(message)
        self.time.deadline = math.inf
        return self.time.now

    def _failed(self, batch: list[Message]) -> set[str]:
        records = [{"messageId": message.id, "body": message.body} for message in batch]
        answer = self.portal.invoke("SendMail", {"Records": records})
        return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Run SQS, SES, the tables and botocore's pauses in simulated time until the context ends."""
        self.time.on_change = self._tell_time
        tables: Any = aws.client("dynamodb")
        call = tables.call

        def timed_call(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
            self._pass_call(operation)
            response: dict[str, Any] = call(operation, arguments)
            return response

        with ExitStack() as stack:
            stack.enter_context(self.ses.answering())
            stack.enter_context(self.queue.listening())
            pauses = SimpleNamespace(sleep=self.time.pass_by, time=time.time)
            stack.enter_context(patch("latchkey.transport.client.time", pauses))
            stack.enter_context(patch.object(tables, "call", timed_call))
            yield self

    def _tell_time(self) -> None:
        left = self.time.deadline - self.time.now
        self.portal.milliseconds = int(left * 1000) if left < math.inf else 10_000

    def _pass_call(self, operation: str) -> None:
        """Let the time of a call pass.

        :raises ClientError: the tables hang.
        """
        for since, until, hanging in self._hanging:
            if since <= self.time.now < until and hanging in {"", operation}:
                self.time.pass_by(HANGING_SECONDS)
                raise ClientError(
                    {"Error": {"Code": "InternalServerError", "Message": "for ana@example.com"}}, operation
                )
        self.time.pass_by(TABLE_SECONDS)
