"""Fixtures of the console over HTTP, with the user pool's own sign-in pages."""

import pytest

from tests.console.staff_browser import StaffBrowser
from tests.kit.live_portal import LivePortal, shared_portal


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> LivePortal:
    """Return the portal that all tests over HTTP share."""
    return shared_portal(request.config)


@pytest.fixture
def live_portal(shared: LivePortal) -> LivePortal:
    """Return the running portal on a new day, on which every rate limit is open."""
    shared.new_day()
    return shared


@pytest.fixture
def lee(live_portal: LivePortal) -> StaffBrowser:
    """Return the browser of Dr. Lee, a clinician of Willow, who is signed in."""
    browser = StaffBrowser(live_portal)
    browser.sign_in_as("dr.lee@willow.example")
    return browser


@pytest.fixture
def desk(live_portal: LivePortal) -> StaffBrowser:
    """Return the browser of the front desk, an admin of both practices, who is signed in."""
    browser = StaffBrowser(live_portal)
    browser.sign_in_as("front.desk@willow.example")
    return browser
