"""Counts for alarms and the dashboard, written into log lines in CloudWatch's embedded metric format (EMF).

A count needs no call to AWS. It is part of the log line of the request that it belongs to.
"""

import time
from collections import Counter
from enum import StrEnum

from latchkey import settings
from latchkey.rules.providers import PROVIDER_NAMES, ProviderName
from latchkey.rules.sign_in_methods import SignInMethod

NAMESPACE = "Latchkey"
"""The CloudWatch namespace. The only dimension is the stage, so no metric names a practice or a person."""


class Metric(StrEnum):
    """A metric, with its name in CloudWatch. Alarms use these names. Each provider has two metrics of its own."""

    _ignore_ = "provider"
    MAIL_QUEUED = "Asked"
    """A mail job was queued."""
    SENT = "Sent"
    MAIL_DEFERRED = "MailWaiting"
    """SES does not accept the mail now. The worker tries again."""
    MAIL_REJECTED = "MailRefused"
    """SES refused the mail for good."""
    MAIL_SKIPPED = "MailDropped"
    """The worker did not send the mail. `rules/mail.py` has the reasons."""
    DELIVERED = "Delivered"
    DELAYED = "Delayed"
    BOUNCED = "Bounced"
    COMPLAINED = "Complained"
    NOTICE_SENT = "NoticeSent"
    """A notice of another service was sent. `Sent` does not count it: an alarm compares that with `Asked`."""
    NOTICE_REFUSED = "NoticeRefused"
    """A message of another service was refused for good. `rules/notices.py` has the codes."""
    LINK_ACCEPTED = "Opened"
    PIN_CREATED = "PinMade"
    PIN_ACCEPTED = "PinAccepted"
    PIN_REFUSED = "PinRefused"
    PIN_LOCKED = "PinLocked"
    PIN_GUESSING = "PinPressure"
    """A PIN was wrong at a practice that had many wrong PINs within the hour."""
    APP_ACCEPTED = "AppAccepted"
    """An app was signed in on a device."""
    REFRESH_REUSED = "RefreshReused"
    """A refresh token was used twice, so its device has ended."""
    for provider in PROVIDER_NAMES:
        vars()[f"{provider.upper()}_ACCEPTED"] = f"{provider.title()}Accepted"
        vars()[f"{provider.upper()}_REFUSED"] = f"{provider.title()}Refused"
    RATE_LIMITED = "Waiting"
    """A rate limit refused a request."""
    REFUSED = "Refused"
    """A request was refused. Also counted by problem code, as in `Refused.link_used`."""
    SECRETS_UNREADABLE = "SecretsUnreadable"
    """A key could not be read from Secrets Manager."""
    PROBE_PASSED = "ProbePassed"
    """The probe has signed in from outside, by a letter's delivery and a PIN."""
    PROBE_FAILED = "ProbeFailed"
    FAULT = "Failed"
    """A fault was logged: an error in our code, or an outage of a service that we need."""

    @classmethod
    def accepted(cls, method: SignInMethod) -> "Metric":
        """Return the metric of successful sign-ins by a method."""
        match method:
            case "link":
                return cls.LINK_ACCEPTED
            case "pin":
                return cls.PIN_ACCEPTED
            case _:
                return cls(f"{method.title()}Accepted")

    @classmethod
    def provider_refused(cls, provider: ProviderName) -> "Metric":
        """Return the metric of sign-ins with a provider that were refused."""
        return cls(f"{provider.title()}Refused")


_BY_CODE = {
    "pin_refused": (Metric.PIN_REFUSED,),
    "pin_locked": (Metric.PIN_LOCKED, Metric.RATE_LIMITED),
    "wait": (Metric.RATE_LIMITED,),
    **{f"{name}_refused": (Metric.provider_refused(name),) for name in PROVIDER_NAMES},
}

_counted: Counter[str] = Counter()


def count(*metrics: Metric) -> None:
    """Count each of the metrics once. The next log line contains the counts."""
    _counted.update(metrics)


def count_refusal(code: str) -> None:
    """Count a refusal, in total and by its problem code."""
    _counted.update((Metric.REFUSED, f"{Metric.REFUSED}.{code}", *_BY_CODE.get(code, ())))


def emf_fields() -> dict[str, object]:
    """Return the counts since the last log line, as fields of the next one. Empty if nothing was counted."""
    if not _counted:
        return {}
    counts = dict(_counted)
    _counted.clear()
    definitions = [{"Name": name, "Unit": "Count"} for name in counts]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["stage"]], "Metrics": definitions}
    metadata = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    return {"_aws": metadata, "stage": settings.load().stage, **counts}
