"""The resources that the template declares, on moto."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from moto import mock_aws
from moto.core.config import DefaultConfig

from tests.kit import moto_endpoint, moto_speed, sam_template
from tests.kit.gateway_events import ORIGIN

PARAMETERS = {"PortalOrigin": ORIGIN, "SenderDomain": "mail.example.com", "PracticeCacheSeconds": "0"}


class Cloud:
    """The resources that the template declares, on moto."""

    def __init__(self) -> None:
        self.tables: Any = boto3_client("dynamodb")
        self.names = {"Configuration": "1", "ConfigurationSet": "ConfigurationSet"}
        """Physical ids and parameter values, by logical id."""
        self._beginning: dict[str, list[dict[str, Any]]] = {}
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
        self._beginning = sam_template.items(self.tables)

    def put_back(self, tables: set[str]) -> None:
        """Restore the saved items of these tables, and replace the mail queue with an empty one."""
        for table in tables:
            first, now = self._beginning[table], sam_template.items_of(self.tables, table)
            keys = [
                part["AttributeName"] for part in sam_template.resources("AWS::DynamoDB::Table")[table]["KeySchema"]
            ]
            for item in now:
                if item not in first:
                    self.tables.delete_item(TableName=table, Key={key: item[key] for key in keys})
            for item in first:
                if item not in now:
                    self.tables.put_item(TableName=table, Item=item)
        for queue in ("MailQueue", "WebhookQueue", "NoticeQueue"):
            self.names[queue] = boto3_client("sqs").create_queue(QueueName=secrets.token_hex(8))["QueueUrl"]


@contextmanager
def mocked_aws() -> Iterator[None]:
    """Let moto answer all calls to AWS, by either transport. The credentials stay as they are: the process
    has one botocore session."""
    config: DefaultConfig = {"core": {"mock_credentials": False}}
    with mock_aws(config=config), moto_speed.faster(), moto_endpoint.answering():
        yield


def keep_secret(value: dict[str, str]) -> str:
    """Store a secret under a new name, and return its ARN."""
    name = secrets.token_hex(8)
    arn: str = boto3_client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))["ARN"]
    return arn


@cache
def boto3_client(service: Any) -> Any:
    """Return a client of a service. Creating one takes longer than most calls."""
    return boto3.client(service)
