"""Budgets at rest: exact, however many try at once."""

from functools import partial

import pytest

from latchkey import keys, tokens
from latchkey.rules.limits import (
    MAIL_PER_PRACTICE,
    OPEN_LINK_PER_NETWORK,
    OPEN_LINK_PER_SOURCE,
    REQUEST_LINK_PER_ADDRESS,
    REQUEST_LINK_PER_NETWORK,
    REQUEST_LINK_PER_SOURCE,
    RESEND_COOLDOWN,
    UNKNOWN_ADDRESS_PER_NETWORK,
    UNKNOWN_ADDRESS_PER_SOURCE,
    Limit,
    Window,
)
from latchkey.rules.refusals import RateLimited
from latchkey.store import limits
from latchkey.store.limits import Reservation
from tests.kit.seed import NOON
from tests.store.engines import Engine
from tests.store.flows import RING, at_once

MINUTE = 60
TWO = Limit("two", 2, MINUTE)
FIVE = Limit("five", 5, 10 * MINUTE)


@pytest.fixture
def bucket() -> str:
    return tokens.base64url_encode(tokens.random_id())


@pytest.fixture(autouse=True)
def lookup_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "lookup", lambda: RING)


def until(bucket: str, *policies: Limit, now: int = NOON, unless: tuple[Limit, ...] = ()) -> int:
    """When a refused attempt may be made again."""
    with pytest.raises(RateLimited) as refused:
        limits.reserve(bucket, policies, now, unless)
    return refused.value.until


@pytest.mark.parametrize(
    "limit",
    [
        REQUEST_LINK_PER_SOURCE,
        REQUEST_LINK_PER_NETWORK,
        UNKNOWN_ADDRESS_PER_SOURCE,
        UNKNOWN_ADDRESS_PER_NETWORK,
        OPEN_LINK_PER_SOURCE,
        OPEN_LINK_PER_NETWORK,
        MAIL_PER_PRACTICE,
    ],
    ids=lambda limit: limit.name,
)
def test_sixty_four_at_once_get_exactly_what_there_is(bucket: str, limit: Limit) -> None:
    """Of a window that is not open yet, too; and who is refused is told when it ends."""
    for _ in range(max(0, limit.max_count - 40)):
        limits.reserve(bucket, (limit,), NOON)

    became = at_once(*[partial(limits.reserve, bucket, (limit,), NOON + 1)] * 64)

    accepted = [outcome for outcome in became if isinstance(outcome, Reservation)]
    refused = [outcome.until for outcome in became if isinstance(outcome, RateLimited)]
    assert len(accepted) == min(limit.max_count, 40)
    assert len(refused) == 64 - len(accepted)
    opened = NOON if limit.max_count > 40 else NOON + 1
    assert set(refused) == {opened + limit.window_seconds}


def test_sixty_four_presses_at_once_ask_for_one_link(bucket: str) -> None:
    """B17"""
    for minute, accepted in ((0, 1), (1, 1), (2, 1), (3, 0)):
        became = at_once(*[partial(limits.reserve, bucket, REQUEST_LINK_PER_ADDRESS, NOON + minute * MINUTE)] * 64)

        assert sum(isinstance(outcome, Reservation) for outcome in became) == accepted
        assert sum(isinstance(outcome, RateLimited) for outcome in became) == 64 - accepted


def test_a_window_opens_again_with_the_first_attempt_after_its_end(bucket: str) -> None:
    limits.reserve(bucket, (TWO,), NOON)
    limits.reserve(bucket, (TWO,), NOON + 59)
    assert until(bucket, TWO, now=NOON + 59) == NOON + 60

    limits.reserve(bucket, (TWO,), NOON + 75)
    limits.reserve(bucket, (TWO,), NOON + 134)

    assert until(bucket, TWO, now=NOON + 134) == NOON + 135


def test_limits_are_counted_all_or_none(bucket: str) -> None:
    for _ in range(2):
        limits.reserve(bucket, (TWO, FIVE), NOON)
    for _ in range(4):
        assert until(bucket, TWO, FIVE) == NOON + MINUTE

    for attempt in range(3):
        limits.reserve(bucket, (FIVE,), NOON + attempt)
    assert until(bucket, FIVE) == NOON + 10 * MINUTE


def test_limits_of_one_bucket_have_windows_of_their_own(bucket: str) -> None:
    limits.reserve(bucket, (FIVE,), NOON)
    limits.reserve(bucket, (TWO,), NOON + 9 * MINUTE)
    for attempt in range(4):
        limits.reserve(bucket, (FIVE,), NOON + attempt)

    assert until(bucket, FIVE, now=NOON + 9 * MINUTE) == NOON + 10 * MINUTE
    limits.reserve(bucket, (TWO,), NOON + 9 * MINUTE)
    assert until(bucket, TWO, now=NOON + 9 * MINUTE) == NOON + 10 * MINUTE


def test_what_is_full_stops_what_is_only_asked_unless_of_it(bucket: str) -> None:
    """B21: five wrong addresses, and the right one has to wait too."""
    limits.reserve(bucket, (FIVE,), NOON, unless=(TWO,))
    limits.reserve(bucket, (TWO,), NOON)
    limits.reserve(bucket, (FIVE,), NOON, unless=(TWO,))
    limits.reserve(bucket, (TWO,), NOON)

    assert until(bucket, FIVE, unless=(TWO,)) == NOON + MINUTE
    limits.reserve(bucket, (FIVE,), NOON)
    limits.reserve(bucket, (FIVE,), NOON + MINUTE, unless=(TWO,))
    limits.reserve(bucket, (FIVE,), NOON + MINUTE, unless=(TWO,))
    assert until(bucket, FIVE, now=NOON + MINUTE, unless=(TWO,)) == NOON + 10 * MINUTE


