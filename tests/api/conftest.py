"""A practice at work: the clinicians' function and the clients' on one AWS, each called as Lambda calls it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from latchkey import aws as ours
from latchkey import settings, tokens
from latchkey.mail import ses
from latchkey.rules.members import Role
from latchkey.settings import Settings
from latchkey.store import members, practices
from latchkey.store.dynamodb import connection
from local import aws, processes
from local.stack import MINISTACK
from tests.api.scene import ISSUER, Desk, Portal, Stage
from tests.kit import sam_template
from tests.kit.seed import HARBOR, WILLOW

PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class House:
    """AWS with the template's tables, a queue and keys; nothing on it yet."""

    stage: Stage
    url: str
    told: Settings
    """What the clinicians' function is told of it."""


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("clinicians")
    with asyncio.Runner() as runner:
        process, url = runner.run(aws.start_ministack(MINISTACK, folder, folder / "log"))
        try:
            made = Stage(aws.Address(url, url).client)
            sam_template.create_tables(made.client("dynamodb"))
            ring = json.dumps({"current": "1", "1": "k" * 64})
            secrets = made.client("secretsmanager")
            arns = {
                f"{name}_key_arn": secrets.create_secret(Name=name, SecretString=ring)["ARN"]
                for name in ("lookup", "cookie", "link", "pin")
            }
            told = replace(
                settings.load(),
                mail_queue_url=made.queue,
                token_issuer=ISSUER,
                token_client_ids=("desk",),
                token_scope="latchkey/admin",
                **arns,
            )
            yield House(made, url, told)
        finally:
            runner.run(processes.stop(process))


@pytest.fixture(scope="module")
def stage(house: House) -> Iterator[Stage]:
    """The functions of this process at work in the house, until the module's last test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "load", lambda: house.told)
        patch.setattr(ours, "service_client", house.stage.client)
        patch.setattr(ses, "send", house.stage.send)
        # how long a PIN is stretched is another test's affair
        patch.setattr(tokens, "PIN_ROUNDS", 1000)
        patch.setattr(connection, "host", house.url)
        patch.setattr(connection, "_read_timeout_seconds", PATIENCE_SECONDS)
        patch.setattr(connection, "_client", None)
        yield house.stage


@pytest.fixture(autouse=True)
def _empty(stage: Stage) -> None:
    """Two practices and who works there; nothing else, before each test."""
    stage.empty()
    for practice in (WILLOW, HARBOR):
        practices.save(practice)
        members.set_role(practice.slug, f"dr-{practice.slug}", Role.CLINICIAN)
        members.set_role(practice.slug, f"head-{practice.slug}", Role.ADMIN)
    members.set_role("*", "operator", Role.OPERATOR)


@pytest.fixture
def desk() -> Desk:
    """A clinician of Willow at work."""
    return Desk("dr-willow")


@pytest.fixture
def head() -> Desk:
    """Willow's administrator."""
    return Desk("head-willow")


@pytest.fixture
def operator() -> Desk:
    """Who runs the stack."""
    return Desk("operator")


@pytest.fixture
def portal(stage: Stage) -> Portal:
    """The clients' side of Willow, with an empty browser."""
    return Portal(stage)
