"""The state of a stack: the resources that outlive it. `protect` keeps them, and `adopt` brings them back into a stack.

The template retains these resources. A deletion of the stack leaves them in the account, and `adopt` imports them into
a stack again, so that nothing is copied (docs/decisions/0037).
"""

import argparse
import json
import time
from functools import cache
from typing import Any

from botocore.exceptions import ClientError, WaiterError
from samtranslator.yaml_helper import yaml_parse

from operate import aws
from operate.errors import CommandError
from operate.release import PROJECT

TEMPLATE = PROJECT / "template.yaml"
IDENTIFIERS = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::KMS::Key": "KeyId",
    "AWS::SecretsManager::Secret": "Id",
    "AWS::Cognito::UserPool": "UserPoolId",
}
"""The property by which CloudFormation imports a resource, by type ("primaryIdentifier" of the type's schema)."""
RETAINED = "RetainExceptOnCreate"
ARCHIVE = "AuditArchive"
"""The nested stack with the audit's archive. Its bucket is retained too, and a new stack gets a new bucket."""
MAX_BODY_BYTES = 51_200
"""Largest template in the body of a request (CloudFormation user guide, quotas)."""
DELETED = "DELETE_COMPLETE"


def resources(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the resources of a template that outlive the stack and can be imported, by logical id."""
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if resource.get("DeletionPolicy") == RETAINED and resource["Type"] in IDENTIFIERS
    }


def policy(template: dict[str, Any]) -> dict[str, Any]:
    """Return the stack policy. An update may change everything, but may not replace or delete the state."""
    protected = [f"LogicalResourceId/{name}" for name in (*resources(template), ARCHIVE)]
    return {
        "Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": protected},
        ]
    }


def protect(args: argparse.Namespace) -> None:
    """Set the stack policy, which keeps the state at every update, and the termination protection of the stack."""
    stack = aws.stack(args.stack)
    text = json.dumps(policy(read_template()))
    if args.dry_run:
        print(f"Would give {stack.name} this stack policy, and termination protection: {text}")
        return
    set_protection(stack.name)
    print(f"{stack.name}: no update can replace or delete its state, and nobody can delete it before they run")
    print("  aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ...")


def set_protection(name: str) -> None:
    """Give a stack its stack policy and termination protection."""
    cloudformation = aws.client("cloudformation")
    cloudformation.set_stack_policy(StackName=name, StackPolicyBody=json.dumps(policy(read_template())))
    cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=True)


def endangered(changes: list[dict[str, Any]]) -> list[str]:
    """Return the logical ids of the state that a change set would replace or remove.

    `changes` are the resource changes of the change set.
    """
    protected = {*resources(read_template()), ARCHIVE}
    return sorted(
        change["LogicalResourceId"]
        for change in changes
        if change["LogicalResourceId"] in protected
        and (change["Action"] == "Remove" or change.get("Replacement") == "True")
    )


def adopt(args: argparse.Namespace) -> None:
    """Create a stack of the state that a deleted stack has left. The next deployment adds everything else to it.

    :raises CommandError: there is a stack of this name, no deleted stack is found, or a resource is gone.
    """
    if exists(args.stack):
        raise CommandError(f"There is a stack {args.stack} already. A stack is created of what a deleted one has left.")
    template = read_template()
    deleted = _deleted_stack(args.former or args.stack)
    found = _left_behind(deleted, template, args.resource)
    for name in args.leave:
        found.pop(name, None)
    body = json.dumps(_import_template(template, found))
    to_import = [
        {
            "LogicalResourceId": name,
            "ResourceType": template["Resources"][name]["Type"],
            "ResourceIdentifier": {IDENTIFIERS[template["Resources"][name]["Type"]]: physical},
        }
        for name, physical in found.items()
    ]
    for name, physical in found.items():
        print(f"{'Would import' if args.dry_run else 'Importing'} {name}: {physical}")
    if not args.dry_run:
        _import(args.stack, body, to_import, _parameters(deleted, template))
        print(f"{args.stack} has its state again. Now deploy it as always. Nothing has to be copied.")


@cache
def read_template() -> dict[str, Any]:
    """Return the template of this version, as it is written. Do not change it."""
    document: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return document


def exists(name: str) -> bool:
    """Return True if there is a stack of this name. One that a change set alone has named does not count."""
    try:
        (found,) = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return False
    return bool(found["StackStatus"] != "REVIEW_IN_PROGRESS")


def _deleted_stack(name: str) -> dict[str, Any]:
    """Return the description of the stack of this name that was deleted last. CloudFormation keeps it for 90 days.

    :raises CommandError: there is none.
    """
    cloudformation = aws.client("cloudformation")
    pages = cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=[DELETED])
    deleted = [stack for page in pages for stack in page["StackSummaries"] if stack["StackName"] == name]
    if not deleted:
        raise CommandError(
            f"No stack {name} was deleted here in the last 90 days. Restore its tables as docs/operations.md says."
        )
    last = max(deleted, key=lambda stack: stack["CreationTime"])
    (description,) = cloudformation.describe_stacks(StackName=last["StackId"])["Stacks"]
    found: dict[str, Any] = description
    return found


def _left_behind(deleted: dict[str, Any], template: dict[str, Any], given: list[str]) -> dict[str, str]:
    """Return the physical ids of the state that a deleted stack has left, by logical id.

    :raises CommandError: an option names no resource of the state.
    """
    wanted = resources(template)
    pages = aws.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=deleted["StackId"])
    found = {
        event["LogicalResourceId"]: event["PhysicalResourceId"]
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceStatus"] == "DELETE_SKIPPED" and event["LogicalResourceId"] in wanted
    }
    for option in given:
        name, _, physical = option.partition("=")
        if name not in wanted or not physical:
            raise CommandError(f"{option} names no resource of the state. Give one like Accounts=its-table.")
        found[name] = physical
    return {name: found[name] for name in wanted if name in found}


def _import_template(template: dict[str, Any], found: dict[str, str]) -> dict[str, Any]:
    """Return a template of these resources alone. An import cannot create other resources or have outputs."""
    chosen = {name: template["Resources"][name] for name in found}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": template["Description"],
        "Parameters": template["Parameters"],
        "Conditions": template["Conditions"],
        "Resources": chosen,
    }


def _parameters(deleted: dict[str, Any], template: dict[str, Any]) -> list[dict[str, str]]:
    """Return the deleted stack's parameters, which the next deployment keeps."""
    declared = template["Parameters"]
    values = {
        parameter["ParameterKey"]: parameter.get("ParameterValue", "")
        for parameter in deleted.get("Parameters", ())
        if parameter["ParameterKey"] in declared
    }
    # The identity of SES stays in the account. The new stack uses it, and does not create it.
    values["MailIdentity"] = "existing"
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def _import(name: str, body: str, to_import: list[dict[str, Any]], parameters: list[dict[str, str]]) -> None:
    if len(body.encode()) > MAX_BODY_BYTES:
        raise CommandError(f"The template of the state has more than {MAX_BODY_BYTES} bytes.")
    cloudformation = aws.client("cloudformation")
    created = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=f"adopt-{time.time_ns() // 1_000_000}",
        ChangeSetType="IMPORT",
        TemplateBody=body,
        Parameters=parameters,
        ResourcesToImport=to_import,
    )
    arn = created["Id"]
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=arn, WaiterConfig={"Delay": 2})
        described = cloudformation.describe_change_set(ChangeSetName=arn)
        if described["ExecutionStatus"] != "AVAILABLE":
            raise CommandError(f"CloudFormation refuses the import: {described.get('StatusReason', 'no reason given')}")
        cloudformation.execute_change_set(ChangeSetName=arn)
        cloudformation.get_waiter("stack_import_complete").wait(StackName=name, WaiterConfig={"Delay": 2})
    except WaiterError:
        reason = cloudformation.describe_change_set(ChangeSetName=arn).get("StatusReason", "no reason given")
        raise CommandError(f"CloudFormation refuses the import: {reason}") from None
