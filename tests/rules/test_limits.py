"""Tests of rate limits. A window opens with its first request, and a request counts for all policies or for none."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchkey.rules import limits
from latchkey.rules.limits import (
    DAY,
    HOUR,
    MAIL_PER_PRACTICE,
    MINUTE,
    OPEN_LINK_PER_NETWORK,
    OPEN_LINK_PER_SOURCE,
    POLICIES,
    REQUEST_LINK_PER_ADDRESS,
    REQUEST_LINK_PER_NETWORK,
    REQUEST_LINK_PER_SOURCE,
    RESEND_COOLDOWN,
    UNKNOWN_ADDRESS_PER_NETWORK,
    UNKNOWN_ADDRESS_PER_SOURCE,
    Limit,
    Policy,
    Scope,
    Window,
)
from latchkey.rules.refusals import RateLimited
from tests.kit.clock import NOON

THREE_A_MINUTE = Limit("three", 3, MINUTE)
FIVE_AN_HOUR = Limit("five", 5, HOUR)
BOTH = (THREE_A_MINUTE, FIVE_AN_HOUR)


@dataclass
class Person:
    """A person whose requests are counted."""

    policies: tuple[Limit, ...]
    windows: dict[str, Window] = field(default_factory=dict)

    def tries(self, now: int, times: int = 1) -> None:
        """Make requests at one moment.

        :raises RateLimited: a limit is full.
        """
        for _ in range(times):
            self.windows |= limits.after_one_more(self.windows, self.policies, now)

    def waits(self, now: int) -> RateLimited:
        """Return the refusal of another request."""
        with pytest.raises(RateLimited) as refused:
            self.tries(now)
        return refused.value


@pytest.mark.parametrize(
    ("limit", "at_limit", "seconds"),
    [
        (REQUEST_LINK_PER_SOURCE.limit, 10, 10 * MINUTE),
        (REQUEST_LINK_PER_NETWORK.limit, 100, 10 * MINUTE),
        (UNKNOWN_ADDRESS_PER_SOURCE.limit, 5, 15 * MINUTE),
        (UNKNOWN_ADDRESS_PER_NETWORK.limit, 50, 15 * MINUTE),
        (OPEN_LINK_PER_SOURCE.limit, 30, 10 * MINUTE),
        (OPEN_LINK_PER_NETWORK.limit, 300, 10 * MINUTE),
        (MAIL_PER_PRACTICE.limit, 300, HOUR),
        (RESEND_COOLDOWN, 1, MINUTE),
        (REQUEST_LINK_PER_ADDRESS.limits[1], 3, 15 * MINUTE),
        (REQUEST_LINK_PER_ADDRESS.limits[2], 10, DAY),
    ],
    ids=lambda value: value.name if isinstance(value, Limit) else None,
)
def test_a_limit_is_full_after_so_many_attempts_and_reopened_when_its_time_is_over(
    limit: Limit, at_limit: int, seconds: int
) -> None:
    """B21: pages tell people these figures."""
    person = Person((limit,))

    person.tries(NOON, times=at_limit)

    assert person.waits(NOON).until == NOON + seconds
    assert person.waits(NOON + seconds - 1).until == NOON + seconds
    person.tries(NOON + seconds, times=at_limit)
    assert person.waits(NOON + seconds).until == NOON + 2 * seconds


def test_no_two_limits_share_a_name() -> None:
    names = [limit.name for policy in POLICIES for limit in policy.limits]

    assert len(set(names)) == len(names)


def test_every_policy_is_in_the_table() -> None:
    assert {id(policy) for policy in vars(limits).values() if isinstance(policy, Policy)} == {*map(id, POLICIES)}


def test_a_policy_that_can_lock_a_client_out_tells_a_clinician_so() -> None:
    """A clinician does not know sources, and so cannot tell which client a source's limit locks out."""
    locking = {policy for policy in POLICIES if policy.scope in (Scope.ADDRESS, Scope.PRACTICE)}

    assert {policy for policy in POLICIES if policy.locks} == locking


