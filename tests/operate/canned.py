"""AWS for checks: botocore validates each request, and gets a canned response instead of the network's."""

from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from operate import aws

type Responses = dict[str, Any]
"""The response of each operation, by its name. An exception is raised."""


def answer(monkeypatch: pytest.MonkeyPatch, responses: Responses) -> None:
    """Let every operation return its canned response. One without a response fails the test."""

    @cache
    def client(service: str, region: str | None = None) -> Any:
        made = boto3.client(  # type: ignore[call-overload] # boto3 overloads by literal service names
            service, region_name=region or "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        made.meta.events.register("before-call.*.*", respond)
        return made

    def respond(model: Any, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        response = responses[model.name]
        if callable(response):
            response = response(params)
        if isinstance(response, Exception):
            raise response
        return type("Http", (), {"status_code": 200})(), response

    monkeypatch.setattr(aws, "client", client)


def refused(code: str, operation: str) -> ClientError:
    """Return the error of a refused call."""
    return ClientError({"Error": {"Code": code, "Message": f"refused: {code}"}}, operation)
