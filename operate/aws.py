"""AWS, as the shell's profile and region have it, and the stack that CloudFormation keeps there."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from operate.errors import CommandError


@cache
def client(service: str) -> Any:
    """A boto3 client; safe to share between threads."""
    return boto3.client(service)  # type: ignore[call-overload] # one of a few names


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack."""

    name: str
    outputs: dict[str, str]

    @property
    def origin(self) -> str:
        """Where its portal answers, without a slash at the end."""
        return self.outputs["PortalUrl"].removesuffix("/{practice}")

    def resource(self, logical_id: str) -> str:
        """What a resource of the template is called in the account.

        :raises Trouble: the stack has none of that name.
        """
        try:
            found = client("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        except ClientError as error:
            raise CommandError(f"stack {self.name} has no {logical_id}: {error.response['Error']['Message']}") from None
        return str(found["StackResourceDetail"]["PhysicalResourceId"])


def stack(name: str) -> Stack:
    """The stack of that name.

    :raises Trouble: there is none in this account and region.
    """
    try:
        (found,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise CommandError(f"no stack {name} in {client('cloudformation').meta.region_name}") from None
    return Stack(name, {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])})
