"""Tests of stored practices: read as they were saved, and cached."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from latchkey import aws, settings, tokens
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import PracticeUnknown
from latchkey.store import practices
from latchkey.store.dynamodb import OUTAGES
from tests.kit import caches
from tests.kit.aws_faults import AwsFaults, Fault
from tests.kit.clock import NOON
from tests.kit.seed import HARBOR, WILLOW
from tests.kit.sockets import BEHAVIOURS, Behaviour, listening


@pytest.fixture
def slug() -> str:
    """Return a slug that no test has read yet."""
    return f"practice-{tokens.random_id().hex()}"[:40]


@pytest.fixture
def cached_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    caches.empty(practices)
    fields = replace(settings.load(), practice_cache_seconds=30)
    monkeypatch.setattr(settings, "load", lambda: fields)


@pytest.mark.parametrize("practice", [WILLOW, HARBOR, Practice("bare", "Bare")], ids=lambda practice: practice.slug)
def test_a_practice_is_read_as_it_was_stored(practice: Practice) -> None:
    practices.save(practice)

    assert practices.get_cached(practice.slug, NOON) == practice


@pytest.mark.parametrize(
    "slug", ["nobody", "", "ab", "-willow", "Willow", "wil low", "willow\n", "a" * 41, "é" * 5, ".."]
)
def test_a_name_that_no_practice_has_is_unknown(slug: str) -> None:
    with pytest.raises(PracticeUnknown):
        practices.get_cached(slug, NOON)


@pytest.mark.usefixtures("cached_for_half_a_minute")
def test_a_change_is_seen_after_half_a_minute_at_the_latest(slug: str) -> None:
    practices.save(replace(WILLOW, slug=slug, phone="old"))
    assert practices.get_cached(slug, NOON).phone == "old"
    practices.save(replace(WILLOW, slug=slug, phone="new"))

    assert practices.get_cached(slug, NOON + 29).phone == "old"
    assert practices.get_cached(slug, NOON + 30).phone == "new"


@pytest.mark.usefixtures("cached_for_half_a_minute")
def test_a_practice_that_is_created_is_seen_at_once(slug: str) -> None:
    with pytest.raises(PracticeUnknown):
        practices.get_cached(slug, NOON)
    practices.save(replace(WILLOW, slug=slug))

    assert practices.get_cached(slug, NOON).slug == slug


# ── outages of the table ──


@pytest.fixture
def faults() -> Iterator[AwsFaults]:
    with AwsFaults().listening(aws.client("dynamodb")) as tapped:
        yield tapped


@pytest.mark.usefixtures("cached_for_half_a_minute")
def test_a_practice_is_used_for_an_hour_while_it_cannot_be_read(slug: str, faults: AwsFaults) -> None:
    practices.save(replace(WILLOW, slug=slug))
    practices.get_cached(slug, NOON)
    faults.refuse("GetItem", "ProvisionedThroughputExceededException", times=100)

    assert practices.get_cached(slug, NOON + 30 + 3599).slug == slug
    with pytest.raises(OUTAGES):
        practices.get_cached(slug, NOON + 30 + 3600)


@pytest.mark.usefixtures("cached_for_half_a_minute")
def test_a_practice_that_cannot_be_read_is_requested_twice_a_minute(slug: str, faults: AwsFaults) -> None:
    practices.save(replace(WILLOW, slug=slug))
    practices.get_cached(slug, NOON)
    faults.refuse("GetItem", "ProvisionedThroughputExceededException", times=100)

    for second in range(30, 90):
        practices.get_cached(slug, NOON + second)
    assert faults.operations().count("GetItem") == 3


@pytest.mark.usefixtures("cached_for_half_a_minute")
def test_a_practice_that_is_gone_is_unknown_though_it_was_read(slug: str, faults: AwsFaults) -> None:
    practices.save(replace(WILLOW, slug=slug))
    practices.get_cached(slug, NOON)
    practices.PracticeItem(slug).delete()

    for _ in range(2):
        with pytest.raises(PracticeUnknown):
            practices.get_cached(slug, NOON + 30)
    faults.refuse("GetItem", "ProvisionedThroughputExceededException", times=100)
    with pytest.raises(OUTAGES):
        practices.get_cached(slug, NOON + 60)


@pytest.mark.usefixtures("cached_for_half_a_minute")
def test_a_name_that_was_never_read_is_no_practice_of_an_outage(slug: str, faults: AwsFaults) -> None:
    faults.refuse("GetItem", "ProvisionedThroughputExceededException", times=100)
    with pytest.raises(OUTAGES):
        practices.get_cached(slug, NOON)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.usefixtures("cached_for_half_a_minute")
def test_a_table_outage_delays_one_request_in_30_seconds_by_a_second(
    slug: str, faults: AwsFaults, behaviour: Behaviour
) -> None:
    practices.save(replace(WILLOW, slug=slug))
    practices.get_cached(slug, NOON)
    with listening(behaviour) as url, faults.injecting(lambda *_: Fault(url=url), lambda _: None):
        began = time.monotonic()
        assert {practices.get_cached(slug, NOON + second).slug for second in range(30, 60)} == {slug}
        assert time.monotonic() - began < 4  # the machine may be busy
