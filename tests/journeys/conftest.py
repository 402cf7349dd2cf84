"""Journeys go over HTTP to the functions as they are deployed."""

import pytest

from tests.kit.live_portal import LivePortal, shared_portal


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> LivePortal:
    """The one that all journeys share, by HTTP and in Chromium."""
    return shared_portal(request.config)


@pytest.fixture
def live_portal(shared: LivePortal) -> LivePortal:
    """The running portal, early on a day on which nothing has happened yet."""
    shared.new_day()
    return shared
