"""A town of its own, so that what is left of a siege is in nobody's way."""

from collections.abc import Iterator

import pytest

from tests.functions.conftest import cloud, portal  # noqa: F401 - what needs no crowd happens there
from tests.kit import live_portal as towns
from tests.kit.live_portal import Town


@pytest.fixture(scope="package")
def place() -> Iterator[Town]:
    """It, for all who lay siege to it."""
    with towns.raised() as town:
        yield town


@pytest.fixture
def town(place: Town) -> Town:
    """It, early on a day on which nothing has happened yet."""
    place.new_day()
    return place
