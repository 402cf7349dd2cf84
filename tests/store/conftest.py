"""Two real engines, one after the other: ministack, and AWS's own DynamoDB Local."""

from collections.abc import Iterator

import pytest

from latchkey.store.dynamodb import connection
from local import aws
from local.stack import DYNAMODB_LOCAL, MINISTACK
from tests.store.engines import Engine, running

PATIENCE_SECONDS = 20
"""A busy machine is slow; how long a caller waits for it is not what is tested here."""


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("ministack")
    yield from running(lambda: aws.start_ministack(MINISTACK, folder, folder / "log"))


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("dynamodb-local")
    jar = next(DYNAMODB_LOCAL.glob("*/DynamoDBLocal.jar"))
    yield from running(lambda: aws.start_dynamodb_local(jar, folder, folder / "log"))


@pytest.fixture(scope="module", autouse=True, params=["ministack", "dynamodb_local"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The engine that the store speaks to."""
    running: Engine = request.getfixturevalue(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "host", running.url)
        patch.setattr(connection, "_read_timeout_seconds", PATIENCE_SECONDS)
        patch.setattr(connection, "_client", None)
        yield running
