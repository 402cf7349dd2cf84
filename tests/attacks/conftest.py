"""A town of its own, so that what is left of a siege is in nobody's way."""

from collections.abc import Iterator

import pytest

from tests.functions.conftest import cloud, portal  # noqa: F401 - what needs no crowd happens there
from tests.kit.live_portal import LivePortal, running_portal


@pytest.fixture(scope="package")
def place() -> Iterator[LivePortal]:
    """It, for all who lay siege to it."""
    with running_portal() as live_portal:
        yield live_portal


@pytest.fixture
def live_portal(place: LivePortal) -> LivePortal:
    """It, early on a day on which nothing has happened yet."""
    place.new_day()
    return place
