"""The worker of imports: puts the rows of a file on file, and sends their invitations at the practice's pace."""

from latchkey import log, web
from latchkey.rules.refusals import Unavailable
from latchkey.rules.times import Millis
from latchkey.store.dynamodb import OUTAGES
from latchkey.usecases import import_queue, import_work

OUTAGE_SECONDS = 30
"""Delay of an import after an outage."""


def continue_import(body: str, now_ms: Millis) -> web.JobResult:
    """Work on an import, and queue it again if it is not done.

    :raises ValueError: the message names no import.
    """
    job = import_queue.parse(body)
    try:
        result = import_work.work(job.practice, job.import_id, now_ms)
    except (Unavailable, *OUTAGES) as outage:
        log.log_fault(outage, job.import_id)
        raise web.RetryLater("outage") from None
    if result.delay is not None:
        import_queue.send(job, result.delay)
    return web.JobResult(result.name, None, job.practice)


def requeue(body: str, now_ms: Millis, error: web.RetryLater) -> web.JobResult:  # noqa: ARG001 - as every queue's
    """Queue an import again that this invocation has no time for.

    :raises ValueError: the message names no import.
    """
    job = import_queue.parse(body)
    import_queue.send(job, OUTAGE_SECONDS if error.reason == "outage" else 1)
    return web.JobResult("waiting", error.reason, job.practice)


handle = web.sqs_handler(continue_import, requeue)
