"""The clinicians' function and the clients' functions on ministack, called in this process."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from latchkey import settings, tokens
from latchkey.mail import ses
from latchkey.rules.members import Role
from latchkey.settings import Settings
from latchkey.store import members, practices
from local import aws, processes
from local.stack import MINISTACK
from tests.api.cloud import MinistackCloud
from tests.kit import sam_template, transports
from tests.kit.browser import Browser
from tests.kit.clinician import ISSUER, OAUTH_CLIENT, ClinicianApi
from tests.kit.clock import Clock
from tests.kit.seed import HARBOR, WILLOW


@dataclass(frozen=True, slots=True)
class CloudWithTables:
    """A cloud with the template's tables, a queue and keys, and the settings for them."""

    cloud: MinistackCloud
    url: str
    config: Settings


@pytest.fixture(scope="session")
def cloud_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudWithTables]:
    folder = tmp_path_factory.mktemp("clinicians")
    with asyncio.Runner() as runner:
        process, url = runner.run(aws.start_ministack(MINISTACK, folder, folder / "log"))
        try:
            cloud = MinistackCloud(aws.Address(url, url).client)
            sam_template.create_tables(cloud.client("dynamodb"))
            ring = json.dumps({"current": "1", "1": "k" * 64})
            secrets = cloud.client("secretsmanager")
            arns = {
                f"{name}_key_arn": secrets.create_secret(Name=name, SecretString=ring)["ARN"]
                for name in ("lookup", "cookie", "link", "pin")
            }
            config = replace(
                settings.load(),
                mail_queue_url=cloud.queue,
                import_queue_url=cloud.import_queue,
                token_issuer=ISSUER,
                token_client_ids=(OAUTH_CLIENT,),
                token_scope="latchkey/admin",
                **arns,
            )
            yield CloudWithTables(cloud, url, config)
        finally:
            runner.run(processes.stop(process))


@pytest.fixture(scope="module")
def cloud(cloud_with_tables: CloudWithTables) -> Iterator[MinistackCloud]:
    """Yield the cloud that the functions of this process use until the end of the module."""
    with pytest.MonkeyPatch.context() as patch, transports.calling(cloud_with_tables.url):
        patch.setattr(settings, "load", lambda: cloud_with_tables.config)
        patch.setattr(ses, "send", cloud_with_tables.cloud.accept_mail)
        # other tests check how slow PBKDF2 is
        patch.setattr(tokens, "PIN_ROUNDS", 1000)
        with cloud_with_tables.cloud.called() as cloud:
            yield cloud


@pytest.fixture(autouse=True)
def _empty(cloud: MinistackCloud) -> None:
    """Store two practices with their members, and nothing else."""
    cloud.put_back(_seed)


def _seed() -> None:
    for practice in (WILLOW, HARBOR):
        practices.save(practice)
        members.set_role(practice.slug, f"dr-{practice.slug}", Role.CLINICIAN)
        members.set_role(practice.slug, f"head-{practice.slug}", Role.ADMIN)
    members.set_role("*", "operator", Role.OPERATOR)


@pytest.fixture
def clock(cloud: MinistackCloud) -> Clock:
    return cloud.clock


@pytest.fixture
def clinician(cloud: MinistackCloud) -> ClinicianApi:
    """Return the API as a clinician of Willow calls it."""
    return cloud.clinician("dr-willow")


@pytest.fixture
def admin(cloud: MinistackCloud) -> ClinicianApi:
    """Return the API as Willow's administrator calls it."""
    return cloud.clinician("head-willow")


@pytest.fixture
def operator(cloud: MinistackCloud) -> ClinicianApi:
    """Return the API as the operator of the stack calls it."""
    return cloud.clinician("operator")


@pytest.fixture
def browser(cloud: MinistackCloud) -> Browser:
    """Return a browser without cookies."""
    return cloud.browser()
