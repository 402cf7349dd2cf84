"""Fixtures of the tests of sessions."""

import pytest

from tests.functions.session.people import MARIA
from tests.kit.browser import Browser


@pytest.fixture
def ana(browser: Browser) -> Browser:
    """Return the browser in which Ana is signed in."""
    browser.sign_in("ana@example.com")
    return browser


@pytest.fixture
def maria(browser: Browser) -> Browser:
    """Return the browser in which Maria is signed in, who has several profiles."""
    browser.sign_in(MARIA)
    return browser
