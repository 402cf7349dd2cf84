"""Mail that SES has sent, read from ministack."""

import re
import time
from dataclasses import dataclass
from typing import Any

from local.aws import Address
from tools.rehearsal.errors import RehearsalError
from tools.rehearsal.users import send

TIMEOUT_SECONDS = 60.0
LINK = re.compile(r"https://\S+/link/[\w-]+")


@dataclass(slots=True)
class Inbox:
    """The mail of one address."""

    account: Address
    owner: str
    read: int = 0
    """Number of mails that were read."""

    def next_link(self) -> str:
        """Wait for the next mail with a sign-in link, and return the link.

        :raises RehearsalError: no such mail comes in time.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            for mail in self.mails()[self.read :]:
                self.read += 1
                if link := LINK.search(mail["BodyText"]):
                    return link[0]
            time.sleep(0.1)
        raise RehearsalError(f"no mail with a sign-in link came within {TIMEOUT_SECONDS:.0f} seconds")

    def wait_for(self, subject: str) -> str:
        """Wait for a mail with this subject, and return its text.

        :raises RehearsalError: it does not come in time.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            for mail in self.mails():
                if mail["Subject"] == subject:
                    return str(mail["BodyText"])
            time.sleep(0.1)
        raise RehearsalError(f"no mail with the subject {subject} came within {TIMEOUT_SECONDS:.0f} seconds")

    def mails(self) -> list[dict[str, Any]]:
        """Return all mails, oldest first."""
        messages = send("GET", f"{self.account.endpoint}/_ministack/ses/messages").document["messages"]
        mails = [mail for batch in messages.values() for mail in batch if self.owner in mail["To"]]
        return sorted(mails, key=lambda mail: float(mail["Timestamp"]))
