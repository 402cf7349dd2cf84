"""AWS clients for the shell's profile and region, and the stack that a command is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from operate.errors import CommandError

CONFIG = Config(max_pool_connections=64)
"""As many connections as a copy has threads. Others would be closed after one request."""


IMPATIENT = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
"""For checks. A service that is down would otherwise hold up each call for minutes, and there are about 60."""
_config: ContextVar[Config] = ContextVar("config", default=CONFIG)


def client(service: str, region: str | None = None) -> Any:
    """Return a boto3 client, for the shell's region unless another one is given. Threads may share it."""
    return _made(service, region, _config.get())


@cache
def _made(service: str, region: str | None, config: Config) -> Any:
    return boto3.client(  # type: ignore[call-overload] # boto3 overloads by literal service names
        service, region_name=region, config=config
    )


def forget_clients() -> None:
    """Let the next call of `client` read the environment again."""
    _made.cache_clear()


@contextmanager
def impatient() -> Iterator[None]:
    """Let clients give up after seconds, within the context and in this thread."""
    token = _config.set(IMPATIENT)
    try:
        yield
    finally:
        _config.reset(token)


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
        :raises ClientError: AWS refuses to say.
        """
        try:
            response = client("cloudformation").describe_stack_resource(
                StackName=self.name, LogicalResourceId=logical_id
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
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
