"""The resources that the template declares, on moto."""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from moto import mock_aws
from moto.core.config import DefaultConfig

from tests.kit import caches, moto_endpoint, moto_queues, moto_speed, moto_tables, sam_template
from tests.kit.gateway_events import ORIGIN

PARAMETERS = {"PortalOrigin": ORIGIN, "SenderDomain": "mail.example.com", "PracticeCacheSeconds": "0"}


class Cloud:
    """The resources that the template declares, on moto."""

    def __init__(self) -> None:
        self.tables: Any = boto3_client("dynamodb")
        self.names = {"Configuration": "1", "ConfigurationSet": "ConfigurationSet"}
        """Physical ids and parameter values, by logical id."""
        self._restore: Callable[[Iterable[str]], None] = lambda _: None
        sam_template.create_tables(self.tables)
        self.names |= {table: table for table in sam_template.resources("AWS::DynamoDB::Table")}
        for secret in sam_template.resources("AWS::SecretsManager::Secret"):
            self.names[secret] = keep_secret({"current": "1", "1": secrets.token_hex(32)})
        for queue in sam_template.resources("AWS::SQS::Queue"):
            self.names[queue] = boto3_client("sqs").create_queue(QueueName=queue)["QueueUrl"]
        for bus in sam_template.resources("AWS::Events::EventBus"):
            boto3_client("events").create_event_bus(Name=bus)
            self.names[bus] = bus
        boto3_client("sesv2").create_email_identity(EmailIdentity=PARAMETERS["SenderDomain"])

    def remember(self) -> None:
        """Save the items of all tables as the state in which every test starts."""
        self._restore = moto_tables.saved(sam_template.resources("AWS::DynamoDB::Table"))

    def put_back(self, tables: set[str]) -> None:
        """Restore the saved items of these tables, and empty the queues."""
        self._restore(tables)
        for queue in ("MailQueue", "WebhookQueue", "ImportQueue", "NoticeQueue"):
            moto_queues.empty(self.names[queue])


@contextmanager
def mocked_aws() -> Iterator[None]:
    """Let moto answer all calls to AWS, by either transport, and forget all that it stores at the end."""
    Mocked.stored_for = None
    with _answering(keeps_data=False):
        yield


@contextmanager
def shared_cloud(seed: Callable[[Cloud], None]) -> Iterator[Cloud]:
    """Yield the cloud that `seed` fills, while moto answers. It is filled once in a process.

    moto has one memory. If other tests have used it since, the cloud is filled again.
    """
    shared = Mocked.stored_for
    with _answering(keeps_data=shared is not None):
        if shared is None:
            shared = Cloud()
            seed(shared)
            shared.remember()
        else:
            shared.put_back({*sam_template.resources("AWS::DynamoDB::Table")})
        # keys that were read for an earlier module would get too old during this one, and be read again
        caches.empty()
        Mocked.stored_for = None
        yield shared
        Mocked.stored_for = shared


class Mocked:
    """The one memory of moto in this process."""

    stored_for: Cloud | None = None
    """The shared cloud, as long as moto holds its resources."""


@contextmanager
def _answering(*, keeps_data: bool) -> Iterator[None]:
    """Let moto answer. The credentials stay as they are, because the process has one botocore session."""
    config: DefaultConfig = {"core": {"mock_credentials": False}}
    mock = mock_aws(config=config)
    mock.start(reset=not keeps_data)
    try:
        with moto_speed.faster(), moto_endpoint.answering():
            yield
    finally:
        # what is left is removed when moto starts again, unless it is for the shared cloud
        mock.stop(remove_data=False)


def keep_secret(value: dict[str, str]) -> str:
    """Store a secret under a new name, and return its ARN."""
    name = secrets.token_hex(8)
    arn: str = boto3_client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))["ARN"]
    return arn


@cache
def boto3_client(service: Any) -> Any:
    """Return a client of a service. Creating one takes longer than most calls."""
    return boto3.client(service)
