"""The log: an allow-list of facts, and the counts that alarms are about. No event, body, header, cookie, path, address or foreign message ever enters it."""

import traceback

from aws_lambda_powertools import Logger

from latchkey import metrics

_logger = Logger(service="latchkey", log_uncaught_exceptions=False)


def answered(status: int, **facts: str | None) -> None:
    """One line a request: `route` (the template's path, never the one that was asked for), `method`, `code`,
    `practice` and `request_id`."""
    _logger.info("answered", extra={"status": status, **facts, **metrics.embedded()})


def worked(outcome: str, reason: str | None, practice: str | None, reference: str) -> None:
    """One line a mail job."""
    facts = {"outcome": outcome, "reason": reason, "practice": practice, "message_id": reference}
    _logger.info("worked", extra=facts | metrics.embedded())


def failed(error: BaseException, reference: str) -> None:
    """A fault: its kind and where in the code it arose, without its words, which may quote what must not be kept."""
    frames = traceback.extract_tb(error.__traceback__)
    _logger.error(
        "failed",
        extra={
            "fault": type(error).__qualname__,
            "where": [f"{frame.name}:{frame.lineno}" for frame in frames[-6:]],
            "request_id": reference,
            **metrics.embedded(),
        },
    )
