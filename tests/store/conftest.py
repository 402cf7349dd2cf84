"""Fixtures: two engines in place of DynamoDB, ministack and AWS's own DynamoDB Local."""

from collections.abc import Iterator

import pytest

from latchkey import tokens
from latchkey.settings import Transport
from local import aws
from local.stack import DYNAMODB_LOCAL, MINISTACK
from tests.kit import sam_template, transports
from tests.store.engines import Engine, running

TRANSPORTS: dict[str, tuple[str, Transport]] = {
    "ministack": ("ministack", "lean"),
    "dynamodb_local": ("dynamodb_local", "lean"),
    "dynamodb_local-botocore": ("dynamodb_local", "botocore"),
}
"""Engine and transport of each case, by its name."""


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("ministack")
    yield from running(lambda: aws.start_ministack(MINISTACK, folder, folder / "log"))


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("dynamodb-local")
    jar = next(DYNAMODB_LOCAL.glob("*/DynamoDBLocal.jar"))
    yield from running(lambda: aws.start_dynamodb_local(jar, folder, folder / "log"))


@pytest.fixture(scope="module", autouse=True, params=TRANSPORTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Yield the engine that the store calls."""
    name, transport = TRANSPORTS[request.param]
    running: Engine = request.getfixturevalue(name)
    sam_template.delete_items(running.client)
    with transports.calling(running.url, transport=transport), pytest.MonkeyPatch.context() as patch:
        # other tests check how slow PBKDF2 is
        patch.setattr(tokens, "PIN_ROUNDS", 1000)
        yield running
