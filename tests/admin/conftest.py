"""A practice at work: the clinicians' function and the clients' on one AWS, each called as Lambda calls it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from latchkey import aws as ours
from latchkey import settings, tokens
from latchkey.mail import ses
from latchkey.rules.members import Role
from latchkey.store import members, practices
from latchkey.store.tables import connection
from local import aws, processes
from local.stack import MINISTACK
from tests import template
from tests.admin.scene import ISSUER, Desk, Portal, Stage
from tests.people import HARBOR, WILLOW

PATIENCE_SECONDS = 20


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """AWS with the template's tables, a queue and keys; nothing on it yet."""
    folder = tmp_path_factory.mktemp("clinicians")
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as patch:
        process, url = runner.run(aws.start_ministack(MINISTACK, folder, folder / "log"))
        try:
            made = Stage(aws.Address(url, url).client)
            template.create_tables(made.client("dynamodb"))
            told = settings.load()
            ring = json.dumps({"current": "1", "1": "k" * 64})
            secrets = made.client("secretsmanager")
            arns = {
                f"{name}_key_arn": secrets.create_secret(Name=name, SecretString=ring)["ARN"]
                for name in ("lookup", "cookie", "link", "pin")
            }
            patched = replace(
                told,
                mail_queue_url=made.queue,
                token_issuer=ISSUER,
                token_client_ids=("desk",),
                token_scope="latchkey/admin",
                **arns,
            )
            patch.setattr(settings, "load", lambda: patched)
            patch.setattr(ours, "client", made.client)
            patch.setattr(ses, "send", made.send)
            # how long a PIN is stretched is another test's affair
            patch.setattr(tokens, "PIN_ROUNDS", 1000)
            patch.setattr(connection, "host", url)
            patch.setattr(connection, "_read_timeout_seconds", PATIENCE_SECONDS)
            patch.setattr(connection, "_client", None)
            yield made
        finally:
            runner.run(processes.stop(process))


@pytest.fixture(autouse=True)
def _empty(stage: Stage) -> None:
    """Two practices and who works there; nothing else, before each test."""
    stage.empty()
    for practice in (WILLOW, HARBOR):
        practices.save(practice)
        members.add(practice.slug, f"dr-{practice.slug}", Role.CLINICIAN)
        members.add(practice.slug, f"head-{practice.slug}", Role.ADMIN)
    members.add("*", "operator", Role.OPERATOR)


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
