"""A release is built and uploaded once. What is executed is the change set that was approved, or nothing. Rule B208."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operate import packages
from tests.kit import sam_template
from tests.operate.conftest import Deployed, Operate

STACK, ARTIFACTS = "latchkey-staging", "latchkey-test-artifacts"
NESTED = """
Resources:
  Inner:
    Type: AWS::SQS::Queue
    Properties: {QueueName: %s}
"""
TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: prod}
  Domain: {Type: String}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "${Stage}-${Domain}-%s"}
  Code:
    Type: AWS::Lambda::LayerVersion
    Properties: {Content: layer, LayerName: code}
  Below:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: nested.yaml}
"""

pytestmark = pytest.mark.skipif(not (sam_template.PROJECT / packages.SAM).exists(), reason="make .tools/sam/.done")


class Account:
    """An account with a stack, a bucket of artifacts and a build."""

    def __init__(self, deployed: Deployed, folder: Path) -> None:
        self.formation, self.s3 = deployed.client("cloudformation"), deployed.client("s3")
        self.built, self.release = folder / "built", folder / "release"
        (self.built / "layer").mkdir(parents=True)

    def build(self, version: str) -> None:
        """The folder that `sam build` writes."""
        (self.built / "layer" / "module.py").write_text(f"version = {version!r}")
        (self.built / "nested.yaml").write_text(NESTED % f"inner-{version}")
        (self.built / "template.yaml").write_text(TEMPLATE % version)

    def queues(self) -> set[str]:
        """The names of the stack's queues, as CloudFormation has made them."""
        (queue,) = (
            one["PhysicalResourceId"]
            for one in self.formation.describe_stack_resources(StackName=STACK)["StackResources"]
            if one["LogicalResourceId"] == "Queue"
        )
        return {queue.rpartition("/")[2]}

    def document(self) -> dict[str, Any]:
        """The list of digests."""
        parsed: dict[str, Any] = json.loads((self.release / "digests.json").read_text())
        return parsed


@pytest.fixture
def account(deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("SAM_CLI_TELEMETRY", "0")
    monkeypatch.chdir(sam_template.PROJECT)
    one = Account(deployed, tmp_path)
    one.s3.create_bucket(Bucket=ARTIFACTS)
    first = json.dumps(
        {
            "Parameters": {"Stage": {"Type": "String"}, "Domain": {"Type": "String"}},
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "first"}}},
        }
    )
    values = [
        {"ParameterKey": "Stage", "ParameterValue": "staging"},
        {"ParameterKey": "Domain", "ParameterValue": "mine"},
    ]
    one.formation.create_stack(StackName=STACK, TemplateBody=first, Parameters=values)
    one.formation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    yield one
    one.formation.delete_stack(StackName=STACK)
    one.formation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    for stored in one.s3.list_objects_v2(Bucket=ARTIFACTS).get("Contents", ()):
        one.s3.delete_object(Bucket=ARTIFACTS, Key=stored["Key"])
    one.s3.delete_bucket(Bucket=ARTIFACTS)


def output(account: Account, name: str) -> str:
    """The last value that a command gave to the workflow."""
    lines = (account.built.parent / "output").read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")][-1]


def packaged(account: Account, operate: Operate, version: str) -> str:
    """Build and upload a version; the digest of the release."""
    account.build(version)
    code, _, error = operate(
        "package", "--bucket", ARTIFACTS, "--built", str(account.built / "template.yaml"),
        "--release", str(account.release),
    )  # fmt: skip
    assert code == 0, error
    return output(account, "digest")


def proposed(account: Account, operate: Operate, digest: str) -> tuple[int, str, str]:
    """Propose a release to the stage."""
    return operate(
        "propose", "--stage", "staging", "--release", str(account.release), "--digest", digest, "--poll-seconds", "1"
    )


