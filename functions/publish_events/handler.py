"""Events for other systems: from the audit table's stream to the event bus, and to the webhooks of the practice.

The stream repeats what failed, so an event can be published twice, each time with the same id.
"""

import json
from collections.abc import Mapping
from typing import Any

from latchkey import web
from latchkey.http.responses import rfc3339
from latchkey.rules import published
from latchkey.rules.accounts import AccountKey
from latchkey.rules.events import EventKind
from latchkey.rules.published import AuditRow
from latchkey.rules.times import Millis
from latchkey.rules.webhooks import Delivery
from latchkey.store import accounts, webhooks
from latchkey.tokens import base64url_decode
from latchkey.webhooks import event_bus, queue
from latchkey.webhooks.queue import Job


def publish(record: Mapping[str, Any], now_ms: Millis) -> web.JobResult:
    """Publish the event of one record of the stream, if it has one.

    :raises event_bus.NotPublished: the event bus refused it.
    """
    row = parse_row(record)
    if row is None:
        return web.JobResult("passed_over")
    account = accounts.find_ids(AccountKey(row.subject_key)) if published.needs_account(row) else None
    event = published.event_of(row, account)
    if event is None:
        return web.JobResult("passed_over", None, row.practice)
    document = published.document(event, rfc3339(event.at_ms // 1000))
    event_bus.put(event, document)
    text = json.dumps(document, separators=(",", ":"))
    for webhook in webhooks.all_of(event.practice):
        if event.kind in webhook.kinds and webhook.disabled_at is None:
            webhooks.add_delivery(Delivery(event.practice, webhook.id, event.id, event.kind, text, now_ms // 1000))
            queue.send(Job(event.practice, webhook.id, event.id))
    return web.JobResult("published", event.kind, event.practice)


def parse_row(record: Mapping[str, Any]) -> AuditRow | None:
    """Return the audit row in a record of the stream, or None if the record is not about a new row."""
    image = record["dynamodb"].get("NewImage")
    if record["eventName"] != "INSERT" or not image:
        return None
    practice, _, subject = image["subject"]["S"].rpartition("#")
    return AuditRow(
        image["id"]["S"],
        practice,
        base64url_decode(subject) or b"",
        EventKind(image["kind"]["S"]),
        Millis(int(image["at"]["N"])),
        image.get("reason", {}).get("S"),
    )


handle = web.stream_handler(publish)
