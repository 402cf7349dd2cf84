"""Recordings of sign-ins on moto: the events, their calls to AWS, and the responses of AWS."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import tests.conftest  # noqa: F401 - before the package, which reads its environment when it is imported
from latchkey import aws, tokens
from latchkey.transport.endpoints import SERVICES
from latchkey.transport.responses import AwsResponse
from tests.kit import sam_template
from tests.kit.browser import Browser
from tests.kit.cloud import Cloud, mocked_aws
from tests.kit.portal import Portal
from tests.kit.seed import key_of, seed_people

HOUR = 3600
MONTH = 30 * 24 * HOUR

type Call = tuple[str, str, dict[str, Any]]
"""The name of a service in botocore, an operation and its arguments."""


def signature(operation: str, arguments: dict[str, Any]) -> str:
    """Return the key of a call: calls with the same key get the same responses."""
    items = arguments.get("TransactItems", ())
    tables = sorted(action["TableName"] for item in items for action in item.values())
    return " ".join([operation, *tables, arguments.get("TableName", ""), arguments.get("SecretId", "")])


@dataclass(slots=True)
class RecordedEvent:
    """One event of one function, with its calls to AWS."""

    function: str
    event: dict[str, Any]
    now: int
    """Unix seconds."""
    status: int
    """Status code of the response, 0 for a worker."""
    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class Recording:
    """Events, and responses of AWS to their calls."""

    flows: dict[str, RecordedEvent] = field(default_factory=dict)
    responses: dict[str, list[bytes]] = field(default_factory=dict)
    """Responses by flow and signature. Calls that only a cold function makes are by signature alone."""
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    """Environment variables of each function, from the template."""


class Recorder(Portal):
    """A portal that records events, calls and responses."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.events: list[tuple[RecordedEvent, list[bytes]]] = []
        self._responses: list[tuple[str, bytes]] = []

    def invoke(self, function: str, event: dict[str, Any], *, tell_time: bool = True) -> Any:
        """Invoke a function as the portal does, and record its calls."""
        before = len(self.aws.calls)
        self._responses.clear()
        returned = super().invoke(function, event, tell_time=tell_time)
        status = returned.get("statusCode", 0) if isinstance(returned, dict) else 0
        calls = [
            (service, operation, arguments)
            for (operation, arguments), (service, _) in zip(self.aws.calls[before:], self._responses, strict=True)
        ]
        recorded = RecordedEvent(function, event, self.now, status, calls)
        self.events.append((recorded, [body for _, body in self._responses]))
        return returned

    def environments(self) -> dict[str, dict[str, str]]:
        """Return the environment variables of each function, from the template."""
        environments = {}
        self._names |= {function: function for function in sam_template.resources("AWS::Serverless::Function")}
        for function in sam_template.resources("AWS::Serverless::Function"):
            with self._environment(function):
                environments[function] = {name: os.environ[name] for name in sam_template.variables(function)}
        return environments

    def secrets(self) -> Iterator[tuple[str, bytes]]:
        """Yield the responses to reads of secrets, by signature."""
        for name in sam_template.resources("AWS::SecretsManager::Secret"):
            arguments = {"SecretId": self._names[name]}
            response = {"ARN": self._names[name], "SecretString": self.secret(name)}
            yield signature("GetSecretValue", arguments), json.dumps(response).encode()

    @contextmanager
    def recording_responses(self) -> Iterator[None]:
        """Record the bytes of every response of AWS within the context."""
        with ExitStack() as stack:
            for service in SERVICES:
                client: Any = aws.client(service)
                stack.enter_context(patch.object(client, "send", self._recorder(service, client.send)))
            yield

    def _recorder(self, service: str, send: Callable[[str, bytes], AwsResponse]) -> Callable[[str, bytes], AwsResponse]:
        def recording_send(operation: str, body: bytes) -> AwsResponse:
            response = send(operation, body)
            self._responses.append((service, response.body))
            return response

        return recording_send


def record() -> Recording:
    """Record a sign-in by each method and the requests after it, in warm functions, by people who sign in rarely.

    The people have signed in before, and their mail before this one was delivered.
    """
    with mocked_aws():
        cloud = Cloud()
        portal = Recorder(cloud)
        seed_people(portal)
        portal.parameters["PracticeCacheSeconds"] = "300"
        with portal.opened(), portal.recording_responses():
            portal.now -= MONTH
            portal.browser().sign_in("ana@example.com")
            _report_delivery(portal)
            portal.now += MONTH - 2 * HOUR
            _sign_in_by_pin(portal, portal.browser("198.51.100.9"), "lee@example.com")
            portal.now += 2 * HOUR
            portal.browser("198.51.100.9").sign_in("lee@example.com")
            recording = Recording(responses={name: [body] for name, body in portal.secrets()})
            for event, responses in portal.events:
                for (_, operation, arguments), body in zip(event.calls, responses, strict=True):
                    recording.responses.setdefault(signature(operation, arguments), [body])
            _record(portal, recording)
            recording.environments = portal.environments()
    return recording


def _record(portal: Recorder, recording: Recording) -> None:
    ana = portal.browser()
    flows: dict[str, Callable[[], object]] = {
        "ask": lambda: ana.request_link("ana@example.com"),
        "mail": portal.deliver,
        "report": lambda: _report_delivery(portal),
        "open": lambda: ana.get(portal.letters[-1].path),
        "check": lambda: ana.get("/willow/session", accept="application/json"),
        "home": lambda: ana.get("/willow/home"),
        "pin": lambda: _sign_in_by_pin(portal, portal.browser("198.51.100.77"), "luis@example.com"),
        "replay": lambda: portal.browser("198.51.100.78").get(portal.letters[-1].path),
        "sign-in page": lambda: portal.browser().get("/willow/sign-in"),
    }
    for name, run in flows.items():
        run()
        event, responses = portal.events[-1]
        recording.flows[name] = event
        for (_, operation, arguments), body in zip(event.calls, responses, strict=True):
            recording.responses.setdefault(f"{name} {signature(operation, arguments)}", []).append(body)


def _sign_in_by_pin(portal: Portal, browser: Browser, address: str) -> None:
    pin = portal.pin_for(key_of(portal, "willow", address))
    browser.post("/willow/pin", {"email": address, "pin": pin})


def _report_delivery(portal: Portal) -> None:
    tags = {tag["Name"]: [tag["Value"]] for tag in portal.letters[-1].arguments["EmailTags"]}
    mail = {"messageId": "0100", "tags": tags}
    portal.handle_event("MailEvents", {"detail": {"eventType": "Delivery", "mail": mail, "delivery": {}}})


ROUNDS = {"pin": tokens.PIN_ROUNDS}
"""Rounds of PBKDF2, by flow."""
