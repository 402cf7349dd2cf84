"""Tests of stored rate limits: exact for any number of parallel requests."""

from functools import partial

import pytest

from latchkey import keys, tokens
from latchkey.rules import sources
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
    Policy,
    Scope,
    Window,
)
from latchkey.rules.refusals import PinRefused, RateLimited, Unavailable
from latchkey.store import limits
from latchkey.store.batches import read_batch
from latchkey.store.limits import Reservation
from tests.kit.clock import NOON
from tests.store.engines import Engine
from tests.store.flows import RING, at_once

MINUTE = 60
TWO = Limit("two", 2, MINUTE)
FIVE = Limit("five", 5, 10 * MINUTE)


@pytest.fixture
def key() -> str:
    return tokens.base64url_encode(tokens.random_id())


@pytest.fixture(autouse=True)
def lookup_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "lookup", lambda: RING)


def until(key: str, *policies: Limit, now: int = NOON, blocked_by: tuple[Limit, ...] = ()) -> int:
    """Return the time until which a request is refused, in Unix seconds."""
    with pytest.raises(RateLimited) as refused:
        limits.count(key, policies, now, blocked_by)
    return refused.value.until


@pytest.mark.parametrize(
    "limit",
    [
        REQUEST_LINK_PER_SOURCE.limit,
        REQUEST_LINK_PER_NETWORK.limit,
        UNKNOWN_ADDRESS_PER_SOURCE.limit,
        UNKNOWN_ADDRESS_PER_NETWORK.limit,
        OPEN_LINK_PER_SOURCE.limit,
        OPEN_LINK_PER_NETWORK.limit,
        MAIL_PER_PRACTICE.limit,
    ],
    ids=lambda limit: limit.name,
)
def test_sixty_four_at_once_get_exactly_what_there_is(key: str, limit: Limit) -> None:
    """This holds for a window that is not open yet too. A refusal has the end of the window."""
    for _ in range(max(0, limit.max_count - 40)):
        limits.count(key, (limit,), NOON)

    became = at_once(*[partial(limits.count, key, (limit,), NOON + 1)] * 64)

    accepted = [outcome for outcome in became if isinstance(outcome, Reservation)]
    refused = [outcome.until for outcome in became if isinstance(outcome, RateLimited)]
    assert len(accepted) == min(limit.max_count, 40)
    assert len(refused) == 64 - len(accepted)
    opened = NOON if limit.max_count > 40 else NOON + 1
    assert set(refused) == {opened + limit.window_seconds}


def test_sixty_four_presses_at_once_ask_for_one_link(key: str) -> None:
    """B17"""
    for minute, accepted in ((0, 1), (1, 1), (2, 1), (3, 0)):
        became = at_once(*[partial(limits.count, key, REQUEST_LINK_PER_ADDRESS.limits, NOON + minute * MINUTE)] * 64)

        assert sum(isinstance(outcome, Reservation) for outcome in became) == accepted
        assert sum(isinstance(outcome, RateLimited) for outcome in became) == 64 - accepted


def test_a_window_reopens_with_the_first_attempt_after_its_end(key: str) -> None:
    limits.count(key, (TWO,), NOON)
    limits.count(key, (TWO,), NOON + 59)
    assert until(key, TWO, now=NOON + 59) == NOON + 60

    limits.count(key, (TWO,), NOON + 75)
    limits.count(key, (TWO,), NOON + 134)

    assert until(key, TWO, now=NOON + 134) == NOON + 135


def test_limits_are_counted_all_or_none(key: str) -> None:
    for _ in range(2):
        limits.count(key, (TWO, FIVE), NOON)
    for _ in range(4):
        assert until(key, TWO, FIVE) == NOON + MINUTE

    for attempt in range(3):
        limits.count(key, (FIVE,), NOON + attempt)
    assert until(key, FIVE) == NOON + 10 * MINUTE


def test_limits_of_one_scope_have_windows_of_their_own(key: str) -> None:
    limits.count(key, (FIVE,), NOON)
    limits.count(key, (TWO,), NOON + 9 * MINUTE)
    for attempt in range(4):
        limits.count(key, (FIVE,), NOON + attempt)

    assert until(key, FIVE, now=NOON + 9 * MINUTE) == NOON + 10 * MINUTE
    limits.count(key, (TWO,), NOON + 9 * MINUTE)
    assert until(key, TWO, now=NOON + 9 * MINUTE) == NOON + 10 * MINUTE


