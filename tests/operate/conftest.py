"""Fixtures: a stack of the template's own tables, keys and user pool on ministack, without functions."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.aws import Address, start_ministack
from local.processes import free_port, stop
from local.sam_template import parse_template
from local.stack import MINISTACK
from operate import aws, cli
from tests.kit import sam_template, transports

NAME = "latchkey-test"
ARCHIVE = "latchkey-test-archive"
"""Bucket of the audit archive. A test that needs it creates it."""
KINDS = ("AWS::KMS::Key", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Cognito::")
TABLE = (
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "BillingMode",
    "PointInTimeRecoverySpecification",
    "StreamSpecification",
)
"""Properties of a table that need no other resource."""

type Operate = Callable[..., tuple[int, str, str]]
"""Runs a command. Returns its exit code, standard output and standard error."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The stack, and the AWS that it is deployed to."""

    address: Address
    names: dict[str, str]
    """Physical names, by logical id."""

    def client(self, service: str) -> Any:
        """Return a boto3 client with all permissions."""
        return self.address.client(service)

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return every item of a table."""
        return sam_template.items_of(self.client("dynamodb"), table)

    def empty(self, *tables: str) -> None:
        """Delete every item of these tables, or of all tables."""
        sam_template.delete_items(self.client("dynamodb"), *tables)


def cut_down(callback: str) -> dict[str, Any]:
    """Return the template without its functions, its API and its mail."""
    document = parse_template((sam_template.PROJECT / "template.yaml").read_text())
    retained = {name: one for name, one in document["Resources"].items() if one["Type"].startswith(KINDS)}
    for name, one in retained.items():
        fields = one["Properties"]
        if one["Type"] == "AWS::DynamoDB::Table":
            # the table is named by its logical id, so that the store of this process finds it
            one["Properties"] = {"TableName": name} | {part: fields[part] for part in TABLE if part in fields}
        if one["Type"] == "AWS::SecretsManager::Secret":
            one["Properties"] = {"GenerateSecretString": fields["GenerateSecretString"]}
    pool = {name: one for name, one in document["Outputs"].items() if name.startswith("Clinician")}
    portal = {"PortalUrl": {"Value": "https://portal.example.com/{practice}"}}
    parameters = document["Parameters"]
    parameters["SenderDomain"]["Default"] = "mail.example.com"
    parameters["ClinicianCallbackUrl"] |= {"Default": callback, "AllowedPattern": ".*"}
    return {
        "Parameters": parameters,
        "Conditions": document["Conditions"],
        "Resources": retained,
        "Outputs": pool | portal | {"AuditArchive": {"Value": ARCHIVE}},
    }


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("operate")
    with asyncio.Runner() as runner:
        process, url = runner.run(start_ministack(MINISTACK, folder, folder / "log"))
        try:
            address = Address(url, url)
            formation = address.client("cloudformation")
            body = json.dumps(cut_down(f"http://localhost:{free_port()}/signed-in"))
            formation.create_stack(StackName=NAME, TemplateBody=body)
            formation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})
            listed = formation.describe_stack_resources(StackName=NAME)["StackResources"]
            yield Deployed(address, {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in listed})
        finally:
            runner.run(stop(process))


@pytest.fixture(scope="module")
def store(whole: Deployed) -> Iterator[None]:
    """Let the store of this process use the stack's tables."""
    with transports.calling(whole.address.endpoint):
        yield


@pytest.fixture
def deployed(whole: Deployed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Yield the stack with empty tables, and the environment in which commands find it."""
    whole.empty()
    monkeypatch.setenv("AWS_ENDPOINT_URL", whole.address.endpoint)
    aws.forget_clients()
    yield whole
    aws.forget_clients()


@pytest.fixture
def operate(capsys: pytest.CaptureFixture[str]) -> Operate:
    """Return a function that runs a command."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main(arguments)
        output = capsys.readouterr()
        return code, output.out, output.err

    return run
