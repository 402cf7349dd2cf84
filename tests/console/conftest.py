"""The console over HTTP, with the user pool's own sign-in pages."""

import pytest

from tests.console.staff_browser import StaffBrowser
from tests.kit.live_portal import LivePortal, shared_portal


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> LivePortal:
    """The one that all journeys share."""
    return shared_portal(request.config)


@pytest.fixture
def live_portal(shared: LivePortal) -> LivePortal:
    """The running portal, early on a day on which nothing has happened yet."""
    shared.new_day()
    return shared


@pytest.fixture
def lee(live_portal: LivePortal) -> StaffBrowser:
    """Dr. Lee, a clinician of Willow, signed in."""
    browser = StaffBrowser(live_portal)
    browser.sign_in_as("dr.lee@willow.example")
    return browser


@pytest.fixture
def desk(live_portal: LivePortal) -> StaffBrowser:
    """The front desk, an admin of both practices, signed in."""
    browser = StaffBrowser(live_portal)
    browser.sign_in_as("front.desk@willow.example")
    return browser
