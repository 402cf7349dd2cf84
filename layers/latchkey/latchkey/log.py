"""The log: an allow-list of facts, and the counts that alarms are about.

No event, body, header, cookie, path, address or foreign message ever enters it.
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping

from latchkey import metrics


class _Line(logging.Formatter):
    """One JSON object, with level and time as Lambda looks for them."""

    converter = staticmethod(time.gmtime)
    default_time_format, default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        told = {"level": record.levelname, "message": record.msg, "timestamp": self.formatTime(record)}
        return json.dumps(told | vars(record)["facts"])


def _log() -> logging.Logger:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Line())
    log = logging.getLogger("latchkey")
    log.addHandler(handler)
    log.propagate = False
    log.setLevel(logging.INFO)
    return log


_logger = _log()


def log_request(status: int, **facts: str | None) -> None:
    """One line a request: `route` (the template's path, never the one that was asked for), `method`, `code`, `reason`,
    `practice` and `request_id`."""
    _write(logging.INFO, "answered", {"status": status, **facts})


def log_job(outcome: str, reason: str | None, practice: str | None, message_id: str) -> None:
    """One line a mail job."""
    facts = {"outcome": outcome, "reason": reason, "practice": practice, "message_id": message_id}
    _write(logging.INFO, "worked", facts)


def log_fault(error: BaseException, support_code: str) -> None:
    """A fault: its kind and where in the code it arose, without its words, which may quote what must not be kept."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.name}:{frame.lineno}" for frame in frames[-6:]]
    metrics.count(metrics.Metric.FAULT)
    _write(logging.ERROR, "failed", {"fault": type(error).__qualname__, "where": where, "request_id": support_code})


def _write(level: int, message: str, facts: Mapping[str, object]) -> None:
    _logger.log(level, message, extra={"facts": {**facts, **metrics.emf_fields()}})
