"""Tests of mail jobs: which are skipped, and which mail status is shown."""

from dataclasses import replace
from typing import cast, get_args

import pytest

from latchkey.rules import mail
from latchkey.rules.accounts import AccountStatus
from latchkey.rules.mail import MailJob
from latchkey.rules.times import Millis, millis
from tests.kit.clock import NOON
from tests.kit.seed import an_account

HOUR = 3600
ANA = an_account()
JOB = MailJob("willow", ANA.key, bytes(16), 1, "sign_in", millis(NOON), "https://portal.example.com")


def test_a_mail_job_with_access_and_consent_is_not_skipped() -> None:
    assert mail.skip_reason(JOB, ANA, NOON) is None
    assert mail.skip_reason(JOB, replace(ANA, status=AccountStatus.INVITED), NOON) is None


def test_a_mail_job_is_sent_for_six_hours() -> None:
    assert mail.skip_reason(JOB, ANA, NOON + 6 * HOUR - 1) is None
    assert mail.skip_reason(JOB, ANA, NOON + 6 * HOUR) == "late"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": AccountStatus.DISABLED}, "no_access"),
        ({"epoch": 2}, "no_access"),
        ({"epoch": 2, "status": AccountStatus.ACTIVE}, "no_access"),
        ({"email_ok": False}, "no_consent"),
        ({"suppressed": True}, "suppressed"),
        ({"email_ok": False, "suppressed": True}, "no_consent"),
        ({"status": AccountStatus.DISABLED, "email_ok": False, "suppressed": True}, "no_access"),
    ],
)
def test_a_mail_job_is_skipped_without_access_or_consent_or_after_a_bounce(
    changes: dict[str, object], reason: str
) -> None:
    """B49, B62, B65"""
    assert mail.skip_reason(JOB, an_account(**changes), NOON) == reason


def test_an_unknown_address_queues_no_mail_job() -> None:
    assert mail.skip_reason(JOB, None, NOON) == "no_access"


def test_job_ids_sort_by_request_time_and_no_two_are_equal() -> None:
    request = [
        replace(JOB, requested_at_ms=Millis(999), job_id=b"\xff" * 16),
        replace(JOB, requested_at_ms=millis(1), job_id=b"\x00" * 16),
        replace(JOB, requested_at_ms=millis(1), job_id=b"\x01" * 16),
        replace(JOB, requested_at_ms=millis(NOON)),
        replace(JOB, requested_at_ms=Millis(10**14)),
    ]

    assert [job.sequence for job in request] == sorted({job.sequence for job in request})


def test_what_is_shown_to_the_clinician_are_names_of_the_contract() -> None:
    """B66"""
    assert {mail.status_of_skipped(reason) for reason in get_args(mail.SkipReason.__value__)} - {None} <= {
        "none", "queued", "sent", "delivered", "delayed", "bounced", "complained", "rejected", "suppressed",
    }  # fmt: skip


def test_every_kind_of_job_can_be_read_and_either_has_a_link_or_not() -> None:
    assert set(mail.LINK_MAILS) | set(mail.NOTICE_MAILS) == set(mail.MAIL_KINDS)
    assert [kind for kind in mail.MAIL_KINDS if replace(JOB, kind=kind).has_link] == ["sign_in", "invitation"]


def test_of_a_kind_that_nobody_knows_nothing_is_assumed() -> None:
    with pytest.raises(AssertionError):
        _ = replace(JOB, kind=cast("mail.MailKind", "pin_ended")).has_link
    with pytest.raises(AssertionError):
        mail.status_of_skipped(cast("mail.SkipReason", "holiday"))


@pytest.mark.parametrize(
    ("age", "seconds"), [(-3, 10), (0, 10), (21, 10), (22, 11), (600, 300), (1200, 600), (9000, 600)]
)
def test_the_retry_delay_grows_up_to_ten_minutes(age: int, seconds: int) -> None:
    assert mail.retry_delay(JOB, NOON + age, sending_paused=False) == seconds


def test_while_sending_is_paused_each_retry_waits_the_maximum() -> None:
    assert mail.retry_delay(JOB, NOON, sending_paused=True) == 600
