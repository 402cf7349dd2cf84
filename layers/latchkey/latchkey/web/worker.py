"""The way in for queue messages, and the worker's one look at the clock: queue events carry no current time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from latchkey.web import log


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, for the log."""

    name: str
    reason: str | None = None
    practice: str | None = None


type Work = Callable[[str, int], Outcome]
"""Takes a message's body and the instant (Unix milliseconds)."""


def worker(work: Work) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """A Lambda handler for batches from SQS: a message that fails comes back alone, the others are done."""

    def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        instant = _instant(context)
        failures = []
        for record in event["Records"]:
            message: str = record["messageId"]
            try:
                outcome = work(record["body"], instant)
            except Exception as error:  # noqa: BLE001 - one message's trouble must not be the others'
                log.failed(error, message)
                failures.append({"itemIdentifier": message})
            else:
                log.worked(outcome.name, outcome.reason, outcome.practice, message)
        return {"batchItemFailures": failures}

    return handle


def listener(hear: Callable[[Mapping[str, Any], int], Outcome]) -> Callable[[Mapping[str, Any], Any], None]:
    """A Lambda handler for single events from elsewhere in AWS; one that fails is delivered again by Lambda."""

    def handle(event: Mapping[str, Any], context: LambdaContext) -> None:
        reference = str(event.get("id", ""))
        try:
            outcome = hear(event, _instant(context))
        except Exception as error:
            log.failed(error, reference)
            raise
        log.worked(outcome.name, outcome.reason, outcome.practice, reference)

    return handle


def _instant(context: LambdaContext) -> int:
    """Unix milliseconds; whoever invokes the function may say what time it is, as a local run does."""
    told = getattr(context, "client_context", None)
    custom = getattr(told, "custom", None) or {}
    return int(custom.get("now") or time.time_ns() // 1_000_000)
