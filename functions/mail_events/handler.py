"""What became of a mail, as SES reports it: shown to the clinician, and heeded before the next one is sent."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from latchkey import web
from latchkey.rules.events import Event, EventKind
from latchkey.rules.mail import FAILED_STATUSES, MailReport, MailStatus
from latchkey.store import accounts
from latchkey.store.practices import SLUG
from latchkey.tokens import ACCOUNT_BYTES, base64url_decode

STATUSES: dict[str, MailStatus] = {
    "Delivery": "delivered",
    "DeliveryDelay": "delayed",
    "Bounce": "bounced",
    "Complaint": "complained",
    "Reject": "rejected",
}
"""SES's event types, and what a clinician reads."""
MESSAGE = re.compile("[!-~]{1,256}")
"""An id of SES's."""


class Malformed(Exception):
    """A report that has not the shape of one. It would not have it the next time either."""


def record_report(event: object, now_ms: int) -> web.JobResult:
    """Note one report. Reports of mails that were not ours, of a kind that says nothing, or of another shape than SES
    gives them are passed over."""
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
    known = accounts.apply_report(report, now, row if report.status in FAILED_STATUSES else None)
    return web.JobResult(report.status if known else "passed_over", None, report.practice)


def parse_report(event: object, now: int) -> MailReport | None:
    """The report in an event; None for one that is no concern of ours.

    :raises Malformed: it holds none.
    """
    detail = _object(_object(event).get("detail"))
    status = STATUSES.get(_text(detail.get("eventType")))
    mail = _object(detail.get("mail"))
    tags = _object(mail.get("tags"))
    if status is None or "practice" not in tags or "account" not in tags:
        return None
    practice, account, message = (
        _tag(tags["practice"]),
        base64url_decode(_tag(tags["account"])),
        _text(mail.get("messageId")),
    )
    if not SLUG.fullmatch(practice) or not account or len(account) != ACCOUNT_BYTES or not MESSAGE.fullmatch(message):
        raise Malformed
    bounce = detail.get("bounce")
    permanent = isinstance(bounce, Mapping) and bounce.get("bounceType") == "Permanent"
    return MailReport(
        message_id=message,
        practice=practice,
        account_key=account,
        status=status,
        sent_at=_second(mail.get("timestamp"), now),
        suppresses=_stops(status, permanent=permanent),
    )


def _stops(status: MailStatus, *, permanent: bool) -> bool:
    match status:
        case "complained":
            return True
        case "bounced":
            return permanent
        case "none" | "queued" | "sent" | "delayed" | "delivered" | "rejected":
            return False
        case _:
            assert_never(status)


def _object(told: object) -> Mapping[str, object]:
    if not isinstance(told, Mapping):
        raise Malformed
    return told


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise Malformed
    return told


def _tag(told: object) -> str:
    """SES gives every tag a list of values."""
    if not isinstance(told, list) or len(told) != 1:
        raise Malformed
    return _text(told[0])


def _second(told: object, now: int) -> int:
    """A time of SES's as Unix seconds; `now`, where it tells none."""
    try:
        return int(datetime.fromisoformat(str(told)).timestamp())
    except (ValueError, OverflowError):
        return now


handle = web.eventbridge_handler(record_report)
