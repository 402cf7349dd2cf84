"""Tests of links. A link opens once, within its time, if it is the newest and its access has not ended."""

from dataclasses import replace

import pytest

from latchkey import tokens
from latchkey.rules import links
from latchkey.rules.accounts import Account, AccountStatus
from latchkey.rules.links import Link
from latchkey.rules.refusals import LinkExpired, LinkReplaced, LinkUsed
from tests.kit.clock import NOON
from tests.kit.seed import an_account

DAY = 24 * 3600
REQUEST, ANOTHER = tokens.random_id(), tokens.random_id()
LINK = Link(REQUEST, digest="digest", epoch=1, state="live", expires_at=NOON + DAY)


@pytest.fixture
def ana() -> Account:
    return an_account()


def test_a_link_opens_until_the_last_second_of_its_day(ana: Account) -> None:
    """B33"""
    assert links.check(LINK, ana, REQUEST, NOON) is ana
    assert links.check(LINK, ana, REQUEST, NOON + DAY - 1) is ana


@pytest.mark.parametrize("late", [0, 1, DAY])
def test_a_link_expires_after_24_hours(ana: Account, late: int) -> None:
    """B33"""
    with pytest.raises(LinkExpired):
        links.check(LINK, ana, REQUEST, NOON + DAY + late)


def test_an_older_link_is_distinguished_from_an_expired_one(ana: Account) -> None:
    """B36"""
    with pytest.raises(LinkReplaced):
        links.check(LINK, ana, ANOTHER, NOON)


def test_an_older_link_is_replaced_even_when_the_newer_one_is_used_or_expired(ana: Account) -> None:
    """B35"""
    for newest in (replace(LINK, state="used"), replace(LINK, expires_at=NOON)):
        with pytest.raises(LinkReplaced):
            links.check(newest, ana, ANOTHER, NOON)


def test_a_used_link_says_so_even_when_its_time_is_over(ana: Account) -> None:
    """B34"""
    with pytest.raises(LinkUsed):
        links.check(replace(LINK, state="used"), ana, REQUEST, NOON + DAY)


@pytest.mark.parametrize(
    "changes", [{"status": AccountStatus.DISABLED}, {"epoch": 2}, {"status": AccountStatus.DISABLED, "epoch": 2}]
)
def test_a_link_is_invalid_once_its_access_has_ended(changes: dict[str, object]) -> None:
    """B62"""
    with pytest.raises(LinkExpired):
        links.check(LINK, an_account(**changes), REQUEST, NOON)


def test_someone_who_never_signed_in_may_use_a_link(ana: Account) -> None:
    """B32"""
    invited = replace(ana, status=AccountStatus.INVITED)

    assert links.check(LINK, invited, REQUEST, NOON) is invited


def test_a_link_works_without_consent_to_email_which_is_a_matter_of_mail_alone(ana: Account) -> None:
    silent = replace(ana, email_ok=False, suppressed=True)

    assert links.check(LINK, silent, REQUEST, NOON) is silent


def test_a_link_that_was_swept_away_or_lost_its_account_is_an_expired_one(ana: Account) -> None:
    """B39"""
    for link, account in ((None, ana), (LINK, None), (None, None)):
        with pytest.raises(LinkExpired):
            links.check(link, account, REQUEST, NOON)


def test_a_dead_link_can_say_why_for_a_month() -> None:
    """B39: some people bookmark their first link."""
    assert links.KEEP_DEAD_SECONDS == 30 * DAY
