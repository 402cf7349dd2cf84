"""The worker of webhooks: one signed POST for each delivery that is due, and its result in the log."""

import time
from dataclasses import replace

from latchkey import settings, tokens, web
from latchkey.rules.times import Millis
from latchkey.rules.webhooks import GONE, Delivery, Webhook, retry_delay
from latchkey.store import webhooks
from latchkey.webhooks import connections, queue
from latchkey.webhooks.connections import NotDelivered

OK = range(200, 300)


def deliver(body: str, now_ms: Millis) -> web.JobResult:
    """Try a delivery, or queue it again if it is not due yet.

    :raises ValueError: the message holds no delivery.
    """
    job, now = queue.parse(body), now_ms // 1000
    delivery = webhooks.find_delivery(job.practice, job.webhook, job.event)
    if delivery is None or delivery.is_done:
        return web.JobResult("passed_over", None, job.practice)
    if delivery.next_at is not None and now < delivery.next_at:
        queue.send(job, delivery.next_at - now)
        return web.JobResult("waiting", None, job.practice)
    webhook = webhooks.find(job.practice, job.webhook)
    if webhook is None or webhook.disabled_at is not None:
        return _record(replace(delivery, status="failed", next_at=None, last_result="webhook_gone"))
    result = _try(webhook, delivery, now)
    tried = replace(delivery, tries=delivery.tries + 1, last_at=now, last_result=result)
    if result.isdecimal() and int(result) in OK:
        return _record(replace(tried, status="delivered", next_at=None))
    if result == str(GONE):
        webhooks.disable(webhook, now)
        return _record(replace(tried, status="failed", next_at=None))
    delay = retry_delay(tried.tries, tokens.jitter(100))
    if delay is None:
        return _record(replace(tried, status="failed", next_at=None))
    # First the row, then the message. If the message cannot be queued, SQS delivers this one again, and the row says
    # when the next try is due.
    recorded = _record(replace(tried, status="retrying", next_at=now + delay))
    queue.send(job, delay)
    return recorded


def requeue(body: str, now_ms: Millis, error: web.RetryLater) -> web.JobResult:  # noqa: ARG001 - as every queue's
    """Queue a delivery again that this invocation has no time for.

    :raises ValueError: the message holds no delivery.
    """
    job = queue.parse(body)
    queue.send(job, 1)
    return web.JobResult("waiting", error.reason, job.practice)


def _try(webhook: Webhook, delivery: Delivery, now: int) -> str:
    """Return the HTTP status of the answer in digits, or the reason why there is no answer."""
    # The receiver compares the time with its own clock. A local run may have moved the service's.
    timestamp = int(time.time())
    signatures = [
        tokens.webhook_signature(secret, delivery.event, timestamp, delivery.body) for secret in webhook.secrets(now)
    ]
    headers = {
        "content-type": "application/json",
        "user-agent": "latchkey-webhooks/1",
        "webhook-id": delivery.event,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
    try:
        allows_loopback = settings.load().webhook_loopback
        return str(connections.send(webhook.url, headers, delivery.body.encode(), allows_loopback=allows_loopback))
    except NotDelivered as reason:
        return str(reason)


def _record(delivery: Delivery) -> web.JobResult:
    webhooks.update_delivery(delivery)
    return web.JobResult(delivery.status, delivery.last_result, delivery.practice)


handle = web.sqs_handler(deliver, requeue)
