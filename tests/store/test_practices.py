"""Practices: kept whole, and read at most so often."""

from dataclasses import replace

import pytest

from latchkey import settings, tokens
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import PracticeUnknown
from latchkey.store import practices
from tests.people import HARBOR, NOON, WILLOW


@pytest.fixture
def slug() -> str:
    """A name that nobody has read yet."""
    return f"practice-{tokens.request_id().hex()}"[:40]


@pytest.fixture
def kept_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    told = replace(settings.load(), practice_cache_seconds=30)
    monkeypatch.setattr(settings, "load", lambda: told)


@pytest.mark.parametrize("practice", [WILLOW, HARBOR, Practice("bare", "Bare")], ids=lambda practice: practice.slug)
def test_a_practice_is_read_as_it_was_kept(practice: Practice) -> None:
    practices.save(practice)

    assert practices.load(practice.slug, NOON) == practice


@pytest.mark.parametrize(
    "slug", ["nobody", "", "ab", "-willow", "Willow", "wil low", "willow\n", "a" * 41, "é" * 5, ".."]
)
def test_a_name_that_no_practice_has_is_unknown(slug: str) -> None:
    with pytest.raises(PracticeUnknown):
        practices.load(slug, NOON)


@pytest.mark.usefixtures("kept_for_half_a_minute")
def test_a_change_is_seen_after_half_a_minute_at_the_latest(slug: str) -> None:
    practices.save(replace(WILLOW, slug=slug, phone="old"))
    assert practices.load(slug, NOON).phone == "old"
    practices.save(replace(WILLOW, slug=slug, phone="new"))

    assert practices.load(slug, NOON + 29).phone == "old"
    assert practices.load(slug, NOON + 30).phone == "new"


@pytest.mark.usefixtures("kept_for_half_a_minute")
def test_a_practice_that_is_created_is_seen_at_once(slug: str) -> None:
    with pytest.raises(PracticeUnknown):
        practices.load(slug, NOON)
    practices.save(replace(WILLOW, slug=slug))

    assert practices.load(slug, NOON).slug == slug
