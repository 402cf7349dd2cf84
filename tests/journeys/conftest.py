"""Journeys go over HTTP to the functions as they are deployed."""

import pytest

from tests.kit import live_portal as towns
from tests.kit.live_portal import Town


@pytest.fixture(scope="session")
def shared_town(request: pytest.FixtureRequest) -> Town:
    """The one that all journeys share, by HTTP and in Chromium."""
    return towns.shared(request.config)


@pytest.fixture
def town(shared_town: Town) -> Town:
    """The running portal, early on a day on which nothing has happened yet."""
    shared_town.new_day()
    return shared_town
