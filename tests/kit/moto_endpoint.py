"""moto behind the lean transport: requests that it would send to AWS get moto's response."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSRequest
from botocore.exceptions import EndpointConnectionError
from moto.core.exceptions import JsonRESTError
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.core.utils import camelcase_to_underscores
from moto.dynamodb.responses import DynamoHandler

from latchkey.transport.connections import Endpoint
from latchkey.transport.responses import AwsResponse


class RealEndpoint(Endpoint):
    """An endpoint that moto never answers for."""

    send_request = Endpoint.send_request


@contextmanager
def answering() -> Iterator[None]:
    """Let moto answer until the context ends."""
    with patch.object(Endpoint, "send_request", _answer):
        yield


def _answer(endpoint: Endpoint, path: str, headers: Mapping[str, str], body: bytes, **_: bool) -> AwsResponse:
    if botocore_stubber.enabled and headers.get("x-amz-target", "").startswith("DynamoDB_"):
        return _answer_of_tables(headers, body)
    request = AWSRequest("POST", f"https://{endpoint.host_header}{path}", headers=dict(headers), data=body).prepare()
    answer = botocore_stubber("before-send", request)
    if answer is None:
        raise EndpointConnectionError(endpoint_url=endpoint.url)
    return AwsResponse(answer.status_code, answer.headers, answer.content)


def _answer_of_tables(headers: Mapping[str, str], body: bytes) -> AwsResponse:
    """Return moto's response of DynamoDB without looking for the service and the action by the URL.

    That takes a fifth of a test's time. The result is written without looking up its fields in the API's description,
    which takes as long again.
    """
    handler: Any = DynamoHandler()
    handler.headers, handler.querystring = headers, {}
    handler.body = handler.params = json.loads(body, object_hook=_decoded)
    handler.region, handler.current_account, handler.response_headers = "us-east-1", DEFAULT_ACCOUNT_ID, {}
    action = camelcase_to_underscores(headers["x-amz-target"].rpartition(".")[2])
    try:
        result = getattr(handler, action)().result
    except JsonRESTError as error:
        return AwsResponse(error.code, {}, error.description.encode())
    document = {name: value for name, value in result.items() if value is not None}
    return AwsResponse(200, {}, json.dumps(document, default=_encoded).encode())


def _encoded(value: bytes) -> str:
    """Return bytes as JSON has them."""
    return b64encode(value).decode()


def _decoded(value: dict[str, Any]) -> dict[str, Any]:
    """Return a value of an attribute with its bytes, which JSON has in base64."""
    match value:
        case {"B": str(text)}:
            return {"B": b64decode(text)}
        case _:
            return value
