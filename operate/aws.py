"""AWS clients for the shell's profile and region, and the stack that a command is about."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from operate.errors import CommandError

CONFIG = Config(max_pool_connections=64)
"""As many connections as a copy has threads. Others would be closed after one request."""


@cache
def client(service: str) -> Any:
    """Return a boto3 client. Threads may share it."""
    return boto3.client(service, config=CONFIG)  # type: ignore[call-overload] # boto3 overloads by literal service names


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack."""

    name: str
    outputs: dict[str, str]

    @property
    def origin(self) -> str:
        """The portal's origin, without a slash at the end."""
        return self.outputs["PortalUrl"].removesuffix("/{practice}")

    def resource(self, logical_id: str) -> str:
        """Return the physical id of a resource of the template.

        :raises CommandError: the stack has no such resource.
        """
        try:
            response = client("cloudformation").describe_stack_resource(
                StackName=self.name, LogicalResourceId=logical_id
            )
        except ClientError as error:
            raise CommandError(f"Stack {self.name} has no {logical_id}: {error.response['Error']['Message']}") from None
        return str(response["StackResourceDetail"]["PhysicalResourceId"])


def stack(name: str) -> Stack:
    """Return the stack of this name.

    :raises CommandError: this account and region have no such stack.
    """
    try:
        (description,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        region = client("cloudformation").meta.region_name
        raise CommandError(f"No stack {name} in {region}. Check AWS_PROFILE and AWS_DEFAULT_REGION.") from None
    return Stack(name, {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])})
