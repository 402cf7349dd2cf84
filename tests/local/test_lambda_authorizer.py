"""API Gateway's part on one machine: Lambda authorizers, and the templates that may have one."""

import asyncio
import json
from typing import Any

import pytest

from local import lambda_authorizer, sam_template
from local.jwt_authorizer import Denied
from local.sam_template import LambdaAuthorizer

COOKIE = LambdaAuthorizer("Session", ("cookie",))
EVENT: dict[str, Any] = {
    "headers": {"host": "localhost"},
    "cookies": ["a=b"],
    "body": "a body",
    "isBase64Encoded": False,
    "requestContext": {"http": {"method": "GET", "path": "/willow"}},
}


class Answers:
    """A function with one answer, which remembers its events."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.received: list[Any] = []

    async def invoke(self, event: bytes) -> bytes:
        self.received.append(json.loads(event))
        return json.dumps(self.answer).encode()


def ask(function: Answers, **changes: Any) -> dict[str, Any]:
    return asyncio.run(lambda_authorizer.authorize(COOKIE, {"Session": function}, {**EVENT, **changes}))


def test_a_function_sees_everything_but_the_body_and_its_context_is_passed_on() -> None:
    function = Answers({"isAuthorized": True, "context": {"account": "1"}})
    assert ask(function) == {"lambda": {"account": "1"}}
    (received,) = function.received
    assert (received["type"], received["identitySource"], received["cookies"]) == ("REQUEST", ["a=b"], ["a=b"])
    assert not {"body", "isBase64Encoded"} & received.keys()


@pytest.mark.parametrize("answer", [{"isAuthorized": False}, {"isAuthorized": "true"}, {}, None, [], "yes"])
def test_anything_but_yes_is_no(answer: object) -> None:
    with pytest.raises(Denied) as denied:
        ask(Answers(answer))
    assert denied.value.status == 403


def test_without_an_identity_source_no_function_is_invoked() -> None:
    function = Answers({"isAuthorized": True})
    with pytest.raises(Denied) as denied:
        ask(function, cookies=[])
    assert (denied.value.status, function.received) == (401, [])


def test_without_a_header_as_a_source_every_request_reaches_the_function() -> None:
    """A request of an app has no cookie, and one of a browser no token."""
    authorizer = LambdaAuthorizer("Session", sam_template.required_headers(["$context.requestId"]))
    function = Answers({"isAuthorized": True, "context": {}})
    for cookies in ([], ["a=b"]):
        asyncio.run(lambda_authorizer.authorize(authorizer, {"Session": function}, {**EVENT, "cookies": cookies}))
    assert len(function.received) == 2


def test_a_source_that_this_gateway_cannot_read_is_refused() -> None:
    with pytest.raises(ValueError, match="querystring"):
        sam_template.required_headers("$request.header.Cookie, $request.querystring.token")


@pytest.mark.parametrize(
    "other",
    [
        {"authorizerPayloadFormatVersion": "1.0"},
        {"enableSimpleResponses": False},
        {"authorizerResultTtlInSeconds": 300},
    ],
)
def test_an_authorizer_that_would_work_otherwise_at_aws_is_refused(other: dict[str, Any]) -> None:
    config = {
        "type": "request",
        "authorizerPayloadFormatVersion": "2.0",
        "enableSimpleResponses": True,
        "authorizerResultTtlInSeconds": 0,
        "identitySource": "$request.header.Cookie,$context.path",
        "authorizerUri": f"{sam_template.function_arn('Session')}:live/invocations",
    }
    assert sam_template.lambda_authorizer(config) == COOKIE
    with pytest.raises(ValueError, match="simple responses"):
        sam_template.lambda_authorizer(config | other)
