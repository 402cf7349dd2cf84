"""Real pages in headless Chromium, each browser with an empty profile of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium

from tests.browser import chromium
from tests.browser.chromium import Window
from tests.kit import live_portal as towns
from tests.kit.live_portal import Town


# not for the whole session: as long as Playwright runs, no other test can have an event loop
@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """The one process whose windows the tests of a module open."""
    with chromium.running() as started:
        yield started


@pytest.fixture(scope="session")
def shared_town(request: pytest.FixtureRequest) -> Town:
    """The one that all journeys share, by HTTP and in Chromium."""
    return towns.shared(request.config)


@pytest.fixture
def town(shared_town: Town) -> Town:
    """The running portal, early on a day on which nothing has happened yet."""
    shared_town.new_day()
    return shared_town


@pytest.fixture
def window(browser: Chromium, town: Town) -> Iterator[Window]:
    """A phone's browser that has never been anywhere."""
    with chromium.window(browser, town) as opened:
        yield opened


@pytest.fixture
def other_window(browser: Chromium, town: Town) -> Iterator[Window]:
    """Another device."""
    with chromium.window(browser, town) as opened:
        yield opened
