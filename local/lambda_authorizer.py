"""Replacement for API Gateway's Lambda authorizers. Asks a function about each request.

Events have payload format 2.0, and the function gives a simple response.
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from local.jwt_authorizer import Denied
from local.sam_template import ACCOUNT, REGION, LambdaAuthorizer

NOT_SENT = ("body", "isBase64Encoded")
"""Parts of a request's event that an authorizer does not get."""


class Invocable(Protocol):
    """A function that can be invoked."""

    async def invoke(self, event: bytes) -> bytes:
        """Return the function's result for one event."""


async def authorize(
    authorizer: LambdaAuthorizer, functions: Mapping[str, Invocable], event: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the authorizer's context for the function's event. `event` is that of the request.

    :raises Denied: a header of the identity sources is missing, or the function does not allow the request.
    :raises FunctionFailed: the function does not answer. API Gateway then answers 500.
    """
    sent = {**event["headers"], **({"cookie": "; ".join(event["cookies"])} if event.get("cookies") else {})}
    sources = [sent.get(header, "") for header in authorizer.headers]
    if not all(sources):
        raise Denied(401, "Unauthorized", "")
    method, path = event["requestContext"]["http"]["method"], event["requestContext"]["http"]["path"]
    request = {name: value for name, value in event.items() if name not in NOT_SENT} | {
        "type": "REQUEST",
        "routeArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:local/$default/{method}{path}",
        "identitySource": sources,
    }
    result = json.loads(await functions[authorizer.function].invoke(json.dumps(request).encode()))
    if not isinstance(result, dict) or result.get("isAuthorized") is not True:
        raise Denied(403, "Forbidden", "")
    return {"lambda": result.get("context")}
