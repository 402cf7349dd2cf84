"""Tests of the nested template of the audit's archive: who may write there, and who gets its alarms."""

import json
import re
import sys
from functools import cache
from typing import Any

import pytest

from local.sam_template import parse_template
from tests.kit import sam_template

TEMPLATE = sam_template.PROJECT / "templates" / "audit.yaml"
ARN = "arn:${AWS::Partition}:s3:::${Archive}"
RUNBOOK = (sam_template.PROJECT / "docs" / "runbook.md").read_text()


@cache
def document() -> dict[str, Any]:
    """The nested template. Do not change it."""
    parsed: dict[str, Any] = parse_template(TEMPLATE.read_text())
    return parsed


def properties(name: str) -> dict[str, Any]:
    """Properties of a resource."""
    found: dict[str, Any] = document()["Resources"][name]["Properties"]
    return found


def allowed(role: str) -> dict[str, Any]:
    """The resources of each action that a role of the archive allows."""
    (policy,) = properties(role)["Policies"]
    return {
        action: statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if statement["Effect"] == "Allow"
    }


def test_the_archive_is_locked_versioned_and_outlives_the_stack() -> None:
    """B205"""
    archive = properties("Archive")

    assert archive["ObjectLockEnabled"] is True
    assert archive["ObjectLockConfiguration"]["Rule"] == {
        "DefaultRetention": {"Mode": {"Ref": "LockMode"}, "Days": {"Ref": "LockDays"}}
    }
    assert archive["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(archive["PublicAccessBlockConfiguration"].values())
    assert document()["Resources"]["Archive"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_archiver_only_puts_rows_and_the_closer_only_puts_digests() -> None:
    """B206"""
    archiver, closer = allowed("ArchiverRole"), allowed("CloserRole")

    assert {action for action in archiver if action.startswith("s3:")} == {"s3:PutObject"}
    assert archiver["s3:PutObject"] == [{"Fn::Sub": f"{ARN}/{name}/*"} for name in ("rows", "unreadable")]
    assert not [action for action in archiver if action.startswith("dynamodb:") and "Item" in action]
    assert closer["s3:PutObject"] == {"Fn::Sub": f"{ARN}/digests/*"}
    assert {action for action in closer if action.startswith("dynamodb:")} == {"dynamodb:BatchGetItem"}


@pytest.mark.parametrize("function", sorted(sam_template.resources("AWS::Serverless::Function")))
def test_no_other_function_reaches_the_archive(function: str) -> None:
    """B206"""
    assert "s3:" not in json.dumps(sam_template.statements(function))


def test_the_policy_of_the_archive_denies_what_a_role_might_allow() -> None:
    """B206"""
    statements = {one["Sid"]: one for one in properties("ArchivePolicy")["PolicyDocument"]["Statement"]}

    assert {(one["Effect"], one["Principal"]) for one in statements.values()} == {("Deny", "*")}
    for sid, role in (("RowsByTheArchiverOnly", "ArchiverRole"), ("DigestsByTheCloserOnly", "CloserRole")):
        assert statements[sid]["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": {"Fn::GetAtt": [role, "Arn"]}}}
    assert statements["EachObjectOnce"]["Condition"] == {"Null": {"s3:if-none-match": "true"}}
    assert {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention"} <= {
        *statements["NobodyDeletesOrUnlocks"]["Action"]
    }
    assert "Condition" not in statements["NobodyDeletesOrUnlocks"]


def test_a_record_that_always_fails_gives_way_before_the_stream_loses_the_others() -> None:
    """B207: a DynamoDB stream keeps a record for 24 hours."""
    mapping = properties("ArchiverStream")

    assert mapping["BisectBatchOnFunctionError"] is True
    assert 0 < mapping["MaximumRecordAgeInSeconds"] <= 12 * 3600
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": ["Unarchived", "Arn"]}}}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"


def test_the_stream_has_both_states_of_a_row() -> None:
    table = sam_template.resources("AWS::DynamoDB::Table")["Events"]
    nested = sam_template.resources("AWS::CloudFormation::Stack")["AuditArchive"]["Parameters"]

    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert nested["EventsStreamArn"] == {"Fn::GetAtt": ["Events", "StreamArn"]}
    assert nested.keys() == document()["Parameters"].keys()


ALARMS = sorted(
    name for name, resource in document()["Resources"].items() if resource["Type"] == "AWS::CloudWatch::Alarm"
)


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_of_the_archive_leads_to_what_is_to_be_done(alarm: str) -> None:
    name = properties(alarm)["AlarmName"]["Fn::Sub"].removeprefix("${ParentName}-")
    section = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", RUNBOOK, re.DOTALL | re.MULTILINE)

    assert properties(alarm)["AlarmDescription"].endswith(f"See docs/runbook.md#{name}")
    assert section
    for label in ("**Symptom:**", "**Check:**", "**Cause:**", "**Fix:**"):
        assert label in section[1], f"{name}: {label}"


def test_a_comparison_that_stops_raises_an_alarm() -> None:
    """B205: an alarm without data begins in the state that its data's end leads to, so a new stack tells nobody."""
    alarm = properties("AuditUncheckedAlarm")

    assert alarm["TreatMissingData"] == "missing"
    assert alarm["InsufficientDataActions"] == alarm["AlarmActions"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 2 * 6 * 3600
    assert properties("CloserSchedule")["ScheduleExpression"] == "rate(6 hours)"


def test_the_archives_functions_share_no_code_with_those_that_write_the_audit() -> None:
    """B206: they run on Lambda's own boto3, so a fault of one side cannot reach the other."""
    sources = sorted((sam_template.PROJECT / "archive").glob("*.py"))
    imported = {
        match[1] for path in sources for match in re.finditer(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE)
    }

    assert sources
    assert imported - sys.stdlib_module_names <= {"archive", "boto3", "botocore"}
