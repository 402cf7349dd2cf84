"""Calls to a service of AWS by JSON over HTTP: encoding, retries, and errors as botocore raises them."""

import base64
import binascii
import json
import time
import zlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from latchkey.tokens import jitter, random_id
from latchkey.transport.connections import Endpoint, StaleConnection
from latchkey.transport.endpoints import Service
from latchkey.transport.responses import AwsResponse
from latchkey.transport.signature import Credentials, sign

NO_RESPONSE = (HTTPClientError, NotConnected)
TRANSIENT_STATUSES = {429, 500, 502, 503, 504}
TRANSIENT_CODES = {
    "InternalServerError",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
"""Error codes that another try may not meet, as in botocore's standard retry mode. LimitExceededException is left out:
SES's one ends with the day."""
BACKOFF_SECONDS = 0.05
"""Wait before the second try, doubled for each further one, plus up to as long again at random."""


class JsonClient:
    """Calls to one service. A call is tried again after errors that may pass, on a new connection."""

    def __init__(  # noqa: PLR0913 - what a client consists of
        self,
        service: Service,
        endpoint: Endpoint,
        *,
        region: str,
        user_agent: str,
        credentials: Callable[[], Credentials],
        before_try: Callable[[int], None],
        max_tries: Callable[[], int],
        resends_stale: bool,
    ) -> None:
        """`before_try` gets the number of a try, from 1. It raises to refuse the try.

        `resends_stale` is False if the service must never get a request twice within one try.
        """
        self._service, self._endpoint, self._region = service, endpoint, region
        self._credentials, self._before_try, self._max_tries = credentials, before_try, max_tries
        self._resends_stale = resends_stale
        self._user_agent = user_agent
        self._paths = {operation: endpoint.path + path for operation, path in service.paths}

    def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the response of an operation, with binary values as bytes.

        :raises ClientError: AWS refuses the call.
        :raises BotoCoreError: no response arrives in time, or it cannot be trusted.
        """
        if operation in self._service.adds_idempotency_token:
            arguments = {"ClientRequestToken": random_id().hex()} | arguments
        body = _ENCODER.encode(arguments).encode()
        tries = self._max_tries()
        for number in range(1, tries + 1):
            self._before_try(number)
            try:
                return self._result(operation, self.send(operation, body))
            except (*NO_RESPONSE, ClientError) as error:
                if number == tries or not self._is_transient(error):
                    raise
            time.sleep(BACKOFF_SECONDS * 2 ** (number - 1) * (1 + jitter(100) / 100))
        raise AssertionError("the last try returns or raises")

    def send(self, operation: str, body: bytes) -> AwsResponse:
        """Send one request, and return the response with any status. This is one try of a call.

        :raises HTTPClientError, ConnectionError: there is no complete response. Both are of botocore.exceptions.
        """
        path = self._paths.get(operation) or f"{self._endpoint.path}/"
        headers = {"host": self._endpoint.host_header, "content-type": "application/json"}
        if self._service.target_prefix:
            headers["content-type"] = f"application/x-amz-json-{self._service.json_version}"
            headers["x-amz-target"] = f"{self._service.target_prefix}.{operation}"
        signed = sign(
            path,
            headers,
            body,
            credentials=self._credentials(),
            region=self._region,
            service=self._service.signing_name,
            now=time.time(),
        )
        signed["user-agent"] = self._user_agent
        try:
            return self._endpoint.send_request(path, signed, body)
        except StaleConnection:
            if not self._resends_stale:
                raise ConnectionClosedError(endpoint_url=self._endpoint.url) from None
            return self._endpoint.send_request(path, signed, body, reuse=False)

    def _result(self, operation: str, response: AwsResponse) -> dict[str, Any]:
        """Return the result in a response.

        :raises ClientError: it is an error of AWS.
        :raises ConnectionClosedError: it was changed on its way, or it is no response of AWS.
        """
        checksum = response.headers.get("x-amz-crc32")
        if checksum is not None and checksum != str(zlib.crc32(response.body)):
            raise self._distrusted("wrong checksum")
        try:
            document = _decoded(response.body.decode())
        except ValueError:
            document = None
        if response.status != HTTPStatus.OK:
            raise _error(operation, response, document if isinstance(document, dict) else {})
        if not isinstance(document, dict):
            # an empty body would look like an item that does not exist
            raise self._distrusted("not JSON")
        return document

    def _distrusted(self, reason: str) -> ConnectionClosedError:
        """Close all connections, and return the error for a response that AWS cannot have sent."""
        self._endpoint.close()
        return ConnectionClosedError(endpoint_url=self._endpoint.url, error=reason)

    def _is_transient(self, error: Exception) -> bool:
        if not isinstance(error, ClientError):
            return True
        code = error.response["Error"]["Code"]
        return (
            error.response["ResponseMetadata"]["HTTPStatusCode"] in TRANSIENT_STATUSES
            or code in TRANSIENT_CODES
            or code in self._service.transient_codes
        )


def _error(operation: str, response: AwsResponse, document: dict[str, Any]) -> ClientError:
    """Return the error in a response. Its code is the status if AWS gives none."""
    code = str(response.headers.get("x-amzn-errortype") or document.get("__type") or response.status)
    facts: Any = {
        **document,
        "Error": {
            "Code": code.partition(":")[0].rpartition("#")[2],
            "Message": str(document.get("message") or document.get("Message") or ""),
        },
        "ResponseMetadata": {
            "HTTPStatusCode": response.status,
            "HTTPHeaders": {name.lower(): value for name, value in response.headers.items()},
        },
    }
    return ClientError(facts, operation)


def _base64(value: Any) -> Any:
    """Return bytes as base64, because JSON has no type for them."""
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value)} in a call to AWS")


def _decoded(text: str) -> Any:
    """Return a response as Python values.

    :raises ValueError: it is not JSON, or its bytes are not base64.
    """
    # most responses hold no bytes, and to look at each of their values takes as long as to decode them
    return (_BYTES_DECODER if '"B"' in text or '"BS"' in text else _DECODER).decode(text)


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """Decode the bytes of a DynamoDB value. A value is an object with one name: its type."""
    if len(value) == 1:
        if isinstance(text := value.get("B"), str):
            return {"B": binascii.a2b_base64(text, strict_mode=True)}
        if isinstance(texts := value.get("BS"), list):
            return {"BS": [binascii.a2b_base64(text, strict_mode=True) for text in texts]}
    return value


_ENCODER = json.JSONEncoder(default=_base64, separators=(",", ":"))
_DECODER = json.JSONDecoder()
_BYTES_DECODER = json.JSONDecoder(object_hook=_with_bytes)
