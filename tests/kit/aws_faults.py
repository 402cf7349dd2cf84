"""Calls to AWS, recorded by operation, and faults that a test injects into them."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import Mock, patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from latchkey import aws
from latchkey.transport.client import JsonClient
from latchkey.transport.responses import AwsResponse
from tests.kit import moto_endpoint, sam_template

NOWHERE = "https://nowhere.example/"
"""A host for which moto has no response."""
EVERY_TRY = 100
"""More tries than any client makes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a call. It is injected below the retries of the transport."""

    status: int = 0
    """HTTP status of the response, 0 for none."""
    document: dict[str, Any] = field(default_factory=dict)
    """JSON body of the response. `__type` is the name of an error."""
    error: type[HTTPClientError] | None = None
    """The error with which the connection fails."""
    done: bool = False
    """True if AWS carries the call out before the connection fails."""
    tries: int = EVERY_TRY
    """The number of tries of a call that it happens to."""
    url: str = ""
    """URL of a real server that responds instead of AWS."""
    leaves_unread: bool = False
    """True if the response to a batch leaves every key unread, as under throttling."""

    def response_to(self, body: bytes) -> str:
        """Return the body of the response to a request with this body."""
        if self.leaves_unread:
            return json.dumps({"Responses": {}, "UnprocessedKeys": json.loads(body)["RequestItems"]})
        return json.dumps(self.document)


SLOW = Fault(error=ReadTimeoutError)
RESET = Fault(error=ConnectionClosedError)
LOST = Fault(error=ReadTimeoutError, done=True)


def refused(code: str, status: int = 400, *, tries: int = EVERY_TRY) -> Fault:
    """Return a fault with this error code of AWS."""
    return Fault(status=status, document={"__type": code, "message": "for ana@example.com"}, tries=tries)


class AwsFaults:
    """A recorder of the calls that clients make, by either transport. It can also fail them."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Operations with their arguments, in order. Calls that were refused here are included."""
        self.tokens: list[str] = []
        """The client request tokens of all tries of transactions, in order."""
        self.written: set[tuple[str, str]] = set()
        """The items that calls have written or deleted: their tables, and their keys as JSON."""
        self._refusals: dict[str, list[dict[str, Any]]] = {}
        self._drops: dict[str, int] = {}
        self._errors: dict[str, Exception] = {}
        self._resends: dict[str, int] = {}
        self._fault_at: Callable[[str, int], Fault | None] | None = None
        self._wait: Callable[[float], None] = lambda _seconds: None
        self._call, self._try, self._read_seconds = 0, 0, 0.0
        self._carried_out: set[str] = set()
        """Client request tokens of transactions. DynamoDB carries out a token once, and moto each time."""
        self.carried_out: list[str] = []
        """The calls that were carried out while faults were injected, in order."""

    @contextmanager
    def injecting(
        self, fault_at: Callable[[str, int], Fault | None], wait: Callable[[float], None]
    ) -> Iterator[list[str]]:
        """Inject faults until the context ends, and yield the operations of the calls, in order.

        `fault_at` returns the fault of a call by its operation and number. `wait` gets the seconds of each timeout.
        """
        self._fault_at, self._wait, self._call = fault_at, wait, 0
        self.carried_out = []
        first = len(self.calls)
        operations: list[str] = []
        try:
            yield operations
        finally:
            self._fault_at = None
            operations += [operation for operation, _ in self.calls[first:]]

    def refuse(
        self, operation: str, code: str, *, times: int = 1, reasons: tuple[str, ...] = (), message: str = ""
    ) -> None:
        """Answer the next calls with an error of AWS. `reasons` are the reasons of a cancelled transaction."""
        error = {
            "Error": {"Code": code, "Message": f"{message} for ana@example.com".strip()},
            "CancellationReasons": [{"Code": reason} for reason in reasons],
            "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0},
        }
        self._refusals[operation] = [error] * times

    def raise_at(self, operation: str, error: Exception) -> None:
        """Raise this error at the next call."""
        self._errors[operation] = error

    def drop_response(self, operation: str, *, times: int = 1) -> None:
        """Carry the next calls out, and drop their responses."""
        self._drops[operation] = times

    def repeat(self, operation: str, *, times: int = 1) -> None:
        """Carry the next calls out, and have the transport resend each once, as after a late response."""
        self._resends[operation] = times

    def operations(self) -> list[str]:
        """Return the operations of the calls, in order."""
        return [operation for operation, _ in self.calls]

    def written_tables(self) -> set[str]:
        """Return the names of the tables that calls have written to."""
        return {table for table, _ in self.written}

    def summary(self, since: int = 0) -> list[str]:
        """Return each call as its operation and its tables: `TransactGet Accounts Links`."""
        lines = []
        for operation, arguments in self.calls[since:]:
            items = arguments.get("TransactItems", [])
            tables = sorted(properties["TableName"] for item in items for properties in item.values())
            name = operation.removesuffix("Items").removesuffix("Item")
            lines.append(" ".join([name, *(tables or [arguments.get("TableName", "")])]).strip())
        return lines

    @contextmanager
    def listening(self, *clients: Any) -> Iterator["AwsFaults"]:
        """Record the calls of these clients until the context ends. They are `aws.client`s or clients of boto3."""
        with ExitStack() as stack:
            for client in clients:
                if isinstance(client, JsonClient):
                    stack.enter_context(self._listening_to_lean(client))
                else:
                    stack.enter_context(self._listening_to_botocore(getattr(client, "client", client)))
            yield self

    @contextmanager
    def _listening_to_botocore(self, client: BaseClient) -> Iterator[None]:
        handlers: dict[str, Any] = {
            "provide-client-params.*.*": self._record,
            "before-call.*.*": self._refuse_or_raise,
            "before-send.*.*": self._inject,
            "needs-retry.*.*": self._repeat,
            "after-call.*.*": self._drop_response,
        }
        for event, handler in handlers.items():
            client.meta.events.register_first(event, handler, unique_id=f"faults {event}")
        try:
            yield
        finally:
            for event in handlers:
                client.meta.events.unregister(event, unique_id=f"faults {event}")

    @contextmanager
    def _listening_to_lean(self, client: JsonClient) -> Iterator[None]:
        call, send = client.call, client.send

        def recorded_call(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
            self._record_call(operation, arguments)
            if refusal := self._refused(operation, aws.READ_TIMEOUT_SECONDS):
                raise ClientError(refusal, operation)
            response = call(operation, arguments)
            if self._due(self._drops, operation):
                raise ReadTimeoutError(endpoint_url="https://aws.example")
            return response

        def sent(operation: str, body: bytes) -> AwsResponse:
            self._record_token(operation, body)
            fault = self._fault_of_try(operation)
            if fault and fault.url:
                misled: Any = copy.copy(client)
                misled._endpoint = moto_endpoint.RealEndpoint(fault.url, **LIMITS)  # noqa: SLF001 - AWS is there now
                return JsonClient.send(misled, operation, body)
            if fault:
                return self._fail(fault, body, lambda: self._carry_out_lean(operation, body, send))
            if self._due(self._resends, operation):
                send(operation, body)
            return self._carry_out_lean(operation, body, send)

        with patch.object(client, "call", recorded_call), patch.object(client, "send", sent):
            yield

    def _fail(self, fault: Fault, body: bytes, carry_out: Callable[[], object]) -> AwsResponse:
        if fault.error is None:
            return AwsResponse(fault.status, _headers(fault), fault.response_to(body).encode())
        if fault.done:
            carry_out()
        if fault.error is ReadTimeoutError:
            self._wait(self._read_seconds)
        raise fault.error(endpoint_url="https://aws.example", error="in vain")

    def _carry_out_lean(self, operation: str, body: bytes, send: Callable[[str, bytes], AwsResponse]) -> AwsResponse:
        if self._fault_at is None:
            return send(operation, body)
        token = json.loads(body).get("ClientRequestToken") if "Transact" in operation else None
        self.carried_out.append(operation)
        if token in self._carried_out:
            return AwsResponse(200, {}, b"{}")
        response = send(operation, body)
        if token and response.status == 200:
            self._carried_out.add(token)
        return response

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self._record_call(model.name, params)

    def _record_token(self, operation: str, body: bytes) -> None:
        if operation == "TransactWriteItems":
            self.tokens.append(json.loads(body)["ClientRequestToken"])

    def _record_call(self, operation: str, arguments: dict[str, Any]) -> None:
        self.calls.append((operation, arguments))
        if operation in {"PutItem", "UpdateItem", "DeleteItem"}:
            self.written.add(_written(arguments))
        elif operation == "TransactWriteItems":
            self.written |= {
                _written(properties)
                for item in arguments["TransactItems"]
                for kind, properties in item.items()
                if kind != "ConditionCheck"
            }

    def _inject(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        self._record_token(operation, cast("bytes", request.body))
        if self._fault_at is None:
            return None
        fault = self._fault_of_try(operation)
        if fault is None:
            return self._carry_out(request, event_name)
        if fault.url:
            request.url = fault.url
            return None
        if fault.error is None:
            url, request.url = request.url, NOWHERE
            return _answered(url, fault, cast("bytes", request.body))
        if fault.done:
            self._carry_out(request, event_name)
        if fault.error is ReadTimeoutError:
            self._wait(self._read_seconds)
        raise fault.error(endpoint_url="https://aws.example", error="in vain")

    def _fault_of_try(self, operation: str) -> Fault | None:
        if self._fault_at is None:
            return None
        self._try += 1
        fault = self._fault_at(operation, self._call)
        return None if fault is None or self._try > fault.tries else fault

    def _carry_out(self, request: AWSPreparedRequest, event_name: str) -> AWSResponse | None:
        """Return moto's response. The URL changes, so that moto does not respond a second time."""
        token = json.loads(cast("bytes", request.body)).get("ClientRequestToken") if "Transact" in event_name else None
        answer = None if token in self._carried_out else botocore_stubber(event_name, request)
        self.carried_out.append(event_name)
        url, request.url = request.url, NOWHERE
        if token and (answer is None or answer.status_code == 200):
            self._carried_out.add(token)
        return answer or _answered(url, Fault(200), b"")

    def _refuse_or_raise(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        refusal = self._refused(model.name, context["client_config"].read_timeout)
        return (Mock(status_code=400), refusal) if refusal else None

    def _refused(self, operation: str, read_seconds: float) -> Any:
        """Begin a call, and return its refusal if one was ordered."""
        self._call, self._try, self._read_seconds = self._call + 1, 0, read_seconds
        if error := self._errors.pop(operation, None):
            raise error
        errors = self._refusals.get(operation)
        return errors.pop() if errors else None

    def _repeat(self, operation: Any, response: Any, **_: Any) -> float | None:
        if response and self._due(self._resends, operation.name):
            return 0.0
        return None

    def _drop_response(self, model: Any, http_response: Any, **_: Any) -> None:
        if http_response.status_code < 300 and self._due(self._drops, model.name):
            raise ReadTimeoutError(endpoint_url="https://aws.example")

    def _due(self, left_by_operation: dict[str, int], operation: str) -> bool:
        left = left_by_operation.get(operation, 0)
        left_by_operation[operation] = max(0, left - 1)
        return left > 0


LIMITS: Any = {
    "connect_seconds": aws.CONNECT_TIMEOUT_SECONDS,
    "read_seconds": aws.READ_TIMEOUT_SECONDS,
    "ca_bundle": None,
}


def _answered(url: str, fault: Fault, body: bytes) -> AWSResponse:
    """Return the response of a fault to a request with this body."""
    headers = HTTPHeaders()
    for name, value in _headers(fault).items():
        headers[name] = value
    return AWSResponse(url, fault.status, headers, MockRawResponse(fault.response_to(body)))


def _headers(fault: Fault) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    if "__type" in fault.document:
        headers["x-amzn-errortype"] = fault.document["__type"]
    return headers


def _written(arguments: Mapping[str, Any]) -> tuple[str, str]:
    """Return the table and the key of the item that a call writes."""
    table = arguments["TableName"]
    key = arguments.get("Key") or {name: arguments["Item"][name] for name in sam_template.key_of(table)}
    return table, json.dumps(key, sort_keys=True)
