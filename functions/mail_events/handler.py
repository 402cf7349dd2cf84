"""What became of a mail, as SES reports it: shown to the clinician, and heeded before the next one is sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from latchkey import tokens, web
from latchkey.rules.events import Event, Kind
from latchkey.rules.mails import FAULTS, Report, Status
from latchkey.store import accounts

STATUSES: dict[str, Status] = {
    "Delivery": "delivered",
    "DeliveryDelay": "delayed",
    "Bounce": "bounced",
    "Complaint": "complained",
    "Reject": "rejected",
}
"""SES's event types, and what a clinician reads."""


def work(event: Mapping[str, Any], instant: int) -> web.Outcome:
    """Note one report. Reports of mails that were not ours, or of a kind that says nothing, are passed over."""
    now = instant // 1000
    report = _read(event.get("detail") or {}, now)
    if report is None:
        return web.Outcome("passed_over")
    row = Event(report.practice, report.account, Kind.LINK_FAILED, instant, actor="system", reason=report.status)
    known = accounts.note_report(report, now, row if report.status in FAULTS else None)
    return web.Outcome(report.status if known else "passed_over", None, report.practice)


def _read(detail: Mapping[str, Any], now: int) -> Report | None:
    mail = detail.get("mail") or {}
    tags = mail.get("tags") or {}
    status = STATUSES.get(str(detail.get("eventType", "")))
    practice, account = (str((tags.get(name) or [""])[0]) for name in ("practice", "account"))
    key = tokens.decode(account)
    if status is None or not practice or not key:
        return None
    permanent = (detail.get("bounce") or {}).get("bounceType") == "Permanent"
    return Report(
        message=str(mail.get("messageId", "")),
        practice=practice,
        account=key,
        status=status,
        sent_at=_second(mail.get("timestamp"), now),
        stops=status == "complained" or (status == "bounced" and permanent),
    )


def _second(told: object, now: int) -> int:
    """A time of SES's as Unix seconds; `now`, where it tells none."""
    try:
        return int(datetime.fromisoformat(str(told)).timestamp())
    except ValueError:
        return now


handle = web.listener(work)
