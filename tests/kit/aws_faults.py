"""The wire to AWS: what goes over it can be listened to, refused, or lost on the way back."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import Mock

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

NOWHERE = "https://nowhere.example/"
"""Moto answers for AWS only."""
EVERY = 100
"""More tries than any client makes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of a call on its way, below botocore's own tries."""

    status: int = 0
    """Of an answer that is given in AWS's place; 0 for none."""
    document: dict[str, Any] = field(default_factory=dict)
    """That answer; `__type` is the name of an error."""
    error: type[HTTPClientError] | None = None
    """How the connection fails."""
    done: bool = False
    """Whether AWS has carried the call out when it does."""
    tries: int = EVERY
    """How many tries of a call it happens to."""
    url: str = ""
    """Who answers in AWS's place, over a real connection."""


SLOW = Fault(error=ReadTimeoutError)
RESET = Fault(error=ConnectionClosedError)
LOST = Fault(error=ReadTimeoutError, done=True)


def refused(code: str, status: int = 400, *, tries: int = EVERY) -> Fault:
    """An error of AWS."""
    return Fault(status=status, document={"__type": code, "message": "for ana@example.com"}, tries=tries)


class AwsFaults:
    """Listens to the calls that clients make, by operation."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Operations with their arguments, in order; those that were refused here too."""
        self.written: set[str] = set()
        """Tables that calls have written to."""
        self._refused: dict[str, list[dict[str, Any]]] = {}
        self._lost: dict[str, int] = {}
        self._raised: dict[str, Exception] = {}
        self._repeated: dict[str, int] = {}
        self._strikes: Callable[[str, int], Fault | None] | None = None
        self._wait: Callable[[float], None] = lambda _seconds: None
        self._call, self._try, self._read_seconds = 0, 0, 0.0
        self._carried_out: set[str] = set()
        """Tokens of transactions: DynamoDB carries each out once, and moto every time."""
        self.carried_out: list[str] = []
        """The calls that got through while others were struck, in order."""

    @contextmanager
    def struck(self, strikes: Callable[[str, int], Fault | None], wait: Callable[[float], None]) -> Iterator[list[str]]:
        """Meanwhile each call meets what `strikes` says of its operation and number; `wait` is told of every second
        that a client waits for an answer in vain. Gives the names of the calls, in order."""
        self._strikes, self._wait, self._call = strikes, wait, 0
        self.carried_out = []
        first = len(self.calls)
        heard: list[str] = []
        try:
            yield heard
        finally:
            self._strikes = None
            heard += [operation for operation, _ in self.calls[first:]]

    def refuse(
        self, operation: str, code: str, *, times: int = 1, reasons: tuple[str, ...] = (), words: str = ""
    ) -> None:
        """Answer the next calls with an error of AWS; `reasons` are those of a cancelled transaction."""
        error = {
            "Error": {"Code": code, "Message": f"{words} for ana@example.com".strip()},
            "CancellationReasons": [{"Code": reason} for reason in reasons],
            "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0},
        }
        self._refused[operation] = [error] * times

    def raise_at(self, operation: str, error: Exception) -> None:
        """Have the next call fail by a mistake of anyone's."""
        self._raised[operation] = error

    def lose(self, operation: str, *, times: int = 1) -> None:
        """Carry the next calls out, and lose their answers for good."""
        self._lost[operation] = times

    def repeat(self, operation: str, *, times: int = 1) -> None:
        """Carry the next calls out, and have botocore send each once more, as after an answer that came too late."""
        self._repeated[operation] = times

    def operations(self) -> list[str]:
        """The names of the calls, in order."""
        return [operation for operation, _ in self.calls]

    def summary(self, since: int = 0) -> list[str]:
        """The calls, each as its operation and the tables that it is about: `TransactGet Accounts Links`."""
        lines = []
        for operation, arguments in self.calls[since:]:
            items = arguments.get("TransactItems", [])
            tables = sorted(properties["TableName"] for item in items for properties in item.values())
            name = operation.removesuffix("Items").removesuffix("Item")
            lines.append(" ".join([name, *(tables or [arguments.get("TableName", "")])]).strip())
        return lines

    @contextmanager
    def tapped(self, *clients: Any) -> Iterator["AwsFaults"]:
        """Listen to these clients."""
        taps = {
            "provide-client-params.*.*": self._record,
            "before-call.*.*": self._may_refuse,
            "before-send.*.*": self._may_strike,
            "needs-retry.*.*": self._may_repeat,
            "after-call.*.*": self._may_lose,
        }
        for client in clients:
            for event, tap in taps.items():
                client.meta.events.register_first(event, tap, unique_id=f"wire {event}")
        try:
            yield self
        finally:
            for client in clients:
                for event in taps:
                    client.meta.events.unregister(event, unique_id=f"wire {event}")

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))
        if model.name in {"PutItem", "UpdateItem", "DeleteItem"}:
            self.written.add(params["TableName"])
        elif model.name == "TransactWriteItems":
            self.written |= {
                properties["TableName"] for item in params["TransactItems"] for properties in item.values()
            }

    def _may_strike(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        if self._strikes is None:
            return None
        operation = event_name.rpartition(".")[2]
        self._try += 1
        fault = self._strikes(operation, self._call)
        if fault is None or self._try > fault.tries:
            return self._carry_out(request, event_name)
        if fault.url:
            request.url = fault.url
            return None
        if fault.error is None:
            url, request.url = request.url, NOWHERE
            return _answered(url, fault)
        if fault.done:
            self._carry_out(request, event_name)
        if fault.error is ReadTimeoutError:
            self._wait(self._read_seconds)
        raise fault.error(endpoint_url="https://aws.example", error="in vain")

    def _carry_out(self, request: AWSPreparedRequest, event_name: str) -> AWSResponse | None:
        """Moto's answer; moto is not asked again."""
        token = json.loads(cast("bytes", request.body)).get("ClientRequestToken") if "Transact" in event_name else None
        answer = None if token in self._carried_out else botocore_stubber(event_name, request)
        self.carried_out.append(event_name)
        url, request.url = request.url, NOWHERE
        if token and (answer is None or answer.status_code == 200):
            self._carried_out.add(token)
        return answer or _answered(url, Fault(200))

    def _may_refuse(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        self._call, self._try, self._read_seconds = self._call + 1, 0, context["client_config"].read_timeout
        if error := self._raised.pop(model.name, None):
            raise error
        errors = self._refused.get(model.name)
        return (Mock(status_code=400), errors.pop()) if errors else None

    def _may_repeat(self, operation: Any, response: Any, **_: Any) -> float | None:
        if response and self._due(self._repeated, operation.name):
            return 0.0
        return None

    def _may_lose(self, model: Any, http_response: Any, **_: Any) -> None:
        if http_response.status_code < 300 and self._due(self._lost, model.name):
            raise ReadTimeoutError(endpoint_url="https://aws.example")

    def _due(self, counted: dict[str, int], operation: str) -> bool:
        left = counted.get(operation, 0)
        counted[operation] = max(0, left - 1)
        return left > 0


def _answered(url: str, fault: Fault) -> AWSResponse:
    """An answer that is not moto's."""
    headers = HTTPHeaders()
    headers["content-type"] = "application/json"
    if "__type" in fault.document:
        headers["x-amzn-errortype"] = fault.document["__type"]
    return AWSResponse(url, fault.status, headers, MockRawResponse(json.dumps(fault.document)))