def test_a_full_limit_blocks_only_the_policies_that_name_it(key: str) -> None:
    """B21: after five unknown addresses, a known one is refused too."""
    limits.count(key, (FIVE,), NOON, blocked_by=(TWO,))
    limits.count(key, (TWO,), NOON)
    limits.count(key, (FIVE,), NOON, blocked_by=(TWO,))
    limits.count(key, (TWO,), NOON)

    assert until(key, FIVE, blocked_by=(TWO,)) == NOON + MINUTE
    limits.count(key, (FIVE,), NOON)
    limits.count(key, (FIVE,), NOON + MINUTE, blocked_by=(TWO,))
    limits.count(key, (FIVE,), NOON + MINUTE, blocked_by=(TWO,))
    assert until(key, FIVE, now=NOON + MINUTE, blocked_by=(TWO,)) == NOON + 10 * MINUTE


def test_asking_unless_counts_nothing(key: str) -> None:
    for _ in range(5):
        limits.count(key, (FIVE,), NOON, blocked_by=(TWO,))

    limits.count(key, (TWO,), NOON)
    limits.count(key, (TWO,), NOON)
    assert until(key, TWO) == NOON + MINUTE


def test_a_released_reservation_no_longer_counts(key: str) -> None:
    used = limits.count(key, REQUEST_LINK_PER_ADDRESS.limits, NOON)
    assert until(key, *REQUEST_LINK_PER_ADDRESS.limits) == NOON + MINUTE

    limits.release(used)

    limits.count(key, REQUEST_LINK_PER_ADDRESS.limits, NOON + 1)
    assert until(key, *REQUEST_LINK_PER_ADDRESS.limits, now=NOON + 59) == NOON + MINUTE


def test_a_reservation_released_twice_is_uncounted_once(key: str) -> None:
    mine, others = limits.count(key, (FIVE,), NOON), limits.count(key, (FIVE,), NOON)
    limits.release(mine)
    limits.release(others)
    limits.count(key, (FIVE,), NOON)

    limits.release(mine)

    for _ in range(4):
        limits.count(key, (FIVE,), NOON)
    assert until(key, FIVE) == NOON + 10 * MINUTE


def test_a_release_does_not_change_a_later_window(key: str) -> None:
    early = limits.count(key, (TWO,), NOON)
    limits.count(key, (TWO,), NOON + MINUTE)
    limits.count(key, (TWO,), NOON + MINUTE)

    limits.release(early)

    assert until(key, TWO, now=NOON + MINUTE) == NOON + 2 * MINUTE


def test_a_release_after_the_item_expired_creates_none(key: str, engine: Engine) -> None:
    limits.release(Reservation(key, "attempt", {"two": Window(1, NOON + MINUTE)}))

    assert key not in str(engine.items()["Budgets"])


def test_parallel_counts_and_releases_end_with_the_right_count(key: str) -> None:
    hundred = Limit("hundred", 100, MINUTE)
    used = [limits.count(key, (hundred,), NOON) for _ in range(20)]

    at_once(
        *(partial(limits.release, one) for one in used),
        *[partial(limits.count, key, (hundred,), NOON)] * 30,
    )

    for _ in range(70):
        limits.count(key, (hundred,), NOON)
    assert until(key, hundred) == NOON + MINUTE


def test_a_rate_limit_that_is_full_is_still_full_when_reserved_together_with_a_new_limit(key: str) -> None:
    """The minute of RESEND_COOLDOWN has ended, and the 15 minutes have not."""
    for press in range(3):
        limits.count(key, REQUEST_LINK_PER_ADDRESS.limits, NOON + press * MINUTE)

    assert until(key, *REQUEST_LINK_PER_ADDRESS.limits, now=NOON + 3 * MINUTE) == NOON + 15 * MINUTE
    with pytest.raises(RateLimited) as refused:
        limits.count(key, REQUEST_LINK_PER_ADDRESS.limits, NOON + 2 * MINUTE + 30)
    assert refused.value.limit == RESEND_COOLDOWN.name


def source_policy(limit: Limit, network_limit: Limit, key: str = "link") -> Policy:
    """Return a policy of a source, with one for its network."""
    network = Policy(Scope.NETWORK, ("network", key), (network_limit,))
    return Policy(Scope.SOURCE, ("source", key), (limit,), network=network)


