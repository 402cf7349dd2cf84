"""A portal on what another version left behind."""

from collections.abc import Iterator

import pytest
from moto import mock_aws
from moto.core.config import DefaultConfig

import latchkey
from tests.kit.portal import Cloud, Portal
from tests.upgrades import stored_state
from tests.upgrades.stored_state import Left

AS_WE_ARE: DefaultConfig = {"core": {"mock_credentials": False}}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with mock_aws(config=AS_WE_ARE):
        cloud = Cloud()
        stored_state.keep_rings(cloud)
        yield cloud


@pytest.fixture
def portal(cloud: Cloud) -> Iterator[Portal]:
    """The functions of this version, and nothing at rest."""
    stored_state.empty(cloud.tables)
    stored_state.keep_rings(cloud)
    cloud.put_back(set())
    with Portal(cloud).opened() as portal:
        yield portal


@pytest.fixture(scope="module")
def ours(cloud: Cloud) -> Left:
    """What this version leaves."""
    stored_state.empty(cloud.tables)
    cloud.put_back(set())
    with Portal(cloud).opened() as portal:
        left = stored_state.happen(portal)
    if not (stored_state.VERSIONS / f"{latchkey.__version__}.json").exists():
        stored_state.write(latchkey.__version__, left)
    return left
