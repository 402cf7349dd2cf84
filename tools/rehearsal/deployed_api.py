"""An HTTP server for the deployed API: its routes and functions, behind the API Gateway of `local`.

ministack has an API Gateway too. Its events lack `cookies`, and without cookies no one can be signed in.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from local.aws import Address
from local.clock import Clock
from local.http_server import HttpServer
from local.jwt_authorizer import JwtAuthorizer
from local.runtime import FunctionFailed
from local.sam_template import REGION, Authorizer, LambdaAuthorizer, Route, required_headers

INVOKED = re.compile(r":lambda:path/2015-03-31/functions/([^/]+)/invocations$")


@dataclass(frozen=True, slots=True)
class Function:
    """A deployed function, invoked as API Gateway invokes it."""

    arn: str
    lambdas: Any
    """boto3 client."""

    async def invoke(self, event: bytes) -> bytes:
        """Return the function's response to an event.

        :raises FunctionFailed: the function raises.
        """
        answer = await asyncio.to_thread(self.lambdas.invoke, FunctionName=self.arn, Payload=event)
        payload: bytes = await asyncio.to_thread(answer["Payload"].read)
        if "FunctionError" in answer:
            raise FunctionFailed(f"{self.arn.partition(':function:')[2]}: {payload.decode()}")
        return payload


class Account(Protocol):
    """An account whose services have boto3 clients."""

    def client(self, service: Any) -> Any:
        """Return a boto3 client."""


def routes(account: Account, api: str, prefix: str = "") -> list[Route]:
    """Return the routing table of a deployed HTTP API. A route's function is an ARN, with its alias if it has one.

    `prefix` is the key of its API mapping.

    :raises ValueError: a route has no function.
    """
    gateway = account.client("apigatewayv2")
    targets = {item["IntegrationId"]: item["IntegrationUri"] for item in _all(gateway, "get_integrations", api)}
    authorizers = {item["AuthorizerId"]: _authorizer(item) for item in _all(gateway, "get_authorizers", api)}
    table = []
    for route in _all(gateway, "get_routes", api):
        uri = targets[route["Target"].removeprefix("integrations/")]
        invoked = INVOKED.search(uri)
        if invoked is None:
            raise ValueError(f"{route['RouteKey']} leads to no function: {uri}")
        guard = authorizers[route["AuthorizerId"]] if route.get("AuthorizationType") in ("JWT", "CUSTOM") else None
        table.append(Route(route["RouteKey"], invoked[1], guard, tuple(route.get("AuthorizationScopes", ())), prefix))
    return table


def api_server(
    address: Address, api: str, pool: str, origin: str, services: Mapping[str, str] | None = None
) -> web.Application:
    """Return a server for the API as it is deployed now. `services` are further APIs, by their prefix."""
    table = routes(address, api)
    for prefix, service in (services or {}).items():
        table += routes(address, service, prefix)
    lambdas = address.client("lambda")
    invoked = {route.function for route in table}
    invoked |= {route.authorizer.function for route in table if isinstance(route.authorizer, LambdaAuthorizer)}
    functions = {function: Function(function, lambdas) for function in invoked}
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{pool}"
    app = web.Application()
    HttpServer(table, JwtAuthorizer({issuer: f"{address.endpoint}/{pool}"}), functions, Clock(), origin).add_to(app)
    return app


def _authorizer(item: dict[str, Any]) -> Authorizer | LambdaAuthorizer:
    if item.get("AuthorizerType") == "REQUEST":
        invoked = INVOKED.search(item["AuthorizerUri"])
        if invoked is None:
            raise ValueError(f"an authorizer asks no function: {item['AuthorizerUri']}")
        return LambdaAuthorizer(invoked[1], required_headers(item["IdentitySource"]))
    configured = item["JwtConfiguration"]
    (source,) = item["IdentitySource"]
    return Authorizer(configured["Issuer"], tuple(configured["Audience"]), source.rpartition(".")[2].lower())


def _all(gateway: Any, operation: str, api: str) -> list[dict[str, Any]]:
    pages = gateway.get_paginator(operation).paginate(ApiId=api)
    return [item for page in pages for item in page["Items"]]
