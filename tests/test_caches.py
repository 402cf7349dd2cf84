"""Tests of the cache. A value is read once while it is fresh, refreshed within a second, and used an hour longer in an
outage.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

import pytest

from latchkey import caches
from latchkey.caches import PAUSE_SECONDS, REFRESH_SECONDS, RETRY_SECONDS, STALE_SECONDS, Cache

FRESH = 300.0
START = 1_000_000.0


class Down(Exception):
    """Raised when the source cannot be read."""


@dataclass
class Source:
    """A source of one value, with a simulated clock and a cache."""

    value: str = "old"
    reads: int = 0
    now: float = START
    behaves: Callable[[], None] = lambda: None
    cache: Cache[str] = field(default_factory=lambda: Cache[str]((Down,)))

    def read(self) -> str:
        """Return the value after `behaves` has run."""
        self.reads += 1
        self.behaves()
        return self.value

    def get(self, name: str = "one") -> str:
        """Return the value as a request gets it from the cache."""
        return self.cache.get(name, self.now, self.read, lambda _: FRESH)

    def is_stale(self) -> None:
        """Read the value, and let it become too old to be fresh."""
        self.get()
        self.value, self.now, self.reads = "new", self.now + FRESH, 0


def down() -> None:
    """Fail at once."""
    raise Down


def broken() -> None:
    """Fail by a programming error."""
    _ = 1 / 0


def until(over: Event) -> Callable[[], None]:
    """Return a function that waits for the event."""

    def wait() -> None:
        over.wait(30)

    return wait


@pytest.fixture
def source() -> Source:
    return Source()


def test_a_value_is_read_once_while_it_is_fresh(source: Source) -> None:
    source.get()
    source.now += FRESH - 1
    source.value = "new"
    assert (source.get(), source.reads) == ("old", 1)
    source.now += 1
    assert (source.get(), source.reads) == ("new", 2)


def test_a_value_that_was_never_read_is_an_error(source: Source) -> None:
    source.behaves = down
    for _ in range(2):
        with pytest.raises(Down):
            source.get()
    assert source.reads == 2


def test_a_value_is_used_for_an_hour_while_it_cannot_be_read(source: Source) -> None:
    source.get()
    source.behaves = down
    source.now = START + FRESH + STALE_SECONDS - 1
    assert source.get() == "old"
    source.now += 1
    with pytest.raises(Down):
        source.get()


def test_after_a_refresh_that_failed_nobody_asks_for_half_a_minute(source: Source) -> None:
    source.is_stale()
    source.behaves = down
    for _ in range(RETRY_SECONDS):
        assert source.get() == "old"
        source.now += 1
    assert source.reads == 1
    source.behaves = lambda: None
    assert (source.get(), source.reads) == ("new", 2)


def test_after_a_refresh_that_worked_the_next_one_may_follow(source: Source) -> None:
    source.is_stale()
    source.behaves = down
    source.get()
    source.now += RETRY_SECONDS
    source.behaves = lambda: None
    source.get()
    source.now += FRESH
    source.value = "newest"
    assert source.get() == "newest"


def test_no_request_waits_for_two_refreshes_of_one_source(source: Source) -> None:
    """One response may need three keys, and all become old at the same time."""
    for name in ("one", "two", "three"):
        source.get(name)
    source.now, source.reads, source.behaves = START + FRESH, 0, down
    for second in range(PAUSE_SECONDS):
        source.now = START + FRESH + second
        assert {source.get(name) for name in ("one", "two", "three")} == {"old"}
    assert source.reads == 1


def test_one_thing_that_stays_unreadable_does_not_keep_the_others_old(source: Source) -> None:
    for name in ("one", "two"):
        source.get(name)
    source.now, source.behaves = START + FRESH, down
    source.get("one")
    source.now, source.behaves, source.value = source.now + PAUSE_SECONDS, lambda: None, "new"
    assert source.get("two") == "new"


def test_a_refresh_that_never_ends_delays_one_read_by_a_second(source: Source) -> None:
    source.is_stale()
    over = Event()
    source.behaves = until(over)
    began = time.monotonic()
    assert [source.get() for _ in range(50)] == ["old"] * 50
    assert REFRESH_SECONDS <= time.monotonic() - began < 4 * REFRESH_SECONDS
    over.set()


def test_while_one_refresh_is_under_way_no_other_one_begins(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a source that never finishes would need another thread every half minute."""
    monkeypatch.setattr(caches, "REFRESH_SECONDS", 0.05)
    source.is_stale()
    over = Event()
    source.behaves = until(over)
    for _ in range(5):
        assert source.get() == "old"
        source.now += RETRY_SECONDS
    assert source.reads == 1
    over.set()


def test_a_late_refresh_serves_the_next_request(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "REFRESH_SECONDS", 0.05)
    source.is_stale()
    over = Event()
    source.behaves = until(over)
    assert source.get() == "old"
    over.set()
    deadline = time.monotonic() + 5
    while source.get() == "old" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (source.get(), source.reads) == ("new", 1)


def test_a_late_refresh_does_not_restore_a_forgotten_value(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "REFRESH_SECONDS", 0.05)
    source.is_stale()
    over = Event()
    source.behaves = until(over)
    source.get()
    source.cache.forget("one")
    over.set()
    source.behaves, source.value = lambda: None, "changed"
    assert source.get() == "changed"
    time.sleep(0.05)
    assert source.get() == "changed"


def test_errors_that_are_no_outage_of_the_source_are_raised(source: Source) -> None:
    source.is_stale()
    source.behaves = broken
    with pytest.raises(ZeroDivisionError):
        source.get()


def test_a_clock_that_is_set_back_makes_nothing_fresh_for_longer(source: Source) -> None:
    source.get()
    source.value = "new"
    source.now = START - FRESH
    assert source.get() == "new"