def executed(account: Account, operate: Operate, digest: str, change_set: str) -> tuple[int, str, str]:
    """Execute a change set."""
    return operate(
        "execute", "--release", str(account.release), "--digest", digest, "--change-set", change_set,
        "--poll-seconds", "1",
    )  # fmt: skip


def test_a_release_that_would_remove_a_table_is_refused(account: Account, operate: Operate) -> None:
    """B211. The stack has a resource of that name, and the release has none."""
    body = dict(account.formation.get_template(StackName=STACK)["TemplateBody"])
    body["Resources"]["Members"] = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Delete"}
    values = [{"ParameterKey": name, "UsePreviousValue": True} for name in ("Stage", "Domain")]
    account.formation.update_stack(StackName=STACK, TemplateBody=json.dumps(body), Parameters=values)
    account.formation.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})

    code, _, error = proposed(account, operate, packaged(account, operate, "two"))

    assert code == 2
    assert "would replace or remove Members" in error
    assert account.formation.list_change_sets(StackName=STACK)["Summaries"] == []


def test_what_was_approved_is_executed_and_nothing_else(account: Account, operate: Operate) -> None:
    """B208"""
    digest = packaged(account, operate, "two")
    assert len(account.document()["objects"]) == 3, "the template, the nested one, the layer"

    code, text, error = proposed(account, operate, digest)
    assert code == 0, error
    assert "Queue (AWS::SQS::Queue" in text
    assert account.queues() == {"first"}, "a proposal changes nothing"
    arn = output(account, "change-set")
    assert arn.startswith("arn:")

    later = packaged(account, operate, "three")
    refused = executed(account, operate, later, arn)
    assert refused[0] == 2
    assert "another template than the release" in refused[2]
    assert account.queues() == {"first"}

    assert packaged(account, operate, "two") == digest, "the same build is the same release"
    code, _, error = executed(account, operate, digest, arn)
    assert code == 0, error
    assert account.queues() == {"staging-mine-two"}, "the stage's own value and the stack's present one"
    assert executed(account, operate, digest, arn)[0] == 2, "once"


def test_an_object_that_was_replaced_is_found_before_anything_happens(account: Account, operate: Operate) -> None:
    """B208: of code and of templates; nothing is proposed and nothing executed."""
    digest = packaged(account, operate, "two")
    assert proposed(account, operate, digest)[0] == 0
    arn = output(account, "change-set")

    for place in account.document()["objects"]:
        key = place.partition("/")[2]
        original = account.s3.get_object(Bucket=ARTIFACTS, Key=key)["Body"].read()
        account.s3.put_object(Bucket=ARTIFACTS, Key=key, Body=original + b"\n")
        for code, _, error in (proposed(account, operate, digest), executed(account, operate, digest, arn)):
            assert code == 2
            assert f"s3://{place} is not what was built" in error
        account.s3.put_object(Bucket=ARTIFACTS, Key=key, Body=original)

    assert account.queues() == {"first"}


def test_a_release_of_another_build_and_a_change_set_by_name_are_refused(account: Account, operate: Operate) -> None:
    """B208"""
    digest = packaged(account, operate, "two")

    assert "was built. Nothing was changed" in proposed(account, operate, "0" * 64)[2]
    assert "is no ARN" in executed(account, operate, digest, "release")[2]
    template = account.release / "template.yaml"
    template.write_text(template.read_text().replace("SQS::Queue", "SNS::Topic"))
    assert "is not the uploaded template" in proposed(account, operate, digest)[2]


def test_a_stack_that_has_the_release_needs_no_approval(account: Account, operate: Operate) -> None:
    digest = packaged(account, operate, "two")
    assert proposed(account, operate, digest)[0] == 0
    assert executed(account, operate, digest, output(account, "change-set"))[0] == 0

    code, text, error = proposed(account, operate, digest)

    assert code == 0, error
    assert "There is nothing to approve" in text
    assert output(account, "change-set") == "none"
    assert executed(account, operate, digest, "none")[0] == 0
