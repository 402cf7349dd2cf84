"""The way in for queue messages, and the worker's one look at the clock: queue events carry no current time."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from latchkey import aws, metrics
from latchkey.metrics import Metric
from latchkey.tokens import jitter
from latchkey.web import log, start


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, for the log."""

    name: str
    reason: str | None = None
    practice: str | None = None


@dataclass(eq=False)
class NotNow(Exception):
    """In the way of a message, and of those behind it, is something that passes."""

    reason: str
    lasting: bool = False
    """It does not pass soon."""
    percent: int = field(default_factory=partial(jitter, 100))
    """Of the time by which a wait differs by chance: what is put off together comes back together, for one more try."""


class EventFailed(Exception):
    """An event has to come again. It says nothing more: Lambda writes down what it is told, and what failed may quote
    an address."""


type Work = Callable[[str, int], Outcome]
"""Takes a message's body and the instant (Unix milliseconds)."""

type PutOff = Callable[[str, int, NotNow], Outcome]
"""Sees to it that a message's work is done later."""

SENDING = {
    "sent": Metric.SENT,
    "delayed": Metric.MAIL_WAITING,
    "rejected": Metric.MAIL_REFUSED,
    "suppressed": Metric.MAIL_DROPPED,
}
REPORTED = {
    "delivered": Metric.DELIVERED,
    "delayed": Metric.DELAYED,
    "bounced": Metric.BOUNCED,
    "complained": Metric.COMPLAINED,
    "rejected": Metric.MAIL_REFUSED,
}
"""Outcomes that are counted."""

REFERENCE = re.compile("[0-9A-Za-z-]{1,64}")
"""An id of EventBridge's; what looks otherwise may hold anything, and is not written down."""

NEEDED_MS = 10_000
"""What one message can take: a call to AWS that fails at its third try takes 9 seconds."""


def worker(work: Work, put_off: PutOff) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """A Lambda handler for batches from SQS: a message that fails comes back alone, the others are done.

    From the first one on that cannot be done now, the rest of the batch is put off untried.
    """

    @aws.in_time
    def handle(event: Mapping[str, Any], context: aws.Context) -> dict[str, Any]:
        instant = _instant(context)
        obstacle: NotNow | None = None
        failures = []
        for record in event["Records"]:
            message, body = str(record["messageId"]), str(record["body"])
            try:
                outcome = obstacle or _tried(work, body, instant, context)
                if isinstance(outcome, NotNow):
                    obstacle = outcome
                    outcome = put_off(body, instant, obstacle)
            except Exception as error:  # noqa: BLE001 - one message's trouble must not be the others'
                log.failed(error, message)
                failures.append({"itemIdentifier": message})
            else:
                _told(outcome, SENDING, message)
        return {"batchItemFailures": failures}

    start.ready()
    return handle


def _tried(work: Work, body: str, instant: int, context: aws.Context) -> Outcome | NotNow:
    """What became of the message, or what is in its way."""
    if context.get_remaining_time_in_millis() < NEEDED_MS:
        return NotNow("no_time")
    try:
        return work(body, instant)
    except NotNow as obstacle:
        return obstacle


def listener(hear: Callable[[object, int], Outcome]) -> Callable[[object, Any], None]:
    """A Lambda handler for single events from elsewhere in AWS, whatever shape they have; one that fails is delivered
    again by Lambda."""

    @aws.in_time
    def handle(event: object, context: aws.Context) -> None:
        reference = _reference(event)
        try:
            outcome = hear(event, _instant(context))
        except Exception as error:  # noqa: BLE001 - Lambda would write down its words
            log.failed(error, reference)
            raise EventFailed from None
        _told(outcome, REPORTED, reference)

    start.settle()
    return handle


def _reference(event: object) -> str:
    told = event.get("id") if isinstance(event, Mapping) else None
    return told if isinstance(told, str) and REFERENCE.fullmatch(told) else ""


def _told(outcome: Outcome, counted: Mapping[str, Metric], reference: str) -> None:
    if metric := counted.get(outcome.name):
        metrics.count(metric)
    log.worked(outcome.name, outcome.reason, outcome.practice, reference)


def _instant(context: aws.Context) -> int:
    """Unix milliseconds; whoever invokes the function may say what time it is, as a local run does."""
    told = getattr(context, "client_context", None)
    custom = getattr(told, "custom", None) or {}
    return int(custom.get("now") or time.time_ns() // 1_000_000)
