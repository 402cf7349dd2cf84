"""Mail jobs: decisions to send, skip or retry a mail, and the status that clinicians see."""

from dataclasses import dataclass, field
from typing import Literal, assert_never, get_args

from latchkey.rules.accounts import Account, AccountKey
from latchkey.rules.languages import Language
from latchkey.rules.notices import ServiceNotice
from latchkey.rules.refusals import EmailUnknown, NoMailPossible, Refusal
from latchkey.rules.times import Millis

MAX_AGE_SECONDS = 6 * 3600
"""Seconds after which a job is skipped. The person no longer expects its link."""

MIN_RETRY_SECONDS, MAX_RETRY_SECONDS = 10, 600
"""Seconds between two tries. SES asks for 10 minutes at most."""

REQUESTED_AT_DIGITS = 15
"""Digits at the start of a job's sequence, which hold the time of the request in Unix milliseconds."""

type LinkMailKind = Literal["sign_in", "invitation"]
"""A mail with a link."""
type NoticeKind = Literal["pin_made", "address_changed", "waiting"]
"""A mail without a link that works once. It reports a change to the owner of an address."""
type MailKind = LinkMailKind | NoticeKind
"""The kind of a mail."""

LINK_MAILS: tuple[LinkMailKind, ...] = get_args(LinkMailKind.__value__)
NOTICE_MAILS: tuple[NoticeKind, ...] = get_args(NoticeKind.__value__)
MAIL_KINDS: tuple[MailKind, ...] = (*LINK_MAILS, *NOTICE_MAILS)

type ServiceNoticeKind = Literal["service_notice"]
SERVICE_NOTICE: ServiceNoticeKind = "service_notice"
"""The kind of a notice of another service, in audit events. It is no `MailKind`: it has a queue of its own."""

type MailStatus = Literal["none", "queued", "sent", "delayed", "delivered", "rejected", "bounced", "complained"]
"""The status of the newest mail."""

STATUS_ORDER: tuple[MailStatus, ...] = get_args(MailStatus.__value__)
"""The order of statuses. A status only moves forward in it, because reports arrive in any order."""

type EmailStatus = MailStatus | Literal["suppressed"]
"""The status that clinicians see. "suppressed" means that no mail goes to the address."""

EMAIL_STATUSES: tuple[EmailStatus, ...] = (*STATUS_ORDER, "suppressed")

type BounceReason = Literal["unknown_mailbox", "mailbox_full", "refused", "reported_as_spam", "unknown"]
"""The reason why a mail came back, or was reported (B158)."""

BOUNCE_REASONS: tuple[BounceReason, ...] = get_args(BounceReason.__value__)

FAILED_STATUSES: tuple[MailStatus, ...] = ("rejected", "bounced", "complained")
REPORTED_STATUSES: tuple[MailStatus, ...] = ("delivered", "bounced", "complained")
"""Statuses that only a report sets. The mail's own job cannot replace them when SQS delivers it again."""

type SkipReason = Literal["no_access", "no_consent", "suppressed", "late", "superseded"]
"""The reason why a job's mail is not sent."""


@dataclass(frozen=True, slots=True)
class MailJob:
    """One queued request to send a mail. It holds no address and no secret."""

    practice: str
    account_key: AccountKey
    job_id: bytes
    """Random bytes. The link's token is computed from them and the link key."""
    epoch: int
    """The account's epoch at the request. No link is sent if the account has a newer epoch."""
    kind: MailKind
    requested_at_ms: Millis
    """Unix milliseconds."""
    origin: str
    """`https://host` of the portal."""
    subject: str | None = field(default=None, repr=False)
    """A clinician's own subject for this one mail."""
    message: str | None = field(default=None, repr=False)
    """A clinician's own text for this one mail."""
    items: tuple[str, ...] = field(default=(), repr=False)
    """The titles of items that are shared with an invitation."""
    language: Language | None = None
    """The language of the page on which a link was requested (B135). None for a letter that no page requested."""
    to: str | None = None
    """The path below the practice that the person comes back to after signing in (B182)."""

    @property
    def sequence(self) -> str:
        """A text that sorts jobs by the time of their request, then by id. No two jobs have the same."""
        return f"{self.requested_at_ms:0{REQUESTED_AT_DIGITS}d}-{self.job_id.hex()}"

    @property
    def has_link(self) -> bool:
        """True if the mail carries a link, False if it is a notice."""
        match self.kind:
            case "sign_in" | "invitation":
                return True
            case "pin_made" | "address_changed" | "waiting":
                return False
            case _:
                assert_never(self.kind)

    @property
    def needs_access(self) -> bool:
        """True if the mail is only for a person who may sign in."""
        return self.has_link or self.kind == "waiting"


