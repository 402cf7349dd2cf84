"""The log: lines with listed fields only, and the counts for alarms.

A line never contains an event, body, header, cookie, path, address or foreign message.
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping

from latchkey import metrics

# No line names a place in the code, a thread or a process. Finding them takes as long as writing the line.
# https://docs.python.org/3/howto/logging.html#optimization
logging._srcfile = None  # noqa: SLF001 - as the documentation says
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
logging.logAsyncioTasks = False  # type: ignore[attr-defined] # typeshed lacks it


class _Line(logging.Formatter):
    """A formatter that writes one JSON object, with level and time in the fields that Lambda reads."""

    converter = staticmethod(time.gmtime)
    default_time_format, default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname, "message": record.msg, "timestamp": self.formatTime(record)}
        return json.dumps(line | vars(record)["facts"])


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
    """Write the line of a request.

    `facts` are `route` (the template's path, never the requested one), `method`, `code`, `reason`, `practice`,
    `request_id` and `support_code`.
    """
    _write(logging.INFO, "answered", {"status": status, **facts})


def log_job(outcome: str, reason: str | None, practice: str | None, message_id: str) -> None:
    """Write the line of a mail job or a mail event."""
    facts = {"outcome": outcome, "reason": reason, "practice": practice, "message_id": message_id}
    _write(logging.INFO, "worked", facts)


def log_fault(error: BaseException, support_code: str) -> None:
    """Write the line of a fault: its type and its place in the code.

    The error's message is left out, because it may quote personal data.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.name}:{frame.lineno}" for frame in frames[-6:]]
    metrics.count(metrics.Metric.FAULT)
    _write(logging.ERROR, "failed", {"fault": type(error).__qualname__, "where": where, "support_code": support_code})


def _write(level: int, message: str, facts: Mapping[str, object]) -> None:
    _logger.log(level, message, extra={"facts": {**facts, **metrics.emf_fields()}})
