"""CloudFormation, used as `sam deploy` uses it: a change set is made, executed and waited for."""

import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.aws import Address
from rehearsal import adapt
from rehearsal.artifacts import Build
from rehearsal.trouble import Trouble

PATIENCE_SECONDS = 60.0
VERSION = "AWS::Lambda::Version"
"""Kept by name, but gone with its function."""
GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}


@dataclass(slots=True)
class Stack:
    """One stack of the account, and what it was last deployed with."""

    name: str
    address: Address
    build: Build
    deployments: int = 0

    def deploy(self, parameters: dict[str, str]) -> list[str]:
        """Create the stack, or change it into what the build says now; returns what was adapted, in words.

        :raises Trouble: CloudFormation does not get to the end.
        """
        template = self.build.template(parameters)
        adapted = adapt.adapt(template, parameters) + adapt.drop_unknown(template, self._complaint)
        self.deployments += 1
        cloudformation = self.address.client("cloudformation")
        made = cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=f"deployment-{self.deployments}",
            ChangeSetType="CREATE" if self.deployments == 1 else "UPDATE",
            Capabilities=["CAPABILITY_IAM"],
            TemplateURL=self._put(template),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        )
        waiter = cloudformation.get_waiter("change_set_create_complete")
        waiter.wait(ChangeSetName=made["Id"], WaiterConfig={"Delay": 1})
        cloudformation.execute_change_set(ChangeSetName=made["Id"])
        self._wait(made["StackId"])
        return adapted

    def outputs(self) -> dict[str, str]:
        """What the stack tells whoever deployed it."""
        (found,) = self.address.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}

    def resource(self, logical_id: str) -> str:
        """What a resource is called in the account."""
        return self.resources()[logical_id]

    def resources(self, kind: str = "") -> dict[str, str]:
        """What the resources, or those of a type, are called in the account, by logical id."""
        pages = self.address.client("cloudformation").get_paginator("list_stack_resources")
        found = [one for page in pages.paginate(StackName=self.name) for one in page["StackResourceSummaries"]]
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found if kind in ("", one["ResourceType"])
        }

    def delete(self) -> dict[str, str]:
        """Tear the stack down; returns what CloudFormation left in the account, and how that is called there.

        :raises Trouble: it does not get to the end.
        """
        cloudformation = self.address.client("cloudformation")
        before = self.resources()
        (found,) = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        cloudformation.delete_stack(StackName=self.name)
        self._wait(found["StackId"])
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=found["StackId"])
        skipped = {
            event["LogicalResourceId"]
            for page in pages
            for event in page["StackEvents"]
            if event["ResourceStatus"] == "DELETE_SKIPPED" and event["ResourceType"] != VERSION
        }
        return {logical_id: name for logical_id, name in before.items() if logical_id in skipped}

    def _complaint(self, template: adapt.Document) -> str | None:
        try:
            self.address.client("cloudformation").validate_template(TemplateURL=self._put(template))
        except ClientError as error:
            return str(error.response["Error"]["Message"])
        return None

    def _put(self, template: adapt.Document) -> str:
        return self.build.put_template(f"{self.name}.json", json.dumps(template))

    def _wait(self, stack: str) -> None:
        cloudformation = self.address.client("cloudformation")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (status := _status(cloudformation, stack)).endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise Trouble(f"the stack is {status} after {PATIENCE_SECONDS:.0f} seconds")
            time.sleep(0.1)
        if status not in GOOD:
            events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            reasons = [
                f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
                for event in reversed(events)
                if "FAILED" in event.get("ResourceStatus", "") and event.get("ResourceStatusReason")
            ]
            raise Trouble(f"the stack is {status}: {'; '.join(reasons) or 'no reason given'}")


def _status(cloudformation: Any, stack: str) -> str:
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return str(found["StackStatus"])
