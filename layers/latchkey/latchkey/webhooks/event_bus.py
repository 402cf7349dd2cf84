"""The event bus of the stack, from which rules pass events to other stacks."""

import json
from collections.abc import Mapping

from latchkey import aws, settings
from latchkey.rules.published import PublishedEvent

SOURCE = "latchkey"
"""The `source` of the events on the bus."""


class NotPublished(Exception):
    """The event bus refused an event. The stream delivers its row again."""


def put(event: PublishedEvent, document: Mapping[str, object]) -> None:
    """Put an event on the bus, with its document.

    :raises NotPublished: the event bus refused it.
    :raises BotoCoreError: the event bus does not answer.
    :raises ClientError: the event bus answers with an error.
    """
    entry = {
        "EventBusName": settings.load().event_bus,
        "Source": SOURCE,
        "DetailType": event.kind,
        # a receiver recognizes a repetition by the id
        "Detail": json.dumps({"id": event.id, **document}, separators=(",", ":")),
    }
    if aws.call("events", "PutEvents", Entries=[entry])["FailedEntryCount"]:
        raise NotPublished
