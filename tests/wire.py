"""The wire to AWS: what goes over it can be listened to, refused, or lost on the way back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

from botocore.exceptions import ReadTimeoutError


class Wire:
    """Listens to the calls that clients make, by operation."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Operations with their arguments, in order; those that were refused here too."""
        self.written: set[str] = set()
        """Tables that calls have written to."""
        self._refused: dict[str, list[dict[str, Any]]] = {}
        self._lost: dict[str, int] = {}
        self._repeated: dict[str, int] = {}

    def refuse(self, operation: str, code: str, *, times: int = 1, reasons: tuple[str, ...] = ()) -> None:
        """Answer the next calls with an error of AWS; `reasons` are those of a cancelled transaction."""
        error = {
            "Error": {"Code": code, "Message": "for ana@example.com"},
            "CancellationReasons": [{"Code": reason} for reason in reasons],
            "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0},
        }
        self._refused[operation] = [error] * times

    def lose(self, operation: str, *, times: int = 1) -> None:
        """Carry the next calls out, and lose their answers for good."""
        self._lost[operation] = times

    def repeat(self, operation: str, *, times: int = 1) -> None:
        """Carry the next calls out, and have botocore send each once more, as after an answer that came too late."""
        self._repeated[operation] = times

    def operations(self) -> list[str]:
        """The names of the calls, in order."""
        return [operation for operation, _ in self.calls]

    @contextmanager
    def tapped(self, *clients: Any) -> Iterator["Wire"]:
        """Listen to these clients."""
        taps = {
            "provide-client-params.*.*": self._hear,
            "before-call.*.*": self._may_refuse,
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

    def _hear(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, params))
        if model.name in {"PutItem", "UpdateItem", "DeleteItem"}:
            self.written.add(params["TableName"])
        elif model.name == "TransactWriteItems":
            self.written |= {told["TableName"] for item in params["TransactItems"] for told in item.values()}

    def _may_refuse(self, model: Any, **_: Any) -> Any:
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
