"""What becomes of a mail, as a clinician sees it."""

from dataclasses import dataclass
from typing import Literal

type Status = Literal["none", "queued", "sent", "delayed", "delivered", "rejected", "bounced", "complained"]

ORDER: tuple[Status, ...] = ("none", "queued", "sent", "delayed", "delivered", "rejected", "bounced", "complained")
"""A status only ever moves on from here to there, in whatever order reports arrive."""

FAULTS: tuple[Status, ...] = ("rejected", "bounced", "complained")


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail system says of one mail."""

    message: str
    """SES's id of the mail."""
    practice: str
    account: bytes
    status: Status
    sent_at: int
    """Unix seconds at which the mail was sent."""
    stops: bool
    """No more mail goes to this address until a clinician confirms it: it does not exist, or its owner complained."""


def earlier(status: Status) -> tuple[Status, ...]:
    """The statuses that a report of `status` may take the place of."""
    return ORDER[: ORDER.index(status)]
