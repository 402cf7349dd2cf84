"""The way in for queue messages, and the worker's one look at the clock: queue events carry no current time."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from latchkey import aws, log, metrics
from latchkey.metrics import Metric
from latchkey.tokens import jitter
from latchkey.web import cold_start


@dataclass(frozen=True, slots=True)
class JobResult:
    """What became of a message, for the log."""

    name: str
    reason: str | None = None
    practice: str | None = None


@dataclass(eq=False)
class RetryLater(Exception):
    """In the way of a message, and of those behind it, is something that passes."""

    reason: str
    is_prolonged: bool = False
    """It does not pass soon."""
    jitter_percent: int = field(default_factory=partial(jitter, 100))
    """Of the time by which a wait differs by chance: what is put off together comes back together, for one more try."""


class EventFailed(Exception):
    """An event has to come again. It says nothing more: Lambda writes down what it is told, and what failed may quote
    an address."""


type Work = Callable[[str, int], JobResult]
"""Takes a message's body and the instant (Unix milliseconds)."""

type Requeue = Callable[[str, int, RetryLater], JobResult]
"""Sees to it that a message's work is done later."""

METRIC_BY_SEND_RESULT = {
    "sent": Metric.SENT,
    "delayed": Metric.MAIL_DEFERRED,
    "rejected": Metric.MAIL_REJECTED,
    "suppressed": Metric.MAIL_SKIPPED,
}
METRIC_BY_REPORT = {
    "delivered": Metric.DELIVERED,
    "delayed": Metric.DELAYED,
    "bounced": Metric.BOUNCED,
    "complained": Metric.COMPLAINED,
    "rejected": Metric.MAIL_REJECTED,
}
"""Outcomes that are counted."""

REFERENCE = re.compile("[0-9A-Za-z-]{1,64}")
"""An id of EventBridge's; what looks otherwise may hold anything, and is not written down."""

MIN_REMAINING_MS = 10_000
"""What one message can take: a call to AWS that fails at its third try takes 9 seconds."""


def sqs_handler(work: Work, put_off: Requeue) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """A Lambda handler for batches from SQS: a message that fails comes back alone, the others are done.

    From the first one on that cannot be done now, the rest of the batch is put off untried.
    """

    @aws.within_deadline
    def handle(event: Mapping[str, Any], context: aws.InvocationContext) -> dict[str, Any]:
        now_ms = _now_ms(context)
        obstacle: RetryLater | None = None
        failures = []
        for record in event["Records"]:
            message, body = str(record["messageId"]), str(record["body"])
            try:
                outcome = obstacle or _tried(work, body, now_ms, context)
                if isinstance(outcome, RetryLater):
                    obstacle = outcome
                    outcome = put_off(body, now_ms, obstacle)
            except Exception as error:  # noqa: BLE001 - one message's trouble must not be the others'
                log.log_fault(error, message)
                failures.append({"itemIdentifier": message})
            else:
                _told(outcome, METRIC_BY_SEND_RESULT, message)
        return {"batchItemFailures": failures}

    cold_start.prepare()
    return handle


def _tried(work: Work, body: str, now_ms: int, context: aws.InvocationContext) -> JobResult | RetryLater:
    """What became of the message, or what is in its way."""
    if context.get_remaining_time_in_millis() < MIN_REMAINING_MS:
        return RetryLater("no_time")
    try:
        return work(body, now_ms)
    except RetryLater as obstacle:
        return obstacle


def eventbridge_handler(hear: Callable[[object, int], JobResult]) -> Callable[[object, Any], None]:
    """A Lambda handler for single events from elsewhere in AWS, whatever shape they have; one that fails is delivered
    again by Lambda."""

    @aws.within_deadline
    def handle(event: object, context: aws.InvocationContext) -> None:
        message_id = _message_id(event)
        try:
            outcome = hear(event, _now_ms(context))
        except Exception as error:  # noqa: BLE001 - Lambda would write down its words
            log.log_fault(error, message_id)
            raise EventFailed from None
        _told(outcome, METRIC_BY_REPORT, message_id)

    cold_start.resume_gc()
    return handle


def _message_id(event: object) -> str:
    told = event.get("id") if isinstance(event, Mapping) else None
    return told if isinstance(told, str) and REFERENCE.fullmatch(told) else ""


def _told(outcome: JobResult, counted: Mapping[str, Metric], message_id: str) -> None:
    if metric := counted.get(outcome.name):
        metrics.count(metric)
    log.log_job(outcome.name, outcome.reason, outcome.practice, message_id)


def _now_ms(context: aws.InvocationContext) -> int:
    """Unix milliseconds; whoever invokes the function may say what time it is, as a local run does."""
    told = getattr(context, "client_context", None)
    custom = getattr(told, "custom", None) or {}
    return int(custom.get("now") or time.time_ns() // 1_000_000)
