"""Real pages in headless Chromium, each browser with an empty profile of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium

from tests.browser import chromium
from tests.browser.chromium import Window
from tests.kit.live_portal import LivePortal, shared_portal


# not for the whole session: as long as Playwright runs, no other test can have an event loop
@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """The one process whose windows the tests of a module open."""
    with chromium.running() as started:
        yield started


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> LivePortal:
    """The one that all journeys share, by HTTP and in Chromium."""
    return shared_portal(request.config)


@pytest.fixture
def live_portal(shared: LivePortal) -> LivePortal:
    """The running portal, early on a day on which nothing has happened yet."""
    shared.new_day()
    return shared


@pytest.fixture
def window(browser: Chromium, live_portal: LivePortal) -> Iterator[Window]:
    """A phone's browser that has never been anywhere."""
    with chromium.window(browser, live_portal) as opened:
        yield opened


@pytest.fixture
def other_window(browser: Chromium, live_portal: LivePortal) -> Iterator[Window]:
    """Another device."""
    with chromium.window(browser, live_portal) as opened:
        yield opened
