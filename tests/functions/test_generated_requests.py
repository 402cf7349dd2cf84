"""Tests of the clients' routes with requests that are generated from docs/openapi-client.json."""

from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, settings

from tests.kit import client_contract
from tests.kit.browser import JSON, new_source
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal

EXAMPLES = 3
TOKENS = ("AAAA", "a-link.of-nobody", "%C3%A9", "0" * 300)
"""Segments of links. Those with a slash would be other paths."""

contract = schemathesis.openapi.from_path(client_contract.FILE).include(tag=["sign-in", "session", "stack"])


@contract.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_every_response_to_a_generated_request_is_documented(case: Any, portal: Portal) -> None:
    """B187"""
    if "practice" in case.path_parameters:
        case.path_parameters["practice"] = "willow"
    if "token" in case.path_parameters:
        case.path_parameters["token"] = TOKENS[len(str(case.body)) % len(TOKENS)]
    sent = case.as_transport_kwargs(base_url=ORIGIN)
    names = ("method", "url", "headers", "params", "json", "data", "cookies")
    request = requests.Request(**{name: sent[name] for name in names if name in sent}).prepare()
    headers = {name: str(value) for name, value in request.headers.items()} | {"accept": JSON}
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()

    # the app compares the response with the document
    response = portal.app(new_source()).send(request.method or "", request.path_url, headers, body)

    assert response.status < 500
