"""Tests of sessions in the console: both timeouts, and how many a person can have."""

import pytest

from latchkey.rules.accounts import SessionRef
from latchkey.rules.refusals import SignedOut
from latchkey.rules.staff import MAX_STAFF_SESSIONS, StaffSession, check_staff_session, needs_touch, remaining_sessions
from tests.kit.clock import NOON

MINUTE, HOUR = 60, 3600


def session(started_at: int = NOON, last_active_at: int = NOON) -> StaffSession:
    return StaffSession("digest", "dr-willow", "Dr. Willow", started_at, last_active_at)


def test_a_session_ends_after_twenty_minutes_without_activity() -> None:
    assert check_staff_session(session(), "dr-willow", NOON + 20 * MINUTE - 1)
    with pytest.raises(SignedOut):
        check_staff_session(session(), "dr-willow", NOON + 20 * MINUTE)


def test_a_session_in_use_ends_after_twelve_hours() -> None:
    end = NOON + 12 * HOUR
    assert check_staff_session(session(last_active_at=end - 1), "dr-willow", end - 1)
    with pytest.raises(SignedOut):
        check_staff_session(session(last_active_at=end - 1), "dr-willow", end)


def test_a_session_is_one_persons() -> None:
    with pytest.raises(SignedOut):
        check_staff_session(session(), "dr-harbor", NOON)
    with pytest.raises(SignedOut):
        check_staff_session(None, "dr-willow", NOON)


def test_activity_is_recorded_once_a_minute() -> None:
    assert not needs_touch(session(), NOON + 59)
    assert needs_touch(session(), NOON + 60)


def test_a_sixth_session_ends_the_oldest_and_ended_ones_take_no_place() -> None:
    refs = [SessionRef(str(number), NOON + number) for number in range(MAX_STAFF_SESSIONS)]
    stay, end = remaining_sessions(refs[:-1], NOON + 60)
    assert (len(stay), end) == (MAX_STAFF_SESSIONS - 1, ())
    stay, end = remaining_sessions(list(reversed(refs)), NOON + 60)
    assert [ref.digest for ref in end] == ["0"]
    assert len(stay) == MAX_STAFF_SESSIONS - 1
    old = SessionRef("old", NOON - 12 * HOUR)
    assert remaining_sessions([old, *refs[:-1]], NOON)[1] == ()