def test_asking_unless_counts_nothing(bucket: str) -> None:
    for _ in range(5):
        limits.reserve(bucket, (FIVE,), NOON, unless=(TWO,))

    limits.reserve(bucket, (TWO,), NOON)
    limits.reserve(bucket, (TWO,), NOON)
    assert until(bucket, TWO) == NOON + MINUTE


def test_an_attempt_that_came_to_nothing_is_given_back(bucket: str) -> None:
    taken = limits.reserve(bucket, REQUEST_LINK_PER_ADDRESS, NOON)
    assert until(bucket, *REQUEST_LINK_PER_ADDRESS) == NOON + MINUTE

    limits.release(taken)

    limits.reserve(bucket, REQUEST_LINK_PER_ADDRESS, NOON + 1)
    assert until(bucket, *REQUEST_LINK_PER_ADDRESS, now=NOON + 59) == NOON + MINUTE


def test_an_attempt_is_given_back_once_whatever_others_do_meanwhile(bucket: str) -> None:
    mine, others = limits.reserve(bucket, (FIVE,), NOON), limits.reserve(bucket, (FIVE,), NOON)
    limits.release(mine)
    limits.release(others)
    limits.reserve(bucket, (FIVE,), NOON)

    limits.release(mine)

    for _ in range(4):
        limits.reserve(bucket, (FIVE,), NOON)
    assert until(bucket, FIVE) == NOON + 10 * MINUTE


def test_an_attempt_is_not_given_back_to_a_later_window(bucket: str) -> None:
    early = limits.reserve(bucket, (TWO,), NOON)
    limits.reserve(bucket, (TWO,), NOON + MINUTE)
    limits.reserve(bucket, (TWO,), NOON + MINUTE)

    limits.release(early)

    assert until(bucket, TWO, now=NOON + MINUTE) == NOON + 2 * MINUTE


def test_giving_back_to_a_budget_that_was_swept_makes_none(bucket: str, engine: Engine) -> None:
    limits.release(Reservation(bucket, "attempt", {"two": Window(1, NOON + MINUTE)}))

    assert bucket not in str(engine.items()["Budgets"])


def test_takers_and_givers_at_once_end_with_the_right_count(bucket: str) -> None:
    hundred = Limit("hundred", 100, MINUTE)
    taken = [limits.reserve(bucket, (hundred,), NOON) for _ in range(20)]

    at_once(
        *(partial(limits.release, one) for one in taken),
        *[partial(limits.reserve, bucket, (hundred,), NOON)] * 30,
    )

    for _ in range(70):
        limits.reserve(bucket, (hundred,), NOON)
    assert until(bucket, hundred) == NOON + MINUTE


def test_a_budget_that_is_full_is_still_full_for_who_asks_about_a_new_limit_with_it(bucket: str) -> None:
    """JUST_ASKED has run out its minute, the quarter of an hour has not."""
    for press in range(3):
        limits.reserve(bucket, REQUEST_LINK_PER_ADDRESS, NOON + press * MINUTE)

    assert until(bucket, *REQUEST_LINK_PER_ADDRESS, now=NOON + 3 * MINUTE) == NOON + 15 * MINUTE
    with pytest.raises(RateLimited) as refused:
        limits.reserve(bucket, REQUEST_LINK_PER_ADDRESS, NOON + 2 * MINUTE + 30)
    assert refused.value.limit == RESEND_COOLDOWN.name


def test_neighbours_in_a_64_share_a_budget_and_so_do_those_of_a_48() -> None:
    site = f"2001:db8:{tokens.random_id()[:2].hex()}"
    near, far = TWO, Limit("far", 4, MINUTE)
    come = partial(limits.reserve_source, near=near, far=far, now=NOON, road="link")

    come(f"{site}:1::1")
    come(f"{site}:1::2")
    with pytest.raises(RateLimited) as refused:
        come(f"{site}:1::3")
    assert refused.value.limit == near.name
    come(f"{site}:2::1")
    come(f"{site}:3::1")
    with pytest.raises(RateLimited) as refused:
        come(f"{site}:4::1")
    assert refused.value.limit == far.name


def test_what_is_full_around_stops_the_neighbours_too() -> None:
    """B21: wrong addresses from all over a /48, and a right one from anywhere in it has to wait."""
    site = f"2001:db8:{tokens.random_id()[:2].hex()}"
    wrong = (TWO, Limit("wrong_around", 2, 5 * MINUTE))
    for house in (1, 2):
        limits.reserve_source(f"{site}:{house}::1", *wrong, NOON, road="ask")

    with pytest.raises(RateLimited) as refused:
        limits.reserve_source(f"{site}:3::1", FIVE, FIVE, NOON, unless=wrong, road="ask")
    assert (refused.value.limit, refused.value.until) == ("wrong_around", NOON + 5 * MINUTE)
    limits.reserve_source(f"{site}:3::1", FIVE, FIVE, NOON + 5 * MINUTE, unless=wrong, road="ask")


def test_sources_that_cannot_be_read_share_one_budget(bucket: str) -> None:
    near = Limit(bucket, 2, MINUTE)
    come = partial(limits.reserve_source, near=near, far=near, now=NOON, road="link")

    come("")
    come("nonsense")
    with pytest.raises(RateLimited):
        come("more nonsense")


def test_a_place_in_the_table_does_not_tell_who_is_counted_there() -> None:
    places = [limits.scope_key(*who) for who in (("source", "203.0.113.7"), ("source", "203.0.113.8"), ("", "willow"))]

    assert len(set(places)) == 3
    assert {len(place) for place in places} == {22}
    assert not any("willow" in place or "203" in str(tokens.base64url_decode(place)) for place in places)
