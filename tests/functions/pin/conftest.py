"""Fixtures of the tests of PINs."""

import pytest

from tests.kit.portal import Portal
from tests.kit.seed import key_of


@pytest.fixture
def ana(portal: Portal) -> bytes:
    """Return the key of Ana's account."""
    return key_of(portal, "willow", "ana@example.com")
