"""What is counted for alarms and the dashboard. Counts leave in the log's own lines, in CloudWatch's embedded metric
format: no call, no waiting, and each count beside what it is about."""

import time
from collections import Counter
from enum import StrEnum

from latchkey import settings

NAMESPACE = "Latchkey"
"""Their one dimension is the stage: practices would make a metric each, and no metric may name a person."""


class Metric(StrEnum):
    """Names in CloudWatch; alarms are about them."""

    MAIL_QUEUED = "Asked"
    """A mail was promised."""
    SENT = "Sent"
    MAIL_DEFERRED = "MailWaiting"
    """SES does not take it now."""
    MAIL_REJECTED = "MailRefused"
    """SES will never take it."""
    MAIL_SKIPPED = "MailDropped"
    """It was overtaken by a newer one, or by the end of the access."""
    DELIVERED = "Delivered"
    DELAYED = "Delayed"
    BOUNCED = "Bounced"
    COMPLAINED = "Complained"
    LINK_ACCEPTED = "Opened"
    PIN_CREATED = "PinMade"
    PIN_ACCEPTED = "PinAccepted"
    PIN_REFUSED = "PinRefused"
    PIN_LOCKED = "PinLocked"
    PIN_GUESSING = "PinPressure"
    """A wrong PIN at a practice that has had many within the hour."""
    GOOGLE_ACCEPTED = "GoogleAccepted"
    GOOGLE_REFUSED = "GoogleRefused"
    RATE_LIMITED = "Waiting"
    """Someone tried too often."""
    REFUSED = "Refused"
    """Any no to a request; also by its code, as in `Refused.link_used`."""
    SECRETS_UNREADABLE = "SecretsUnreadable"
    FAULT = "Failed"
    """A fault of ours, or of what we need, was written to the log."""


_BY_CODE = {
    "pin_refused": (Metric.PIN_REFUSED,),
    "pin_locked": (Metric.PIN_LOCKED, Metric.RATE_LIMITED),
    "google_refused": (Metric.GOOGLE_REFUSED,),
    "wait": (Metric.RATE_LIMITED,),
}

_counted: Counter[str] = Counter()


def count(*metrics: Metric) -> None:
    """Count once more, in the next line that is written."""
    _counted.update(metrics)


def count_refusal(code: str) -> None:
    """Count a refusal, by its code too."""
    _counted.update((Metric.REFUSED, f"{Metric.REFUSED}.{code}", *_BY_CODE.get(code, ())))


def emf_fields() -> dict[str, object]:
    """What was counted since the last line, as fields of the next; empty if nothing was."""
    if not _counted:
        return {}
    counts = dict(_counted)
    _counted.clear()
    named = [{"Name": name, "Unit": "Count"} for name in counts]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["stage"]], "Metrics": named}
    told = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    return {"_aws": told, "stage": settings.load().stage, **counts}
