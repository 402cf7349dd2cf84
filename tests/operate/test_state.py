"""State apart from service: a deleted stack's tables, keys and pool come back into a stack as they were. B210, B211."""

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from operate import state
from operate.release import PROJECT
from tests.operate.canned import answer
from tests.operate.conftest import Deployed, Operate, cut_down

FIRST = "latchkey-left"
TEMPLATE = state.read_template()
STATE = {"Practices", "Accounts", "Events", "Clients", "Members", "DataKey", "LookupKey", "ClinicianPool"}


@pytest.fixture
def left(deployed: Deployed) -> Iterator[dict[str, str]]:
    """The state of a stack that was deleted, by logical id. A client is on file in it."""
    formation = deployed.client("cloudformation")
    body = cut_down("https://desk.example.com/")
    for name, one in body["Resources"].items():
        if one["Type"] == "AWS::DynamoDB::Table":
            one["Properties"]["TableName"] = f"left-{name}"
    body["Resources"] = {name: one for name, one in body["Resources"].items() if name in STATE}
    del body["Outputs"]
    formation.create_stack(
        StackName=FIRST,
        TemplateBody=json.dumps(body),
        Parameters=[{"ParameterKey": "LinkHours", "ParameterValue": "12"}],
    )
    formation.get_waiter("stack_create_complete").wait(StackName=FIRST, WaiterConfig={"Delay": 1})
    names = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in formation.describe_stack_resources(StackName=FIRST)["StackResources"]
    }
    deployed.client("dynamodb").put_item(TableName=names["Accounts"], Item={"key": {"S": "k"}, "practice": {"S": "p"}})
    formation.delete_stack(StackName=FIRST)
    yield names
    for name in (name for name in deployed.client("dynamodb").list_tables()["TableNames"] if name.startswith("left-")):
        deployed.client("dynamodb").delete_table(TableName=name)
    formation.delete_stack(StackName=FIRST)


def test_the_state_of_the_template_is_what_outlives_the_stack() -> None:
    """B210"""
    assert state.resources(TEMPLATE).keys() == STATE
    for one in state.resources(TEMPLATE).values():
        assert one["UpdatePolicy" if "UpdatePolicy" in one else "UpdateReplacePolicy"] == "Retain"


def test_a_stack_comes_back_with_the_tables_that_were_left(
    deployed: Deployed, operate: Operate, left: dict[str, str]
) -> None:
    """B210: nothing is copied. The tables, the key and the pool have the names that they had."""
    dry = operate("adopt", "--stack", FIRST, "--leave", "LookupKey", "--dry-run")
    code, output, error = operate("adopt", "--stack", FIRST, "--leave", "LookupKey")

    assert (code, error) == (0, "")
    assert dry[1].count("Would import") == output.count("Importing") == len(STATE) - 1
    formation = deployed.client("cloudformation")
    adopted = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in formation.describe_stack_resources(StackName=FIRST)["StackResources"]
    }
    assert adopted == {name: left[name] for name in STATE - {"LookupKey"}}
    assert deployed.client("dynamodb").scan(TableName=left["Accounts"])["Count"] == 1
    (description,) = formation.describe_stacks(StackName=FIRST)["Stacks"]
    values = {one["ParameterKey"]: one["ParameterValue"] for one in description["Parameters"]}
    assert (values["LinkHours"], values["MailIdentity"]) == ("12", "existing")
    assert "There is a stack" in operate("adopt", "--stack", FIRST)[2]
    assert "There is a stack" in operate("adopt", "--stack", FIRST, "--dry-run")[2]


@pytest.mark.usefixtures("left")
def test_a_table_that_is_gone_stops_the_import(deployed: Deployed, operate: Operate) -> None:
    code, _, error = operate("adopt", "--stack", FIRST, "--leave", "LookupKey", "--resource", "Accounts=no-such-table")

    assert code == 2
    assert "CloudFormation refuses the import" in error
    assert not [one for one in deployed.client("cloudformation").describe_stacks()["Stacks"] if
                one["StackName"] == FIRST and one["StackStatus"] == "IMPORT_COMPLETE"]  # fmt: skip


@pytest.mark.parametrize("option", ["Links=links", "Accounts=", "Accounts"])
@pytest.mark.usefixtures("left")
def test_an_option_that_names_no_state_is_refused(deployed: Deployed, operate: Operate, option: str) -> None:
    """B210: it would be left out, and nobody would notice."""
    code, output, error = operate("adopt", "--stack", FIRST, "--leave", "LookupKey", "--resource", option)

    assert (code, output) == (2, "")
    assert f"{option} names no resource of the state" in error
    assert not [one for one in deployed.client("cloudformation").describe_stacks()["Stacks"] if
                one["StackName"] == FIRST and one["StackStatus"] == "IMPORT_COMPLETE"]  # fmt: skip


