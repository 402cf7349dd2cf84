"""The door to the deployed functions: API Gateway's part is `local`'s, its routes are the deployed API's, and each
function runs where it was deployed.

ministack has an API Gateway too, but its events lack `cookies`, and without them nobody can be signed in.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from local.aws import Address
from local.clock import Clock
from local.http_server import HttpServer
from local.jwt_authorizer import JwtAuthorizer
from local.runtime import FunctionFailed
from local.sam_template import REGION, Authorizer, Route

INVOKED = re.compile(r":lambda:path/2015-03-31/functions/([^/]+)/invocations$")


@dataclass(frozen=True, slots=True)
class Function:
    """A function in the account, called as API Gateway calls it."""

    arn: str
    lambdas: Any
    """boto3 client."""

    async def invoke(self, event: bytes) -> bytes:
        """The function's answer to one event; raises FunctionFailed."""
        answer = await asyncio.to_thread(self.lambdas.invoke, FunctionName=self.arn, Payload=event)
        told: bytes = await asyncio.to_thread(answer["Payload"].read)
        if "FunctionError" in answer:
            raise FunctionFailed(f"{self.arn.partition(':function:')[2]}: {told.decode()}")
        return told


class Account(Protocol):
    """Where AWS answers."""

    def client(self, service: Any) -> Any:
        """A boto3 client."""


def routes(account: Account, api: str) -> list[Route]:
    """The routing table of a deployed HTTP API; a route's function is an ARN, with its alias if there is one."""
    gateway = account.client("apigatewayv2")
    targets = {one["IntegrationId"]: one["IntegrationUri"] for one in _all(gateway, "get_integrations", api)}
    authorizers = {one["AuthorizerId"]: _authorizer(one) for one in _all(gateway, "get_authorizers", api)}
    found = []
    for route in _all(gateway, "get_routes", api):
        uri = targets[route["Target"].removeprefix("integrations/")]
        invoked = INVOKED.search(uri)
        if invoked is None:
            raise ValueError(f"{route['RouteKey']} leads to no function: {uri}")
        guard = authorizers[route["AuthorizerId"]] if route.get("AuthorizationType") == "JWT" else None
        found.append(Route(route["RouteKey"], invoked[1], guard, tuple(route.get("AuthorizationScopes", ()))))
    return found


def door(address: Address, api: str, pool: str, origin: str) -> web.Application:
    """Something to listen with, in front of the API as it is deployed now."""
    table = routes(address, api)
    lambdas = address.client("lambda")
    functions = {route.function: Function(route.function, lambdas) for route in table}
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{pool}"
    app = web.Application()
    HttpServer(table, JwtAuthorizer({issuer: f"{address.endpoint}/{pool}"}), functions, Clock(), origin).add_to(app)
    return app


def _authorizer(told: dict[str, Any]) -> Authorizer:
    configured = told["JwtConfiguration"]
    (source,) = told["IdentitySource"]
    return Authorizer(configured["Issuer"], tuple(configured["Audience"]), source.rpartition(".")[2].lower())


def _all(gateway: Any, operation: str, api: str) -> list[dict[str, Any]]:
    pages = gateway.get_paginator(operation).paginate(ApiId=api)
    return [one for page in pages for one in page["Items"]]
