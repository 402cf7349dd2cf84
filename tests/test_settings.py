"""Tests of the settings: values that the template may set, and values that are refused."""

from collections.abc import Iterator

import pytest

from latchkey import settings


@pytest.fixture(autouse=True)
def unread() -> Iterator[None]:
    """Empty the cache of settings, as in a function that has just started."""
    settings.load.cache_clear()
    yield
    settings.load.cache_clear()


@pytest.mark.parametrize(("hours", "seconds"), [("1", 3600), ("24", 86_400)])
def test_a_link_lives_from_one_to_twenty_four_hours(monkeypatch: pytest.MonkeyPatch, hours: str, seconds: int) -> None:
    """B33"""
    monkeypatch.setenv("LINK_HOURS", hours)

    assert settings.load().link_seconds == seconds


@pytest.mark.parametrize("hours", ["0", "25", "-1", "", "1.5", "a day"])
def test_link_hours_are_limited_to_24(monkeypatch: pytest.MonkeyPatch, hours: str) -> None:
    """B33: a function with such a value does not start."""
    monkeypatch.setenv("LINK_HOURS", hours)

    with pytest.raises(ValueError, match=r"LINK_HOURS|invalid literal"):
        settings.load()


def test_a_link_lives_a_day_unless_the_stack_says_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINK_HOURS", raising=False)

    assert settings.load().link_seconds == 86_400


def test_what_a_function_was_not_given_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINKS_TABLE", raising=False)

    assert settings.load().links_table == ""
    assert settings.load().lookup_key_arn == ""


@pytest.mark.parametrize(
    ("text", "fields"), [("", ()), ("A.b", ("A.b",)), (" A.b , C.d ,", ("A.b", "C.d")), (",,", ())]
)
def test_lists_are_parted_by_commas(monkeypatch: pytest.MonkeyPatch, text: str, fields: tuple[str, ...]) -> None:
    monkeypatch.setenv("APPLE_APP_IDS", text)

    assert settings.load().apple_app_ids == fields