@dataclass(frozen=True, slots=True)
class SampleJob:
    """One queued request to send a member a sample of a letter. It holds no address."""

    practice: str
    subject: str
    """The `sub` of the member who asked. Only they get the letter."""
    job_id: bytes
    """Random bytes."""
    letter: LinkMailKind
    language: Language
    requested_at_ms: Millis
    """Unix milliseconds."""
    origin: str
    """`https://host` of the portal."""
    wording: tuple[str, str, str] | None = field(default=None, repr=False)
    """Greeting, body and footer that are not saved yet. None for the practice's saved wording."""


@dataclass(frozen=True, slots=True)
class MailReport:
    """A report of SES about one mail."""

    message_id: str
    """SES's id of the mail."""
    practice: str
    account_key: AccountKey
    status: MailStatus
    sent_at: int
    """Unix seconds at which the mail was sent."""
    suppresses: bool
    """True for a hard bounce or a complaint: no mail goes to the address until a clinician confirms it."""
    bounce_reason: BounceReason | None = None
    """The reason of a bounce or complaint. None for every other report."""
    sequence: str | None = None
    """`MailJob.sequence` of the mail. None for a notice, and for a mail of an earlier version."""


def status_of_skipped(reason: SkipReason) -> Literal["suppressed", "rejected"] | None:
    """Return the status that a clinician sees for a skipped mail. None leaves the status as it is."""
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
    """Return the reason not to send this mail, or None if it may be sent. `now` is Unix seconds."""
    if account is None:
        return "no_access"
    if job.needs_access and (not account.may_sign_in or account.epoch != job.epoch):
        return "no_access"
    if not account.email_ok:
        return "no_consent"
    if account.suppressed:
        return "suppressed"
    if is_late(job, now):
        return "late"
    return None


def skip_reason_of_notice(notice: ServiceNotice, account: Account, now: int) -> SkipReason | None:
    """Return the reason not to send a service's notice, or None if it may be sent. `now` is Unix seconds."""
    if not account.may_sign_in:
        return "no_access"
    if not account.email_ok:
        return "no_consent"
    if account.suppressed:
        return "suppressed"
    return "late" if is_late(notice, now) else None


def refusal_of_link(account: Account | None) -> Refusal | None:
    """Return the refusal of a link by mail to this account's address, or None if a link can be sent."""
    if account is None or not account.may_sign_in:
        return EmailUnknown()
    if not account.can_receive_mail:
        return NoMailPossible()
    return None


def is_late(job: MailJob | SampleJob | ServiceNotice, now: int) -> bool:
    """Return True if the mail was requested `MAX_AGE_SECONDS` ago or earlier. `now` is Unix seconds."""
    return job.requested_at_ms // 1000 + MAX_AGE_SECONDS <= now


def retry_delay(job: MailJob | SampleJob | ServiceNotice, now: int, *, sending_paused: bool) -> int:
    """Return the longest delay before the next try, in seconds: half the job's age, from 10 to 600.

    Return 600 while SES has paused sending.
    """
    half_age = max(MIN_RETRY_SECONDS, (now - job.requested_at_ms // 1000) // 2)
    return MAX_RETRY_SECONDS if sending_paused else min(half_age, MAX_RETRY_SECONDS)


def sent_is_in_audit(account: Account) -> bool:
    """Return True if the status `sent` of the account's next mail is only in the audit event (docs/decisions/0036).

    This saves a write after a delivered mail. After any other mail the account gets the status too, because rules and
    clinicians decide by it.
    """
    return account.email_status == "delivered" and account.mail_sequence is not None


def statuses_before(status: MailStatus) -> tuple[MailStatus, ...]:
    """Return the statuses that a report of `status` may replace."""
    return STATUS_ORDER[: STATUS_ORDER.index(status)]
