"""Tests of the accounts that a clinician should look at."""

import pytest

from latchkey.rules import attention
from latchkey.rules.accounts import Account, AccountStatus
from tests.kit.clock import NOON
from tests.kit.seed import an_account

DAY = 24 * 3600
MIDNIGHT = NOON - 12 * 3600


def reason(account: Account, invited_at: int | None = None, refused: int = 0, now: int = NOON) -> str | None:
    return attention.reason(account, invited_at, refused, now, MIDNIGHT)


def test_someone_who_has_signed_in_needs_no_attention() -> None:
    assert reason(an_account()) is None
    assert reason(an_account(), invited_at=NOON - 90 * DAY) is None


@pytest.mark.parametrize(("seconds", "expected"), [(3 * DAY, None), (3 * DAY + 1, "not_signed_in")])
def test_an_invitation_is_looked_at_after_three_days(seconds: int, expected: str | None) -> None:
    """B165"""
    invited = an_account(status=AccountStatus.INVITED)
    assert reason(invited, invited_at=NOON - seconds) == expected
    contact = invited.awaited(NOON - seconds + attention.INVITED_SECONDS)
    assert reason(contact) == expected


def test_an_invitation_that_was_repeated_counts_anew() -> None:
    first = an_account(status=AccountStatus.INVITED).awaited(NOON - DAY)
    assert reason(first, invited_at=NOON - DAY) is None


@pytest.mark.parametrize("changes", [{"email_status": "bounced"}, {"email_status": "complained"}, {"suppressed": True}])
def test_mail_that_came_back_is_looked_at(changes: dict[str, object]) -> None:
    """B165"""
    assert reason(an_account(**changes)) == "bounced"
    assert reason(an_account(status=AccountStatus.DISABLED, **changes)) is None


@pytest.mark.parametrize(("refused", "expected"), [(2, None), (3, "pin_refused")])
def test_refused_pins_are_looked_at_over_two_a_day(refused: int, expected: str | None) -> None:
    """B165"""
    account = an_account(attention="pin_refused", attention_from=MIDNIGHT)
    assert reason(account, refused=refused) == expected
    assert reason(an_account(attention="pin_refused", attention_from=MIDNIGHT - 1), refused=9) is None
    assert reason(an_account(), refused=9) is None


def test_someone_without_consent_is_looked_at_on_the_day_of_the_request() -> None:
    """B165"""
    requested = {"attention": "no_consent", "attention_from": MIDNIGHT}
    assert reason(an_account(email_ok=False, **requested)) == "no_consent"
    assert reason(an_account(email_ok=True, **requested)) is None
    assert reason(an_account(email_ok=False, attention="no_consent", attention_from=MIDNIGHT - 1)) is None
