"""The `propose` and `execute` commands: a change set of one release, and its execution by its ARN."""

import argparse
import time
import tomllib
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from operate import aws, packages, state
from operate.errors import CommandError
from operate.packages import Release

SETTINGS = Path(__file__).parent.parent / "samconfig.toml"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
NO_CHANGE = ("didn't contain changes", "No updates are to be performed")
"""Reasons with which CloudFormation refuses a change set without changes."""


def propose(args: argparse.Namespace) -> None:
    """Create a change set of the release for a stage, print what it changes, and execute nothing.

    :raises CommandError: the release differs from what was built, CloudFormation refuses it, or it would replace or
        remove what has to outlive the stack.
    """
    release = packages.read(args.release)
    packages.check(release, args.digest)
    stack, overrides, tags = _settings(args.stage)
    # A release can be proposed again, for example after an alarm has rolled it back. A name works once.
    name = f"release-{release.digest[:16]}-{time.time_ns() // 1_000_000}"
    cloudformation = aws.client("cloudformation")
    created = cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType="UPDATE",
        TemplateURL=release.template_url,
        Parameters=_parameters(stack, release, overrides),
        Capabilities=CAPABILITIES,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        IncludeNestedStacks=True,
    )
    arn = created["Id"]
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(
            ChangeSetName=arn, WaiterConfig={"Delay": args.poll_seconds}
        )
    except WaiterError:
        reason = cloudformation.describe_change_set(ChangeSetName=arn).get("StatusReason", "no reason given")
        cloudformation.delete_change_set(ChangeSetName=arn)
        if not any(text in reason for text in NO_CHANGE):
            raise CommandError(f"CloudFormation refuses the change set: {reason}") from None
        packages.write_output(change_set="none")
        print(f"{stack} is this release already. There is nothing to approve.")
        return
    changes = _changes(arn)
    for change in changes:
        replaced = ", replaced" if change.get("Replacement") == "True" else ""
        print(f"{change['Action']:8} {change['LogicalResourceId']} ({change['ResourceType']}{replaced})")
    if lost := state.endangered(changes):
        cloudformation.delete_change_set(ChangeSetName=arn)
        raise CommandError(f"The release would replace or remove {', '.join(lost)}. See docs/releasing.md.")
    packages.write_output(change_set=arn)
    print(f"Change set: {arn}")


def execute(args: argparse.Namespace) -> None:
    """Execute the change set with this ARN, if it is of this release, and wait until the stack has it.

    :raises CommandError: the change set is not of the release, cannot be executed any more, or fails.
    """
    release = packages.read(args.release)
    packages.check(release, args.digest)
    if args.change_set == "none":
        print("There was nothing to approve, and there is nothing to do.")
        return
    if not args.change_set.startswith("arn:"):
        raise CommandError(f"{args.change_set} is no ARN. A name alone could be another change set by now.")
    cloudformation = aws.client("cloudformation")
    described = cloudformation.describe_change_set(ChangeSetName=args.change_set)
    if described.get("ExecutionStatus") != "AVAILABLE":
        raise CommandError(f"The change set is {described.get('ExecutionStatus')}. Propose the release again.")
    template = cloudformation.get_template(ChangeSetName=args.change_set, TemplateStage="Original")["TemplateBody"]
    if template != release.template.decode():
        raise CommandError("The change set has another template than the release. Nothing was changed.")
    cloudformation.execute_change_set(ChangeSetName=args.change_set)
    waiter = cloudformation.get_waiter("stack_update_complete")
    try:
        waiter.wait(StackName=described["StackId"], WaiterConfig={"Delay": args.poll_seconds, "MaxAttempts": 360})
    except WaiterError:
        raise CommandError(f"{described['StackName']} was not updated: {_failure(described['StackId'])}") from None
    print(f"{described['StackName']} has the release {release.digest}")


def _settings(chosen: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return the stack's name, the parameters and the tags of a section of samconfig.toml."""
    section = tomllib.loads(SETTINGS.read_text())[chosen]
    shared = section["global"]["parameters"]
    overrides = dict(pair.split("=") for pair in shared["parameter_overrides"].split())
    tags = dict(pair.split("=") for pair in section["deploy"]["parameters"]["tags"].split())
    return shared["stack_name"], overrides, tags


def _parameters(stack: str, release: Release, overrides: dict[str, str]) -> list[dict[str, Any]]:
    """Return the parameters: those of the stage, and the stack's present values of all others."""
    cloudformation = aws.client("cloudformation")
    try:
        (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        raise CommandError(f"{stack}: {error.response['Error']['Message']}. Its first deployment is by hand.") from None
    deployed = {parameter["ParameterKey"] for parameter in description.get("Parameters", ())}
    summary = cloudformation.get_template_summary(TemplateURL=release.template_url)
    declared = {parameter["ParameterKey"] for parameter in summary["Parameters"]}
    return [
        {"ParameterKey": name, "ParameterValue": overrides[name]}
        if name in overrides
        else {"ParameterKey": name, "UsePreviousValue": True}
        for name in sorted(declared & (deployed | overrides.keys()))
    ]


def _changes(arn: str) -> list[dict[str, Any]]:
    pages = aws.client("cloudformation").get_paginator("describe_change_set").paginate(ChangeSetName=arn)
    return [change["ResourceChange"] for page in pages for change in page["Changes"]]


def _failure(stack: str) -> str:
    events = aws.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [event for event in events if "FAILED" in event["ResourceStatus"] and event.get("ResourceStatusReason")]
    return (
        f"{reasons[-1]['LogicalResourceId']}: {reasons[-1]['ResourceStatusReason']}" if reasons else "no reason given"
    )
