"""What SES has sent, as ministack keeps it."""

import re
import time
from dataclasses import dataclass
from typing import Any

from local.aws import Address
from rehearsal.people import send
from rehearsal.trouble import Trouble

PATIENCE_SECONDS = 60.0
LINK = re.compile(r"https://\S+/link/[\w-]+")


@dataclass(slots=True)
class Mailbox:
    """One person's mail."""

    account: Address
    owner: str
    read: int = 0

    def next_link(self) -> str:
        """The sign-in link of the next mail that holds one, as soon as it is there.

        :raises Trouble: none comes.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for mail in self.mails()[self.read :]:
                self.read += 1
                if found := LINK.search(mail["BodyText"]):
                    return found[0]
            time.sleep(0.1)
        raise Trouble(f"no mail with a sign-in link came within {PATIENCE_SECONDS:.0f} seconds")

    def mails(self) -> list[dict[str, Any]]:
        """All of it, oldest first."""
        told = send("GET", f"{self.account.endpoint}/_ministack/ses/messages").document["messages"]
        mails = [mail for sent in told.values() for mail in sent if self.owner in mail["To"]]
        return sorted(mails, key=lambda mail: float(mail["Timestamp"]))
