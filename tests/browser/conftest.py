"""Fixtures: headless Chromium, the running portal, and windows with empty profiles."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium

from tests.browser import chromium
from tests.browser.chromium import PageWindows, Window
from tests.kit.live_portal import LivePortal, shared_portal


# Not for the whole session: while Playwright runs, no other test can have an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Chromium]:
    """Yield the Chromium process of this package's tests."""
    with chromium.running() as started:
        yield started


@pytest.fixture(scope="package")
def page_windows(browser: Chromium) -> PageWindows:
    """Return the windows of tests that look at a page."""
    return PageWindows(browser)


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> LivePortal:
    """Return the portal that all tests over HTTP and in Chromium share."""
    return shared_portal(request.config)


@pytest.fixture
def live_portal(shared: LivePortal) -> LivePortal:
    """Return the running portal on a new day, on which every rate limit is open."""
    shared.new_day()
    return shared


@pytest.fixture
def window(browser: Chromium, live_portal: LivePortal) -> Iterator[Window]:
    """Yield a phone's browser with an empty profile."""
    with chromium.window(browser, live_portal) as opened:
        yield opened


@pytest.fixture
def other_window(browser: Chromium, live_portal: LivePortal) -> Iterator[Window]:
    """Yield the browser of another device."""
    with chromium.window(browser, live_portal) as opened:
        yield opened
