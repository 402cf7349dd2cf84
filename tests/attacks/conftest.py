"""Fixtures: a running portal for attacks alone, because full rate limits would disturb other tests."""

from collections.abc import Iterator

import pytest

from tests.functions.conftest import cloud, portal  # noqa: F401 - what needs no crowd happens there
from tests.kit.live_portal import LivePortal, running_portal


@pytest.fixture(scope="package")
def place() -> Iterator[LivePortal]:
    """Yield the portal that all attacks share."""
    with running_portal() as live_portal:
        yield live_portal


@pytest.fixture
def live_portal(place: LivePortal) -> LivePortal:
    """Return the portal on a new day, on which every rate limit is open."""
    place.new_day()
    return place
