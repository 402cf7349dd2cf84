"""A promise to mail someone a link, as it waits in the queue: no address, and nothing that signs in."""

from dataclasses import dataclass, field
from typing import Literal, assert_never

from latchkey.rules.accounts import Account

KEEP_SECONDS = 6 * 3600
"""How long a promise is worth keeping while mail cannot be sent."""

SHORTEST_WAIT, LONGEST_WAIT = 10, 600
"""Seconds between two tries; SES asks for 10 minutes at most."""

type Kind = Literal["sign_in", "invitation", "pin_made", "address_changed"]
"""The first two carry a link; the others tell the owner of an address that something was done."""

KINDS: tuple[Kind, ...] = ("sign_in", "invitation", "pin_made", "address_changed")

type Reason = Literal["no_access", "no_consent", "suppressed", "late", "superseded"]
"""Why a promise is not kept."""


@dataclass(frozen=True, slots=True)
class Job:
    """One mail to send."""

    practice: str
    account: bytes
    request: bytes
    """Names the request; with the key in the worker's hands it becomes the link."""
    epoch: int
    """The account's when it was asked for; a promise from before a disable is void."""
    kind: Kind
    asked_at: int
    """Unix milliseconds; with `request` it orders the links of an account."""
    origin: str
    """`https://host` of the portal."""
    subject: str | None = field(default=None, repr=False)
    """A clinician's own, for this one mail."""
    message: str | None = field(default=None, repr=False)
    items: tuple[str, ...] = field(default=(), repr=False)
    """What is shared along with an invitation."""

    @property
    def sequence(self) -> str:
        """Sorts as the requests were made: time, then request id, so that no two are equal."""
        return f"{self.asked_at:015d}-{self.request.hex()}"

    @property
    def has_link(self) -> bool:
        """Whether its letter carries a link, or only says what was done."""
        match self.kind:
            case "sign_in" | "invitation":
                return True
            case "pin_made" | "address_changed":
                return False
            case _:
                assert_never(self.kind)


def shown(reason: Reason) -> Literal["suppressed", "rejected"] | None:
    """What a clinician sees as the status of a mail that is not sent; None where the account says it already."""
    match reason:
        case "no_consent" | "suppressed":
            return "suppressed"
        case "late":
            return "rejected"
        case "no_access" | "superseded":
            return None
        case _:
            assert_never(reason)


def void(job: Job, account: Account | None, now: int) -> Reason | None:
    """Why a promise is not to be kept, or None. `now` is Unix seconds."""
    if account is None:
        return "no_access"
    if job.has_link and (not account.may_sign_in or account.epoch != job.epoch):
        return "no_access"
    if not account.email_ok:
        return "no_consent"
    if account.suppressed:
        return "suppressed"
    if job.asked_at // 1000 + KEEP_SECONDS <= now:
        return "late"
    return None


def wait(job: Job, now: int, *, closed: bool) -> int:
    """The longest that a promise waits for its next try (seconds): half of how long it has waited by then, so that
    tries get rarer and nobody waits much longer than they had to; the longest of all where mail is `closed`."""
    grown = max(SHORTEST_WAIT, (now - job.asked_at // 1000) // 2)
    return LONGEST_WAIT if closed else min(grown, LONGEST_WAIT)