def test_policies_that_share_an_item_name_their_limits_apart_and_belong_to_one_scope() -> None:
    for policy in POLICIES:
        sharing = [other for other in POLICIES if other.key == policy.key]
        assert {other.scope for other in sharing} == {policy.scope}


def test_a_window_begins_with_the_first_attempt_and_not_with_the_last() -> None:
    person = Person((THREE_A_MINUTE,))

    person.tries(NOON)
    person.tries(NOON + 59, times=2)

    assert person.waits(NOON + 59).until == NOON + 60
    person.tries(NOON + 60)


def test_attempts_that_are_refused_do_not_lengthen_the_wait() -> None:
    person = Person((THREE_A_MINUTE,))
    person.tries(NOON, times=3)

    assert {person.waits(NOON + second).until for second in range(60)} == {NOON + 60}


def test_an_attempt_that_one_limit_refuses_is_counted_by_none() -> None:
    person = Person(BOTH)
    person.tries(NOON, times=3)

    person.waits(NOON + 1)

    assert person.windows == {"three": Window(3, NOON + MINUTE), "five": Window(3, NOON + HOUR)}


def test_of_several_full_limits_the_maximum_wait_is_reported() -> None:
    person = Person(BOTH)
    person.tries(NOON, times=3)
    person.tries(NOON + 60, times=2)
    person.windows["three"] = Window(3, NOON + 120)

    refused = person.waits(NOON + 61)

    assert (refused.until, refused.limit) == (NOON + HOUR, "five")


def test_a_second_request_within_a_minute_is_reported_before_a_longer_wait() -> None:
    """B17: a second request is no error, so the page must not say so."""
    person = Person(REQUEST_LINK_PER_ADDRESS.limits)
    for press in range(3):
        person.tries(NOON + press * MINUTE)

    assert person.waits(NOON + 2 * MINUTE + 59).limit == RESEND_COOLDOWN.name
    assert person.waits(NOON + 3 * MINUTE).limit == "ask_quarter"
    assert person.waits(NOON + 3 * MINUTE).until == NOON + 15 * MINUTE


def test_ten_links_a_day_and_no_eleventh() -> None:
    """B14: clients never need so many."""
    person = Person(REQUEST_LINK_PER_ADDRESS.limits)
    for hour in range(10):
        person.tries(NOON + hour * HOUR)

    assert person.waits(NOON + 10 * HOUR).until == NOON + DAY
    person.tries(NOON + DAY)


def test_checking_a_limit_does_not_count() -> None:
    limits.check({}, BOTH, NOON)
    limits.check({"three": Window(2, NOON + 1)}, BOTH, NOON)
    limits.check({"three": Window(3, NOON)}, BOTH, NOON)
    with pytest.raises(RateLimited):
        limits.check({"three": Window(3, NOON + 1)}, BOTH, NOON)


@given(
    st.lists(st.integers(min_value=0, max_value=40), max_size=60),
    st.integers(min_value=1, max_value=4),
    st.integers(min_value=1, max_value=100),
)
def test_no_order_of_attempts_gets_one_more_and_every_reported_wait_is_exact(
    pauses: list[int], at_limit: int, seconds: int
) -> None:
    person = Person((Limit("any", at_limit, seconds), Limit("wide", at_limit * 2, seconds * 3)))
    now, accepted = NOON, list[int]()
    for pause in pauses:
        now += pause
        try:
            person.tries(now)
        except RateLimited as waiting:
            early = Person(person.policies, dict(person.windows))
            early.waits(waiting.until - 1)
            early.tries(waiting.until)
        else:
            accepted.append(now)
    for limit in person.policies:
        first, used = None, 0
        for at in accepted:
            if first is None or at >= first + limit.window_seconds:
                first, used = at, 0
            used += 1
            assert used <= limit.max_count
