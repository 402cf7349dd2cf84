"""moto behind the lean transport: requests that it would send to AWS get moto's response."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

from botocore.awsrequest import AWSRequest
from botocore.exceptions import EndpointConnectionError
from moto.core.models import botocore_stubber

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
    request = AWSRequest("POST", f"https://{endpoint.host_header}{path}", headers=dict(headers), data=body).prepare()
    answer = botocore_stubber("before-send", request)
    if answer is None:
        raise EndpointConnectionError(endpoint_url=endpoint.url)
    return AwsResponse(answer.status_code, answer.headers, answer.content)
