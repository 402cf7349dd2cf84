"""Tests of sessions, exact to the second."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchkey.rules import sessions
from latchkey.rules.accounts import Account, AccountStatus, Profile, SessionRef
from latchkey.rules.refusals import SignedOut
from latchkey.rules.sessions import Session, SessionPlace
from tests.kit.clock import NOON
from tests.kit.seed import an_account

MINUTE, HOUR = 60, 3600
OWN, CHILDS = (
    Profile("01KJTESTMARIA0000000000000", "Maria Gomez"),
    Profile("01KJTESTLEO000000000000000", "Leo", "minor"),
)


@pytest.fixture
def maria() -> Account:
    return an_account(profiles=(OWN, CHILDS), sessions=(SessionRef("digest", NOON),))


@pytest.fixture
def session(maria: Account) -> Session:
    return Session("digest", maria.practice, maria.key, epoch=1, method="link", started_at=NOON, last_active_at=NOON)


def test_a_session_is_live_until_the_last_second_of_20_idle_minutes(session: Session, maria: Account) -> None:
    assert sessions.check(session, maria, NOON + 20 * MINUTE - 1).account is maria


@pytest.mark.parametrize("late", [0, 1, HOUR])
def test_a_session_ends_after_20_idle_minutes_and_the_page_says_why(
    session: Session, maria: Account, late: int
) -> None:
    with pytest.raises(SignedOut) as ended:
        sessions.check(session, maria, NOON + 20 * MINUTE + late)
    assert ended.value.idle


def test_a_session_ends_after_12_hours_despite_activity(session: Session, maria: Account) -> None:
    end = NOON + 12 * HOUR

    assert sessions.check(replace(session, last_active_at=end - 2), maria, end - 1)
    with pytest.raises(SignedOut) as ended:
        sessions.check(replace(session, last_active_at=end - 1), maria, end)
    assert not ended.value.idle


def test_a_session_never_shows_a_later_end_than_its_own(session: Session) -> None:
    assert session.ends_at == NOON + 20 * MINUTE
    assert replace(session, last_active_at=NOON + 18 * MINUTE).ends_at == NOON + 38 * MINUTE
    assert replace(session, last_active_at=NOON + 12 * HOUR - 1).ends_at == NOON + 12 * HOUR


def test_activity_is_noted_once_a_minute(session: Session) -> None:
    assert sessions.with_activity(session, NOON) is session
    assert sessions.with_activity(session, NOON + 59) is session
    assert sessions.with_activity(session, NOON + 60) == replace(session, last_active_at=NOON + 60)


@given(st.lists(st.integers(min_value=1, max_value=25 * MINUTE), max_size=80))
def test_a_session_ends_at_its_idle_or_absolute_timeout_or_up_to_a_minute_early(
    pauses: list[int],
) -> None:
    someone_in = an_account(sessions=(SessionRef("digest", NOON),))
    session = Session("digest", "willow", someone_in.key, 1, "link", started_at=NOON, last_active_at=NOON)
    active = now = NOON
    for pause in pauses:
        now += pause
        try:
            sessions.check(session, someone_in, now)
        except SignedOut:
            assert now - active > 19 * MINUTE or now - NOON >= 12 * HOUR
            return
        assert now - active < 20 * MINUTE
        assert now - NOON < 12 * HOUR
        session, active = sessions.with_activity(session, now), now


@pytest.mark.parametrize(
    "changes",
    [
        {"status": AccountStatus.DISABLED},
        {"epoch": 2},
        {"session_epoch": 1},
        {"sessions": ()},
        {"sessions": (SessionRef("another", NOON),)},
        {"practice": "harbor"},
    ],
    ids=[
        "disabled",
        "re-enabled since",
        "signed out everywhere since",
        "signed out everywhere",
        "made room",
        "of another practice",
    ],
)
def test_a_session_ends_with_its_access(session: Session, maria: Account, changes: dict[str, object]) -> None:
    """B62: at the latest at its next request."""
    with pytest.raises(SignedOut):
        sessions.check(session, an_account(**{"key": maria.key, "sessions": maria.sessions} | changes), NOON + 1)


def test_a_session_without_a_row_or_an_account_is_none(session: Session, maria: Account) -> None:
    for found, account in ((None, maria), (session, None), (None, None)):
        with pytest.raises(SignedOut):
            sessions.check(found, account, NOON)


def test_taking_a_profile_away_ends_the_session_that_has_it_open(session: Session, maria: Account) -> None:
    """B107"""
    on_leo = replace(session, profile=CHILDS.id)
    assert sessions.check(on_leo, maria, NOON).profile == CHILDS

    with pytest.raises(SignedOut):
        sessions.check(on_leo, replace(maria, profiles=(OWN,)), NOON)


def test_someone_with_several_profiles_has_to_choose(session: Session, maria: Account) -> None:
    """B103"""
    live_session = sessions.check(session, maria, NOON)

    assert live_session.has_several_profiles
    assert live_session.profile is None


def test_someone_with_one_profile_has_nothing_to_choose(session: Session, maria: Account) -> None:
    """B103"""
    live_session = sessions.check(session, replace(maria, profiles=(OWN,)), NOON)

    assert not live_session.has_several_profiles
    assert live_session.profile == OWN


def opened(count: int) -> tuple[SessionRef, ...]:
    return tuple(SessionRef(f"digest {number}", NOON + number, number) for number in range(count))


def sessions_of(account: Account) -> list[Session]:
    return [
        Session(
            one.digest,
            "willow",
            account.key,
            1,
            "link",
            started_at=one.started_at,
            last_active_at=one.started_at,
            slot=one.slot,
        )
        for one in account.sessions
    ]


def test_ten_sessions_fit_and_the_eleventh_ends_the_oldest() -> None:
    nine, ten = an_account(sessions=opened(9)), an_account(sessions=opened(10))

    tenth = sessions.free_place(nine, NOON + 60, None)
    eleventh = sessions.place_among(reversed(sessions_of(ten)), ten, NOON + 60)

    assert tenth == SessionPlace(slot=9, remaining=opened(9))
    assert sessions.free_place(ten, NOON + 60, None) is None
    oldest = sessions_of(ten)[0]
    assert eleventh == SessionPlace(slot=0, remaining=opened(10)[1:], digest="digest 0", evicted=(oldest,))


def test_an_idle_or_ended_session_evicts_no_live_one() -> None:
    account = an_account(sessions=opened(10))
    silent, gone, *others = sessions_of(account)
    now = NOON + 21 * MINUTE
    awake = [replace(session, last_active_at=now) for session in (gone, *others)]
    signed_out = replace(account, sessions=opened(10)[2:])

    assert sessions.place_among([silent, *awake], account, now) == SessionPlace(slot=0, remaining=opened(10)[1:])
    assert sessions.place_among(awake, signed_out, now) == SessionPlace(slot=0, remaining=opened(10)[2:])


def test_a_new_session_takes_the_slot_of_the_one_that_the_browser_had() -> None:
    place = sessions.free_place(an_account(sessions=opened(10)), NOON + 60, replaced="digest 7")

    assert place
    assert (place.slot, place.digest, place.evicted) == (7, "digest 7", ())
    assert {ref.digest for ref in opened(10)} - {ref.digest for ref in place.remaining} == {"digest 7"}


def test_sessions_that_ran_out_are_forgotten() -> None:
    """A session ends after twelve hours. At NOON + 12 hours + 5 s six of them have ended."""
    place = sessions.free_place(an_account(sessions=opened(10)), NOON + 12 * HOUR + 5, None)

    assert place == SessionPlace(slot=0, remaining=opened(10)[6:])
