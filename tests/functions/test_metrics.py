"""Tests of the metrics that each flow writes to the log."""

import json
from collections import Counter
from typing import Any

import pytest

from latchkey.rules.limits import PIN_GUESSING_THRESHOLD, WRONG_PINS_PER_PRACTICE
from tests.kit.browser import Browser
from tests.kit.portal import Portal
from tests.kit.seed import key_of, use_up

ANA = "ana@example.com"


def counted(portal: Portal) -> dict[str, int]:
    """Return the metrics that CloudWatch finds in the log so far."""
    counts: Counter[str] = Counter()
    for text in portal.log.getvalue().splitlines():
        line = json.loads(text) if text.startswith("{") else {}
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            counts.update({metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]})
    return dict(counts)


def test_a_sign_in_by_link(portal: Portal, browser: Browser) -> None:
    browser.sign_in(ANA)
    assert counted(portal) == {"Asked": 1, "Sent": 1, "Opened": 1}


def test_a_link_that_is_dead(portal: Portal, browser: Browser, another: Browser) -> None:
    path = browser.link(ANA)
    browser.get(path)
    another.post(path)
    assert counted(portal) == {"Asked": 1, "Sent": 1, "Opened": 1, "Refused": 1, "Refused.link_used": 1}


def test_a_second_request_within_a_minute_is_not_counted(portal: Portal, browser: Browser) -> None:
    browser.request_link(ANA)
    browser.request_link(ANA)
    assert counted(portal) == {"Asked": 1}


def test_a_rate_limited_request_is_counted(portal: Portal, browser: Browser) -> None:
    for _ in range(3):
        browser.request_link(ANA)
        portal.now += 61
    browser.request_link(ANA)
    assert counted(portal) == {"Asked": 3, "Refused": 1, "Refused.wait": 1, "Waiting": 1}


def test_pins(portal: Portal, browser: Browser) -> None:
    pin = portal.pin_for(key_of(portal, "willow", ANA))
    browser.post("/willow/pin", {"email": ANA, "pin": f"{(int(pin) + 1) % 10**6:06d}"})
    browser.post("/willow/pin", {"email": ANA, "pin": pin})
    assert counted(portal) == {"Refused": 1, "Refused.pin_refused": 1, "PinRefused": 1, "PinAccepted": 1}


@pytest.mark.parametrize(("before", "pressed"), [(PIN_GUESSING_THRESHOLD - 2, 0), (PIN_GUESSING_THRESHOLD - 1, 1)])
def test_a_practice_where_many_wrong_pins_are_typed(
    portal: Portal, browser: Browser, before: int, pressed: int
) -> None:
    use_up(portal, WRONG_PINS_PER_PRACTICE.limit, before, "pin practice", "willow")
    browser.post("/willow/pin", {"email": ANA, "pin": "123456"})
    assert counted(portal).get("PinPressure", 0) == pressed


@pytest.mark.parametrize(
    ("code", "name"), [("MessageRejected", "MailRefused"), ("TooManyRequestsException", "MailWaiting")]
)
def test_mail_that_does_not_go(portal: Portal, browser: Browser, code: str, name: str) -> None:
    browser.request_link(ANA)
    portal.aws.refuse("SendEmail", code, times=3)
    portal.work(*portal.waiting())
    assert counted(portal) == {"Asked": 1, name: 1}


def test_a_job_that_is_redelivered_when_it_is_overtaken(portal: Portal, browser: Browser) -> None:
    browser.request_link(ANA)
    (old,) = portal.waiting()
    portal.now += 61
    browser.request_link(ANA)
    portal.deliver()
    portal.work(old)
    assert counted(portal) == {"Asked": 2, "Sent": 2, "MailDropped": 1}


def test_a_secret_that_cannot_be_read(portal: Portal, browser: Browser) -> None:
    portal.start_cold()
    portal.aws.refuse("GetSecretValue", "AccessDeniedException")
    answer: Any = browser.request_link(ANA)
    assert answer.status == 503
    assert counted(portal) == {"SecretsUnreadable": 1, "Refused": 1, "Refused.unavailable": 1}
