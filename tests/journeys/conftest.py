"""Fixtures of journeys, which use HTTP and the functions as they are deployed."""

import pytest

from tests.kit.live_portal import LivePortal, shared_portal


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> LivePortal:
    """Return the portal that all tests over HTTP and in Chromium share."""
    return shared_portal(request.config)


@pytest.fixture
def live_portal(shared: LivePortal) -> LivePortal:
    """Return the running portal on a new day, on which every rate limit is open."""
    shared.new_day()
    return shared
