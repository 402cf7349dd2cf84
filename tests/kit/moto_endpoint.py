"""moto behind the lean transport: requests that it would send to AWS get moto's response. Requests of botocore's
clients to DynamoDB go the same short way.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import EndpointConnectionError
from moto.core.botocore_stubber import BotocoreStubber
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
    with (
        patch.object(Endpoint, "send_request", _answer),
        patch.object(BotocoreStubber, "process_request", _process_request),
    ):
        yield


def _answer(endpoint: Endpoint, path: str, headers: Mapping[str, str], body: bytes, **_: bool) -> AwsResponse:
    target = headers.get("x-amz-target", "")
    if botocore_stubber.enabled and target.startswith("DynamoDB_"):
        return _answer_of_tables(target, body)
    request = AWSRequest("POST", f"https://{endpoint.host_header}{path}", headers=dict(headers), data=body).prepare()
    answer = botocore_stubber("before-send", request)
    if answer is None:
        raise EndpointConnectionError(endpoint_url=endpoint.url)
    return AwsResponse(answer.status_code, answer.headers, answer.content)


_usual_process_request = BotocoreStubber.process_request


def _process_request(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
    """Return moto's response to a request of a botocore client: its status, headers and body."""
    if not request.url.startswith("https://dynamodb."):
        return _usual_process_request(stubber, request)
    target: Any = request.headers["x-amz-target"]
    assert isinstance(request.body, bytes)
    return tuple(_answer_of_tables(target.decode(), request.body))


def _answer_of_tables(target: str, body: bytes) -> AwsResponse:
    """Return moto's response of DynamoDB without looking for the service and the action by the URL.

    That takes a fifth of a test's time. The result is written without looking up its fields in the API's description,
    which takes as long again.
    """
    handler: Any = DynamoHandler()
    handler.headers, handler.querystring = {"x-amz-target": target}, {}
    handler.body = handler.params = json.loads(body, object_hook=_decoded)
    handler.region, handler.current_account, handler.response_headers = "us-east-1", DEFAULT_ACCOUNT_ID, {}
    action = camelcase_to_underscores(target.rpartition(".")[2])
    try:
        result = getattr(handler, action)().result
    except JsonRESTError as error:
        return AwsResponse(error.code, {}, error.description.encode())
    document = {name: value for name, value in result.items() if value is not None}
    return AwsResponse(200, {}, json.dumps(document, default=_encoded).encode())


def _encoded(value: bytes | datetime) -> str | float:
    """Return bytes or a time as JSON has them."""
    return value.timestamp() if isinstance(value, datetime) else b64encode(value).decode()


def _decoded(value: dict[str, Any]) -> dict[str, Any]:
    """Return a value of an attribute with its bytes, which JSON has in base64."""
    match value:
        case {"B": str(text)}:
            return {"B": b64decode(text)}
        case _:
            return value
