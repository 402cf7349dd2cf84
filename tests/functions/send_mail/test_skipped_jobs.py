"""Tests of mail jobs that send nothing any more."""

from typing import Any

import pytest

from latchkey import tokens
from latchkey.rules.accounts import AccountStatus
from tests.functions.send_mail.sent_letters import noted
from tests.kit.browser import Browser
from tests.kit.clock import HOUR, NOON
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, change, key_of


@pytest.mark.parametrize(
    ("address", "changes", "reason", "status"),
    [
        ("jo@example.com", {}, "no_consent", "suppressed"),
        ("ana@example.com", {"suppressed": True}, "suppressed", "suppressed"),
        ("robin@example.com", {}, "no_access", None),
        ("ana@example.com", {"status": AccountStatus.DISABLED, "epoch": 2}, "no_access", None),
        ("ana@example.com", {"epoch": 2}, "no_access", None),
    ],
)
def test_a_skipped_mail_job_sends_nothing_and_is_audited(
    portal: Portal, address: str, changes: dict[str, Any], reason: str, status: str | None
) -> None:
    """B49, B58, B65"""
    account = key_of(portal, "willow", address)
    if changes:
        change(portal, "willow", address, **changes)

    assert portal.work(body_of(a_job(account, NOON))) == []

    assert portal.letters == []
    assert portal.at_rest()["Links"] == []
    assert portal.audit() == [("link_suppressed", reason)]
    assert noted(portal, account).get("email_status") == status


def test_a_mail_job_of_an_unknown_account_sends_nothing(portal: Portal) -> None:
    before = portal.at_rest()["Accounts"]

    assert portal.work(body_of(a_job(tokens.random_id(), NOON))) == []

    assert portal.letters == []
    assert portal.at_rest()["Accounts"] == before
    assert portal.audit() == [("link_suppressed", "no_access")]


def test_a_mail_job_is_skipped_if_consent_was_withdrawn_after_it_was_queued(portal: Portal, browser: Browser) -> None:
    """B49"""
    browser.request_link("ana@example.com")
    change(portal, "willow", "ana@example.com", email_ok=False)

    assert portal.deliver() == 0


def test_a_letter_is_sent_up_to_six_hours_late(portal: Portal, ana: bytes) -> None:
    portal.now = NOON + 6 * HOUR - 1
    portal.work(body_of(a_job(ana, NOON)))
    assert len(portal.letters) == 1

    portal.now = NOON + 6 * HOUR
    lee = key_of(portal, "willow", "lee@example.com")
    assert portal.work(body_of(a_job(lee, NOON))) == []
    assert len(portal.letters) == 1
    assert ("link_suppressed", "late") in portal.audit()
    assert noted(portal, lee)["email_status"] == "rejected"
