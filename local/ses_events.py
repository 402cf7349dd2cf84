"""Replacement for SES and EventBridge. Sends events about a mail, such as a bounce, to the functions that
handle them.
"""

import asyncio
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
"""Name and details of each event in SES, by the name that a request uses."""

SIMULATOR = "simulator.amazonses.com"
SIMULATED = {"success": "delivery", "bounce": "bounce", "complaint": "complaint"}
"""Reports of SES's mailbox simulator, by mailbox without its label (SES developer guide)."""
SIMULATOR_SECONDS = 0.5
"""Time from the acceptance of a mail to its report."""


@dataclass(frozen=True, slots=True)
class SesEvents:
    """Sends SES events about mails in the mailbox."""

    mailbox: Mailbox
    listeners: tuple[Pool, ...]
    """The functions that the template's EventBridge rules invoke with SES events."""
    clock: Clock

    async def simulate(self, to: str) -> None:
        """Report a mail to SES's mailbox simulator as SES does. Do nothing for any other address."""
        mailbox, _, domain = to.partition("@")
        kind = SIMULATED.get(mailbox.partition("+")[0])
        if domain == SIMULATOR and kind:
            await asyncio.sleep(SIMULATOR_SECONDS)
            await self.report(to, kind)

    async def report(self, to: str, kind: str) -> bool:
        """Send an event about the last mail to an address. Return False if there is no such mail.

        :raises KeyError: `kind` is not in `KINDS`.
        """
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
