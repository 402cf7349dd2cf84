"""Lambda handlers of SQS and EventBridge events. They read the clock, because these events carry no current time."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from latchkey import aws, log, metrics
from latchkey.http import cold_start
from latchkey.metrics import Metric
from latchkey.rules.times import Millis
from latchkey.tokens import jitter


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a message, for the log."""

    name: str
    reason: str | None = None
    practice: str | None = None


@dataclass(eq=False)
class RetryLater(Exception):
    """A temporary failure: retry this message and the rest of the batch later."""

    reason: str
    is_prolonged: bool = False
    """True if the cause is expected to last."""
    jitter_percent: int = field(default_factory=partial(jitter, 100))
    """Random part of the delay. All messages of a batch share it, so that they return together."""


class EventFailed(Exception):
    """A failed event, which Lambda must deliver again.

    It has no message: Lambda logs the message of an exception, and that of the fault may contain an address.
    """


type Work = Callable[[str, Millis], JobResult]
"""A function of a message's body and the time in Unix milliseconds."""

type Requeue = Callable[[str, Millis, RetryLater], JobResult]
"""A function that queues a message again, to be processed later."""

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
"""Metrics by result. Other results are not counted."""

EVENT_ID = re.compile("[0-9A-Za-z-]{1,64}")
"""An event id of EventBridge. Any other value is not logged, because it may hold anything."""

MIN_REMAINING_MS = 10_000
"""The longest time of one message: a call to AWS that fails at its third try takes 9 seconds."""


def sqs_handler(
    work: Work, requeue: Requeue, metric_by_result: Mapping[str, Metric] = METRIC_BY_SEND_RESULT
) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """Return a Lambda handler of SQS batches. SQS redelivers only the messages that failed.

    After the first temporary failure, the rest of the batch is queued again without a try.
    """

    @aws.within_deadline
    def handle(event: Mapping[str, Any], context: aws.InvocationContext) -> dict[str, Any]:
        now_ms = now_ms_of(context)
        retry_later: RetryLater | None = None
        failures = []
        for record in event["Records"]:
            message, body = str(record["messageId"]), str(record["body"])
            try:
                result = retry_later or _run(work, body, now_ms, context)
                if isinstance(result, RetryLater):
                    retry_later = result
                    result = requeue(body, now_ms, retry_later)
            except Exception as error:  # noqa: BLE001 - a fault of one message must not affect the others
                log.log_fault(error, message)
                failures.append({"itemIdentifier": message})
            else:
                _log_result(result, metric_by_result, message)
        return {"batchItemFailures": failures}

    cold_start.prepare()
    return handle


def _run(work: Work, body: str, now_ms: Millis, context: aws.InvocationContext) -> JobResult | RetryLater:
    """Return the result of the message, or the temporary failure."""
    if context.get_remaining_time_in_millis() < MIN_REMAINING_MS:
        return RetryLater("no_time")
    try:
        return work(body, now_ms)
    except RetryLater as retry_later:
        return retry_later


def eventbridge_handler(handle_event: Callable[[object, Millis], JobResult]) -> Callable[[object, Any], None]:
    """Return a Lambda handler of single events, in any shape. Lambda delivers a failed event again.

    :raises EventFailed: the event failed.
    """

    @aws.within_deadline
    def handle(event: object, context: aws.InvocationContext) -> None:
        message_id = _message_id(event)
        try:
            result = handle_event(event, now_ms_of(context))
        except Exception as error:  # noqa: BLE001 - Lambda would log its message
            log.log_fault(error, message_id)
            raise EventFailed from None
        _log_result(result, METRIC_BY_REPORT, message_id)

    cold_start.resume_gc()
    return handle


def stream_handler(
    handle_record: Callable[[Mapping[str, Any], Millis], JobResult],
) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """Return a Lambda handler of a DynamoDB stream. Lambda delivers records again from the first failed one on."""

    @aws.within_deadline
    def handle(event: Mapping[str, Any], context: aws.InvocationContext) -> dict[str, Any]:
        for record in event["Records"]:
            number = str(record["dynamodb"]["SequenceNumber"])
            try:
                result = handle_record(record, now_ms_of(context))
            except Exception as error:  # noqa: BLE001 - Lambda would log its message
                log.log_fault(error, number)
                return {"batchItemFailures": [{"itemIdentifier": number}]}
            _log_result(result, {}, number)
        return {"batchItemFailures": []}

    cold_start.resume_gc()
    return handle


def _message_id(event: object) -> str:
    event_id = event.get("id") if isinstance(event, Mapping) else None
    return event_id if isinstance(event_id, str) and EVENT_ID.fullmatch(event_id) else ""


def _log_result(result: JobResult, counted: Mapping[str, Metric], message_id: str) -> None:
    if metric := counted.get(result.name):
        metrics.count(metric)
    log.log_job(result.name, result.reason, result.practice, message_id)


def now_ms_of(context: aws.InvocationContext) -> Millis:
    """Return the time in Unix milliseconds. The invoking program may set it, as the local portal does."""
    client_context = getattr(context, "client_context", None)
    custom = getattr(client_context, "custom", None) or {}
    return Millis(int(custom.get("now") or time.time_ns() // 1_000_000))