def test_addresses_of_a_64_share_a_limit_and_so_do_those_of_a_48() -> None:
    site = f"2001:db8:{tokens.random_id()[:2].hex()}"
    policy = source_policy(TWO, Limit("network", 4, MINUTE))

    def count(source_ip: str) -> None:
        limits.count_source(policy, sources.parse(source_ip), NOON)

    count(f"{site}:1::1")
    count(f"{site}:1::2")
    with pytest.raises(RateLimited) as refused:
        count(f"{site}:1::3")
    assert refused.value.limit == TWO.name
    count(f"{site}:2::1")
    count(f"{site}:3::1")
    with pytest.raises(RateLimited) as refused:
        count(f"{site}:4::1")
    assert refused.value.limit == "network"


def test_a_network_with_too_many_guesses_blocks_its_other_sources() -> None:
    """B21: unknown addresses come from several subnets of a /48. Then a known address from another of its subnets is
    refused.
    """
    site = f"2001:db8:{tokens.random_id()[:2].hex()}"
    guesses = source_policy(TWO, Limit("wrong_network", 2, 5 * MINUTE), "ask")
    requests = source_policy(FIVE, FIVE, "ask")
    for subnet in (1, 2):
        limits.count_source(guesses, sources.parse(f"{site}:{subnet}::1"), NOON)

    with pytest.raises(RateLimited) as refused, limits.reserve(NOON) as reservations:
        reservations.add_source(requests, sources.parse(f"{site}:3::1"), blocked_by=guesses)
    assert (refused.value.limit, refused.value.until) == ("wrong_network", NOON + 5 * MINUTE)
    with limits.reserve(NOON + 5 * MINUTE) as reservations:
        reservations.add_source(requests, sources.parse(f"{site}:3::1"), blocked_by=guesses)


def test_sources_that_cannot_be_read_share_one_limit(key: str) -> None:
    policy = source_policy(Limit(key, 2, MINUTE), TWO)

    limits.count_source(policy, sources.parse(""), NOON)
    limits.count_source(policy, sources.parse("nonsense"), NOON)
    with pytest.raises(RateLimited):
        limits.count_source(policy, sources.parse("more nonsense"), NOON)


def test_a_reservation_is_released_when_an_outage_leaves_it_undecided(key: str) -> None:
    policy, undone = Policy(Scope.PRACTICE, (key,), (TWO,)), list[str]()

    def reserve(error: Exception) -> None:
        with limits.reserve(NOON) as reservations:
            reservations.add(policy, "willow")
            reservations.on_undecided(lambda: undone.append("undone"))
            raise error

    for _ in range(3):
        with pytest.raises(Unavailable):
            reserve(Unavailable())
    assert undone == ["undone"] * 3
    for _ in range(2):
        with pytest.raises(PinRefused):
            reserve(PinRefused())
    with pytest.raises(RateLimited):
        reserve(PinRefused())
    assert undone == ["undone"] * 3


def test_known_browsers_count_apart_and_then_with_all_others(key: str) -> None:
    policy = Policy(Scope.ADDRESS, (key,), (TWO,), known_browser_key=(key, "known"))
    shared = list[str]()

    def count(known: bool, now: int = NOON) -> None:
        with limits.reserve(now) as reservations:
            reservations.add_for_browser(policy, "ana", known=known, before_shared=lambda: shared.append("shared"))

    for _ in range(2):
        count(known=False)
    for _ in range(2):
        count(known=True, now=NOON + 10)
    assert shared == ["shared"] * 2
    batch = read_batch(limits.item_keys(policy, "ana"))
    assert limits.blocked_until(batch, policy, "ana", NOON + 10) == (NOON + MINUTE, NOON + MINUTE)
    with pytest.raises(RateLimited) as refused:
        count(known=True, now=NOON + 10)
    assert refused.value.until == NOON + MINUTE
    count(known=True, now=NOON + MINUTE)
    assert shared == ["shared"] * 4


def test_a_place_in_the_table_does_not_tell_who_is_counted_there() -> None:
    places = [limits.scope_key(*who) for who in (("source", "203.0.113.7"), ("source", "203.0.113.8"), ("", "willow"))]

    assert len(set(places)) == 3
    assert {len(place) for place in places} == {22}
    assert not any("willow" in place or "203" in str(tokens.base64url_decode(place)) for place in places)
