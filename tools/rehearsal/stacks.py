"""CloudFormation, used as `sam deploy` uses it: create a change set, execute it, wait."""

import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.aws import Address
from tools.rehearsal import adapt, nested
from tools.rehearsal.artifacts import Build
from tools.rehearsal.errors import RehearsalError

TIMEOUT_SECONDS = 60.0
VERSION = "AWS::Lambda::Version"
"""A version that CloudFormation skips is deleted with its function all the same."""
SUCCESSFUL = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}


@dataclass(slots=True)
class Stack:
    """One stack of the account, and the build to deploy."""

    name: str
    address: Address
    build: Build
    deployments: int = 0

    def deploy(self, parameters: dict[str, str], *, is_update: bool = False) -> list[str]:
        """Create or update the stack from the build. Return the adaptations, one sentence each.

        The first deployment creates the stack, unless `is_update` says that it exists.

        :raises RehearsalError: CloudFormation fails or takes too long.
        """
        template = self.build.template(parameters)
        adapted = [
            *adapt.adapt(template, parameters),
            *nested.package(template, self.build, self._validation_error),
            *adapt.drop_unknown(template, self._validation_error),
        ]
        self.deployments += 1
        cloudformation = self.address.client("cloudformation")
        change_set = cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=f"deployment-{self.deployments}",
            ChangeSetType="UPDATE" if is_update or self.deployments > 1 else "CREATE",
            Capabilities=["CAPABILITY_IAM"],
            TemplateURL=self._put(template),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        )
        waiter = cloudformation.get_waiter("change_set_create_complete")
        waiter.wait(ChangeSetName=change_set["Id"], WaiterConfig={"Delay": 1})
        cloudformation.execute_change_set(ChangeSetName=change_set["Id"])
        self._wait(change_set["StackId"])
        return adapted

    def outputs(self) -> dict[str, str]:
        """Return the outputs of the stack."""
        (description,) = self.address.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}

    def resource(self, logical_id: str) -> str:
        """Return the physical name of a resource."""
        return self.resources()[logical_id]

    def resources(self, kind: str = "") -> dict[str, str]:
        """Return the physical names of the resources, or of those of one type, by logical id."""
        pages = self.address.client("cloudformation").get_paginator("list_stack_resources")
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.name)
            for resource in page["StackResourceSummaries"]
            if kind in ("", resource["ResourceType"])
        }

    def delete(self) -> dict[str, str]:
        """Delete the stack. Return the physical names of the resources that were retained, by logical id.

        :raises RehearsalError: CloudFormation fails or takes too long.
        """
        cloudformation = self.address.client("cloudformation")
        before = self.resources()
        (description,) = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        cloudformation.delete_stack(StackName=self.name)
        self._wait(description["StackId"])
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=description["StackId"])
        skipped = {
            event["LogicalResourceId"]
            for page in pages
            for event in page["StackEvents"]
            if event["ResourceStatus"] == "DELETE_SKIPPED" and event["ResourceType"] != VERSION
        }
        return {logical_id: name for logical_id, name in before.items() if logical_id in skipped}

    def _validation_error(self, template: adapt.Document) -> str | None:
        try:
            self.address.client("cloudformation").validate_template(TemplateURL=self._put(template))
        except ClientError as error:
            return str(error.response["Error"]["Message"])
        return None

    def _put(self, template: adapt.Document) -> str:
        return self.build.put_template(f"{self.name}.json", json.dumps(template))

    def _wait(self, stack: str) -> None:
        cloudformation = self.address.client("cloudformation")
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (status := _status(cloudformation, stack)).endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise RehearsalError(f"the stack is {status} after {TIMEOUT_SECONDS:.0f} seconds")
            time.sleep(0.1)
        if status not in SUCCESSFUL:
            events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            reasons = [
                f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
                for event in reversed(events)
                if "FAILED" in event.get("ResourceStatus", "") and event.get("ResourceStatusReason")
            ]
            raise RehearsalError(f"the stack is {status}: {'; '.join(reasons) or 'no reason given'}")


def _status(cloudformation: Any, stack: str) -> str:
    (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return str(description["StackStatus"])
