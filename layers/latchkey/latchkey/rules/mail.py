"""Mail jobs: which mail is sent, skipped or tried again, and what a clinician sees of it."""

from dataclasses import dataclass, field
from typing import Literal, assert_never, get_args

from latchkey.rules.accounts import Account
from latchkey.rules.refusals import EmailUnknown, NoMailPossible, Refusal

MAX_AGE_SECONDS = 6 * 3600
"""A job that waited longer than this is skipped: its link would come as a surprise."""

MIN_RETRY_SECONDS, MAX_RETRY_SECONDS = 10, 600
"""Between two tries; SES asks for 10 minutes at most."""

type LinkMailKind = Literal["sign_in", "invitation"]
"""Mails that carry a link."""
type NoticeKind = Literal["pin_made", "address_changed"]
"""Mails without a link, which tell the owner of an address what was done."""
type MailKind = LinkMailKind | NoticeKind

LINK_MAILS: tuple[LinkMailKind, ...] = get_args(LinkMailKind.__value__)
NOTICE_MAILS: tuple[NoticeKind, ...] = get_args(NoticeKind.__value__)
MAIL_KINDS: tuple[MailKind, ...] = (*LINK_MAILS, *NOTICE_MAILS)

type MailStatus = Literal["none", "queued", "sent", "delayed", "delivered", "rejected", "bounced", "complained"]
"""What became of the newest mail."""

STATUS_ORDER: tuple[MailStatus, ...] = get_args(MailStatus.__value__)
"""A status only moves forward in this order, whatever the order in which reports arrive."""

type EmailStatus = MailStatus | Literal["suppressed"]
"""The status that clinicians see. "suppressed" says that no mail goes to the address."""

EMAIL_STATUSES: tuple[EmailStatus, ...] = (*STATUS_ORDER, "suppressed")

FAILED_STATUSES: tuple[MailStatus, ...] = ("rejected", "bounced", "complained")

type SkipReason = Literal["no_access", "no_consent", "suppressed", "late", "superseded"]
"""Why a job's mail is not sent."""


@dataclass(frozen=True, slots=True)
class MailJob:
    """One queued request to send a mail. It holds no address and no secret."""

    practice: str
    account_key: bytes
    job_id: bytes
    """Random bytes. With the link key they give the token of the link."""
    epoch: int
    """The account's epoch at the request. A job with an older epoch sends no link."""
    kind: MailKind
    requested_at_ms: int
    """Unix milliseconds."""
    origin: str
    """`https://host` of the portal."""
    subject: str | None = field(default=None, repr=False)
    """A clinician's own subject for this one mail."""
    message: str | None = field(default=None, repr=False)
    items: tuple[str, ...] = field(default=(), repr=False)
    """What is shared along with an invitation."""

    @property
    def sequence(self) -> str:
        """Sorts jobs by the time of their request, then by id, so that no two are equal."""
        return f"{self.requested_at_ms:015d}-{self.job_id.hex()}"

    @property
    def has_link(self) -> bool:
        """True if the mail carries a link, False if it is a notice."""
        match self.kind:
            case "sign_in" | "invitation":
                return True
            case "pin_made" | "address_changed":
                return False
            case _:
                assert_never(self.kind)


@dataclass(frozen=True, slots=True)
class MailReport:
    """What SES reports about one mail."""

    message_id: str
    """SES's id of the mail."""
    practice: str
    account_key: bytes
    status: MailStatus
    sent_at: int
    """Unix seconds at which the mail was sent."""
    suppresses: bool
    """True for a hard bounce or a complaint: no mail goes to the address until a clinician confirms it."""


def status_of_skipped(reason: SkipReason) -> Literal["suppressed", "rejected"] | None:
    """Return the status that a clinician sees for a skipped mail; None if the account's status says it already."""
    match reason:
        case "no_consent" | "suppressed":
            return "suppressed"
        case "late":
            return "rejected"
        case "no_access" | "superseded":
            return None
        case _:
            assert_never(reason)


def skip_reason(job: MailJob, account: Account | None, now: int) -> SkipReason | None:
    """Return why this mail must not be sent, or None if it may be. `now` is Unix seconds."""
    if account is None:
        return "no_access"
    if job.has_link and (not account.may_sign_in or account.epoch != job.epoch):
        return "no_access"
    if not account.email_ok:
        return "no_consent"
    if account.suppressed:
        return "suppressed"
    if job.requested_at_ms // 1000 + MAX_AGE_SECONDS <= now:
        return "late"
    return None


def refusal_of_link(account: Account | None) -> Refusal | None:
    """Return why no link can be mailed to the address of this account; None if one can."""
    if account is None or not account.may_sign_in:
        return EmailUnknown()
    if not account.can_receive_mail:
        return NoMailPossible()
    return None


def retry_delay(job: MailJob, now: int, *, sending_paused: bool) -> int:
    """Return the longest delay before the next try, in seconds: half the job's age, from 10 to 600.

    Return 600 while SES has paused sending.
    """
    half_age = max(MIN_RETRY_SECONDS, (now - job.requested_at_ms // 1000) // 2)
    return MAX_RETRY_SECONDS if sending_paused else min(half_age, MAX_RETRY_SECONDS)


def statuses_before(status: MailStatus) -> tuple[MailStatus, ...]:
    """Return the statuses that a report of `status` may replace."""
    return STATUS_ORDER[: STATUS_ORDER.index(status)]
