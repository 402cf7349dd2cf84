"""Fixtures: a portal on the stored state of another version."""

from collections.abc import Iterator

import pytest

import latchkey
from tests.kit import sam_template
from tests.kit.cloud import Cloud, mocked_aws
from tests.kit.portal import Portal
from tests.upgrades import stored_state
from tests.upgrades.stored_state import StoredState


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with mocked_aws():
        cloud = Cloud()
        stored_state.keep_rings(cloud)
        yield cloud


@pytest.fixture
def portal(cloud: Cloud) -> Iterator[Portal]:
    """Yield a portal of this version with empty tables."""
    sam_template.delete_items(cloud.tables)
    stored_state.keep_rings(cloud)
    cloud.put_back(set())
    with Portal(cloud).opened() as portal:
        yield portal


@pytest.fixture(scope="module")
def expected(cloud: Cloud) -> StoredState:
    """Return the state that this version stores."""
    sam_template.delete_items(cloud.tables)
    cloud.put_back(set())
    with Portal(cloud).opened() as portal:
        left = stored_state.create_state(portal)
    if not (stored_state.VERSIONS / f"{latchkey.__version__}.json").exists():
        stored_state.write(latchkey.__version__, left)
    return left
