"""The routing table of a deployed API, read back as requests will be led by it."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from local.sam_template import Authorizer, Route
from rehearsal.deployed import routes

API = "1a2b3c"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:admin:live"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations"
GUARD = {
    "AuthorizerId": "gate",
    "Name": "Clinicians",
    "IdentitySource": ["$request.header.Authorization"],
    "JwtConfiguration": {"Issuer": "https://pool", "Audience": ["one"]},
}


class Account:
    """An account whose API Gateway answers with one API; boto3 holds every answer to AWS's own shapes."""

    def __init__(self, uri: str, *told: dict[str, Any]) -> None:
        self._gateway = boto3.client(
            "apigatewayv2", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        stub = Stubber(self._gateway)
        asked = {"ApiId": API}
        integration = {"IntegrationId": "there", "IntegrationUri": uri}
        stub.add_response("get_integrations", {"Items": [integration]}, asked)
        stub.add_response("get_authorizers", {"Items": [GUARD]}, asked)
        stub.add_response("get_routes", {"Items": [{"Target": "integrations/there"} | one for one in told]}, asked)
        stub.activate()

    def client(self, service: str) -> Any:
        """Of API Gateway, and of nothing else."""
        assert service == "apigatewayv2"
        return self._gateway


def test_a_route_is_read_with_its_function_and_what_stands_before_it() -> None:
    guarded = {"AuthorizationType": "JWT", "AuthorizerId": "gate", "AuthorizationScopes": ["latchkey/admin"]}
    account = Account(URI, {"RouteKey": "$default"}, {"RouteKey": "ANY /admin"} | guarded)

    gate = Authorizer("https://pool", ("one",), "authorization")
    assert routes(account, API) == [Route("$default", ARN), Route("ANY /admin", ARN, gate, ("latchkey/admin",))]


def test_a_route_that_leads_to_no_function_is_no_route() -> None:
    with pytest.raises(ValueError, match="ANY /x leads to no function"):
        routes(Account("https://example.com", {"RouteKey": "ANY /x"}), API)
