"""Fixtures of the tests of reports by SES."""

import pytest

from latchkey.rules.accounts import AccountKey
from tests.kit.portal import Portal
from tests.kit.seed import key_of


@pytest.fixture
def ana(portal: Portal) -> AccountKey:
    """Return the key of Ana's account."""
    return key_of(portal, "willow", "ana@example.com")
