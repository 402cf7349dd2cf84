"""What SES would report of a mail, and EventBridge would bring to the function that listens for it."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from local.clock import Clock, rfc3339
from local.mailbox import Mailbox
from local.runtime import Pool

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "delivery": ("Delivery", {"delivery": {}}),
    "bounce": ("Bounce", {"bounce": {"bounceType": "Permanent", "bounceSubType": "General"}}),
    "complaint": ("Complaint", {"complaint": {"complaintFeedbackType": "abuse"}}),
    "delay": ("DeliveryDelay", {"deliveryDelay": {"delayType": "MailboxFull"}}),
    "reject": ("Reject", {"reject": {"reason": "Bad content"}}),
}
"""What can be asked for, and SES's name and details of it."""


@dataclass(frozen=True, slots=True)
class SesEvents:
    """Makes up reports of mails that were sent."""

    mailbox: Mailbox
    listeners: tuple[Pool, ...]
    """The functions that the template's rules bring SES's events to."""
    clock: Clock

    async def report(self, to: str, kind: str) -> bool:
        """Report the last mail to an address; False if there is none. Raises KeyError for a kind that is none."""
        name, details = KINDS[kind]
        mails = self.mailbox.mails(to)
        if not mails:
            return False
        mail = mails[0]
        tags = {tag: [value] for tag, value in mail["tags"].items()}
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": f"Email {name}",
            "source": "aws.ses",
            "time": rfc3339(self.clock.now()),
            "detail": {
                "eventType": name,
                "mail": {
                    "timestamp": mail["sent_at"],
                    "messageId": mail["id"],
                    "destination": [mail["to"]],
                    "tags": tags | {"ses:configuration-set": [mail["configuration_set"]]},
                },
                **details,
            },
        }
        context = json.dumps({"custom": {"now": str(self.clock.now_ms())}})
        for listener in self.listeners:
            await listener.invoke(json.dumps(event).encode(), context)
        return True