def test_what_a_release_would_replace_or_remove_is_named() -> None:
    """B211: of the state alone. Everything else can be replaced and removed."""

    def change(name: str, action: str = "Modify", replacement: str = "False") -> dict[str, Any]:
        return {"LogicalResourceId": name, "Action": action, "Replacement": replacement}

    harmless = [change("Accounts"), change("Links", "Remove"), change("RequestLink", replacement="True")]
    added = {"LogicalResourceId": "Events", "Action": "Add"}
    lost = [change("LookupKey", replacement="True"), change("Clients", "Remove"), change("AuditArchive", "Remove")]

    assert state.endangered([*harmless, added]) == []
    assert state.endangered([*harmless, *lost]) == ["AuditArchive", "Clients", "LookupKey"]


@pytest.mark.usefixtures("deployed")
def test_a_name_that_no_stack_had_is_refused(operate: Operate) -> None:
    assert "was deleted here" in operate("adopt", "--stack", "no-such-stack")[2]


def denied_to_releases() -> dict[str, Any]:
    """The policy of docs/releasing.md, as a person would paste it."""
    text = (PROJECT / "docs" / "releasing.md").read_text().partition("## What no release may do")[2]
    block = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert block
    filled = re.sub("<(?:region|account|role of this environment)>", "000000000000", block[1])
    parsed: dict[str, Any] = json.loads(filled)
    return parsed


def test_a_release_reads_no_row_and_deletes_no_table(deployed: Deployed) -> None:
    """B211: with all other permissions, and the policy of the document."""
    iam = deployed.client("iam")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_user(UserName="release")
    for name, document in (("everything", everything), ("denied", denied_to_releases())):
        iam.put_user_policy(UserName="release", PolicyName=name, PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="release")["AccessKey"]

    def release(service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload] # boto3 overloads by literal service names
            service,
            endpoint_url=deployed.address.endpoint,
            region_name="us-east-1",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    dynamodb, table = release("dynamodb"), deployed.names["Accounts"]
    key_of_item = {"key": {"S": "k"}}
    assert dynamodb.describe_table(TableName=table)["Table"]["TableName"] == table, "an update has to look at it"
    calls: list[tuple[Any, dict[str, Any]]] = [
        (dynamodb.delete_table, {"TableName": table}),
        (dynamodb.get_item, {"TableName": table, "Key": key_of_item}),
        (dynamodb.put_item, {"TableName": table, "Item": key_of_item}),
        (dynamodb.delete_item, {"TableName": table, "Key": key_of_item}),
        (dynamodb.scan, {"TableName": table}),
        (release("secretsmanager").get_secret_value, {"SecretId": deployed.names["LookupKey"]}),
        (release("kms").schedule_key_deletion, {"KeyId": deployed.names["DataKey"]}),
        (release("cognito-idp").delete_user_pool, {"UserPoolId": deployed.names["ClinicianPool"]}),
    ]
    for call, options in calls:
        with pytest.raises(ClientError, match="AccessDenied"):
            call(**options)
    iam.delete_access_key(UserName="release", AccessKeyId=key["AccessKeyId"])
    for name in ("everything", "denied"):
        iam.delete_user_policy(UserName="release", PolicyName=name)
    iam.delete_user(UserName="release")


def test_a_protected_stack_keeps_its_state(monkeypatch: pytest.MonkeyPatch, operate: Operate) -> None:
    """B211"""
    calls: dict[str, Any] = {}

    def recording(name: str) -> Any:
        return lambda params: calls.setdefault(name, params) and {}

    answer(
        monkeypatch,
        {
            "DescribeStacks": {"Stacks": [{"StackName": "one"}]},
            "SetStackPolicy": recording("policy"),
            "UpdateTerminationProtection": recording("protection"),
        },
    )
    assert operate("protect", "--stack", "one", "--dry-run")[0] == 0
    assert calls == {}
    assert operate("protect", "--stack", "one")[0] == 0

    allowed, denied = json.loads(calls["policy"]["body"]["StackPolicyBody"])["Statement"]
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert denied["Action"] == ["Update:Replace", "Update:Delete"]
    assert {*denied["Resource"]} == {f"LogicalResourceId/{name}" for name in (*STATE, "AuditArchive")}
    assert calls["protection"]["body"]["EnableTerminationProtection"] in (True, "true")
