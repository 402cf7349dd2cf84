"""Tests of the routing table of a deployed API."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from local.sam_template import Authorizer, LambdaAuthorizer, Route
from tools.rehearsal.deployed_api import routes

API = "1a2b3c"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:admin:live"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations"
GUARD = {
    "AuthorizerId": "gate",
    "Name": "Clinicians",
    "IdentitySource": ["$request.header.Authorization"],
    "JwtConfiguration": {"Issuer": "https://pool", "Audience": ["one"]},
}

CHECK = "arn:aws:lambda:us-east-1:000000000000:function:session:live"
SESSION_GUARD = {
    "AuthorizerId": "session",
    "Name": "ClientSession",
    "AuthorizerType": "REQUEST",
    "AuthorizerUri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{CHECK}/invocations",
    "IdentitySource": ["$context.requestId", "$request.header.Cookie"],
}


class Account:
    """An account with one API. boto3 checks every response against the shapes of AWS."""

    def __init__(self, uri: str, *routes: dict[str, Any]) -> None:
        self._gateway = boto3.client(
            "apigatewayv2", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        stub = Stubber(self._gateway)
        request = {"ApiId": API}
        integration = {"IntegrationId": "there", "IntegrationUri": uri}
        stub.add_response("get_integrations", {"Items": [integration]}, request)
        stub.add_response("get_authorizers", {"Items": [GUARD, SESSION_GUARD]}, request)
        stub.add_response(
            "get_routes", {"Items": [{"Target": "integrations/there"} | route for route in routes]}, request
        )
        stub.activate()

    def client(self, service: str) -> Any:
        """Return the client of API Gateway, the only one."""
        assert service == "apigatewayv2"
        return self._gateway


def test_a_route_is_read_with_its_function_and_its_authorizer() -> None:
    guarded = {"AuthorizationType": "JWT", "AuthorizerId": "gate", "AuthorizationScopes": ["latchkey/admin"]}
    account = Account(URI, {"RouteKey": "$default"}, {"RouteKey": "ANY /admin"} | guarded)

    gate = Authorizer("https://pool", ("one",), "authorization")
    assert routes(account, API) == [Route("$default", ARN), Route("ANY /admin", ARN, gate, ("latchkey/admin",))]


def test_a_services_route_has_its_prefix_and_asks_the_session_check() -> None:
    account = Account(URI, {"RouteKey": "GET /x", "AuthorizationType": "CUSTOM", "AuthorizerId": "session"})

    gate = LambdaAuthorizer(CHECK, ("cookie",))
    assert routes(account, API, "booking") == [Route("GET /x", ARN, gate, (), "booking")]


def test_a_route_without_a_function_is_an_error() -> None:
    with pytest.raises(ValueError, match="ANY /x leads to no function"):
        routes(Account("https://example.com", {"RouteKey": "ANY /x"}), API)
