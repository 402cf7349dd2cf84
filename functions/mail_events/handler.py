"""Reports of SES about mails: they set the status that clinicians see, and suppress addresses."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from latchkey import web
from latchkey.rules.accounts import AccountKey
from latchkey.rules.events import Event, EventKind
from latchkey.rules.mail import FAILED_STATUSES, REQUESTED_AT_DIGITS, BounceReason, MailReport, MailStatus
from latchkey.rules.times import Millis
from latchkey.store import mail_status
from latchkey.store.practices import SLUG
from latchkey.tokens import ACCOUNT_BYTES, base64url_decode

STATUSES: dict[str, MailStatus] = {
    "Delivery": "delivered",
    "DeliveryDelay": "delayed",
    "Bounce": "bounced",
    "Complaint": "complained",
    "Reject": "rejected",
}
"""The mail status of each of SES's event types."""
BOUNCE_SUBTYPES: dict[str, BounceReason] = {
    "NoEmail": "unknown_mailbox",
    "MailboxFull": "mailbox_full",
    "MessageTooLarge": "refused",
    "ContentRejected": "refused",
    "AttachmentRejected": "refused",
    "Suppressed": "refused",
    "OnAccountSuppressionList": "refused",
}
"""The reason of each of SES's bounce subtypes that has only one."""
BOUNCE_CODES: dict[str, BounceReason] = {
    ".1.1": "unknown_mailbox",
    ".1.2": "unknown_mailbox",
    ".1.10": "unknown_mailbox",
    ".2.1": "unknown_mailbox",
    ".2.2": "mailbox_full",
}
"""The reason by a status code without its class."""
STATUS_CODE = re.compile(r"[245](\.\d{1,3}){2}")
MESSAGE = re.compile("[!-~]{1,256}")
"""Matches a message id of SES."""
SEQUENCE = re.compile(rf"\d{{{REQUESTED_AT_DIGITS}}}-[0-9a-f]{{1,64}}", re.ASCII)
"""Matches a `MailJob.sequence`, in the tag `job`."""


class Malformed(Exception):
    """The event has not the shape of a report. A retry would not help."""


def record_report(event: object, now_ms: Millis) -> web.JobResult:
    """Record one report. Ignore a report about a foreign mail, of an unused event type, or of an unknown shape."""
    now = now_ms // 1000
    try:
        report = parse_report(event, now)
    except Malformed:
        return web.JobResult("passed_over", "malformed")
    if report is None:
        return web.JobResult("passed_over")
    row = Event(
        report.practice, report.account_key, EventKind.LINK_FAILED, now_ms, actor="system", reason=report.status
    )
    is_applied = mail_status.apply_report(report, now, row if report.status in FAILED_STATUSES else None)
    return web.JobResult(report.status if is_applied else "passed_over", None, report.practice)


def parse_report(event: object, now: int) -> MailReport | None:
    """Return the report in an event, or None if it is about a foreign mail or of an unused event type.

    `now` (Unix seconds) replaces an unreadable time.

    :raises Malformed: the event has not the shape of a report.
    """
    detail = _object(_object(event).get("detail"))
    status = STATUSES.get(_text(detail.get("eventType")))
    mail = _object(detail.get("mail"))
    tags = _object(mail.get("tags"))
    if status is None or "practice" not in tags or "account" not in tags:
        return None
    practice, account_key, message_id = (
        _tag(tags["practice"]),
        base64url_decode(_tag(tags["account"])),
        _text(mail.get("messageId")),
    )
    sequence = _tag(tags["job"]) if "job" in tags else None
    if (
        not SLUG.fullmatch(practice)
        or not account_key
        or len(account_key) != ACCOUNT_BYTES
        or not MESSAGE.fullmatch(message_id)
        or (sequence is not None and not SEQUENCE.fullmatch(sequence))
    ):
        raise Malformed
    bounce = detail.get("bounce")
    permanent = isinstance(bounce, Mapping) and bounce.get("bounceType") == "Permanent"
    return MailReport(
        message_id=message_id,
        practice=practice,
        account_key=AccountKey(account_key),
        status=status,
        sent_at=_second(mail.get("timestamp"), now),
        suppresses=_suppresses(status, permanent=permanent),
        bounce_reason=_bounce_reason(status, bounce),
        sequence=sequence,
    )


def _bounce_reason(status: MailStatus, bounce: object) -> BounceReason | None:
    """Return the reason of a bounce or complaint, by SES's subtype or the mailbox's status code (RFC 3463)."""
    match status:
        case "complained":
            return "reported_as_spam"
        case "bounced":
            details = bounce if isinstance(bounce, Mapping) else {}
            subtype, code = str(details.get("bounceSubType", "")), _status_code(details.get("bouncedRecipients"))
            return BOUNCE_SUBTYPES.get(subtype) or BOUNCE_CODES.get(code[1:]) or ("refused" if code else "unknown")
        case "none" | "queued" | "sent" | "delayed" | "delivered" | "rejected":
            return None
        case _:
            assert_never(status)


def _status_code(recipients: object) -> str:
    """Return the status code of the only recipient, such as `5.1.1`, or an empty text."""
    first = recipients[0] if isinstance(recipients, list) and recipients else None
    code = first.get("status") if isinstance(first, Mapping) else None
    return code if isinstance(code, str) and STATUS_CODE.fullmatch(code) else ""


def _suppresses(status: MailStatus, *, permanent: bool) -> bool:
    match status:
        case "complained":
            return True
        case "bounced":
            return permanent
        case "none" | "queued" | "sent" | "delayed" | "delivered" | "rejected":
            return False
        case _:
            assert_never(status)


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise Malformed
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed
    return value


def _tag(value: object) -> str:
    """Return the value of a tag. SES gives every tag a list of values."""
    if not isinstance(value, list) or len(value) != 1:
        raise Malformed
    return _text(value[0])


def _second(value: object, now: int) -> int:
    """Return a time of SES as Unix seconds, or `now` if it is unreadable."""
    try:
        return int(datetime.fromisoformat(str(value)).timestamp())
    except (ValueError, OverflowError):
        return now


handle = web.eventbridge_handler(record_report)
