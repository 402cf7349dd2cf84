"""Copies of the retained tables elsewhere: which tables, by whom, how long, and who gets the alarm. Decision 38."""

import re
from functools import cache
from typing import Any

import pytest

from local.sam_template import parse_template
from operate import state
from tests.kit import sam_template

FOLDER = sam_template.PROJECT / "templates"
RUNBOOK = (sam_template.PROJECT / "docs" / "runbook.md").read_text()


@cache
def document(name: str) -> dict[str, Any]:
    """A template beside the main one. Do not change it."""
    parsed: dict[str, Any] = parse_template((FOLDER / f"{name}.yaml").read_text())
    return parsed


def properties(template: str, name: str) -> dict[str, Any]:
    """Properties of a resource."""
    found: dict[str, Any] = document(template)["Resources"][name]["Properties"]
    return found


def test_every_table_that_outlives_the_stack_is_copied() -> None:
    """A table that is retained and not copied would be lost with the region."""
    given = sam_template.resources("AWS::CloudFormation::Stack")["Backups"]["Parameters"]
    tables = {
        name
        for name, one in state.resources(state.read_template()).items()
        if one["Type"] == "AWS::DynamoDB::Table"
    }  # fmt: skip

    assert {arn["Fn::GetAtt"][0] for arn in given["TableArns"]["Fn::Join"][1]} == tables
    assert given.keys() == document("backups")["Parameters"].keys()
    assert properties("backups", "Selection")["BackupSelection"]["Resources"] == {"Ref": "TableArns"}


def test_nothing_is_copied_unless_somebody_gives_a_vault() -> None:
    parameters = sam_template.document()["Parameters"]
    template = sam_template.document()

    assert all(parameters[name]["Default"] == "" for name in ("CopyVaultArn", "ReplicaRegion", "ReplicaKeyArn"))
    assert template["Resources"]["Backups"]["Condition"] == "Copies"
    assert template["Conditions"]["Copies"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CopyVaultArn"}, ""]}]}


def test_the_key_that_finds_accounts_is_replicated() -> None:
    """Without it, no function finds an account that was copied."""
    replicas = sam_template.resources("AWS::SecretsManager::Secret")["LookupKey"]["ReplicaRegions"]

    assert replicas["Fn::If"][:2] == [
        "Replicates",
        [{"Region": {"Ref": "ReplicaRegion"}, "KmsKeyId": {"Ref": "ReplicaKeyArn"}}],
    ]


@pytest.mark.parametrize(("hours", "runs"), [(1, 24), (6, 4), (12, 2), (24, 1)])
def test_a_copy_is_made_every_so_many_hours(hours: int, runs: int) -> None:
    """RPO: the runbook promises no copy older than this, and the time of copying."""
    (rule,) = properties("backups", "Plan")["BackupPlan"]["BackupPlanRule"]
    condition, daily, often = rule["ScheduleExpression"]["Fn::If"]
    assert condition == "IsDaily"
    expression = daily if hours == 24 else often["Fn::Sub"].replace("${CopyHours}", str(hours))
    minutes, each = re.fullmatch(r"cron\((\d+) (\S+) \* \* \? \*\)", expression).groups()  # type: ignore[union-attr]
    start, _, step = each.partition("/")

    assert minutes == "0"
    assert len(range(int(start), 24, int(step or 24))) == runs
    assert hours in sam_template.document()["Parameters"]["CopyHours"]["AllowedValues"]


def test_the_vault_is_locked_and_needs_nothing_of_the_lost_region() -> None:
    lock = properties("vault", "Vault")["LockConfiguration"]

    assert lock["MinRetentionDays"] == {"Ref": "MinDays"}
    assert lock["ChangeableForDays"]["Fn::If"][0] == "LocksForGood"
    assert properties("vault", "Vault")["EncryptionKeyArn"] == {"Fn::GetAtt": ["VaultKey", "Arn"]}
    for name in ("Vault", "VaultKey"):
        assert document("vault")["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_role_that_copies_cannot_restore_or_read() -> None:
    (policy,) = properties("backups", "BackupRole")["ManagedPolicyArns"]

    assert policy["Fn::Sub"].endswith("service-role/AWSBackupServiceRolePolicyForBackup")
    assert "Policies" not in properties("backups", "BackupRole")


def test_a_copy_that_fails_sets_off_an_alarm() -> None:
    alarm, rule = properties("backups", "CopiesFailedAlarm"), properties("backups", "Failures")
    (target,) = rule["Targets"]
    section = re.search(r"^### copies-failed\n(.*?)(?=^##|\Z)", RUNBOOK, re.DOTALL | re.MULTILINE)

    assert target["Arn"] == {"Fn::GetAtt": ["FailedCopies", "Arn"]}
    assert "Copy Job State Change" in rule["EventPattern"]["detail-type"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["FailedCopies", "QueueName"]}}]
    assert section
    assert all(f"**{label}:**" in section[1] for label in ("Symptom", "Check", "Cause", "Fix"))
