"""Fixtures of the tests of opened links."""

import pytest

from tests.kit.browser import Browser


@pytest.fixture
def path(browser: Browser) -> str:
    """Return the path of Ana's link, which `browser` requested."""
    return browser.link("ana@example.com")
