"""What people do, recorded once on moto: the events, the calls to AWS that they lead to, and how AWS answers them."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto import mock_aws

import tests.conftest  # noqa: F401 - before anything of ours: the package reads its environment once
from latchkey import aws, tokens
from latchkey.store.dynamodb import connection
from tests.kit import sam_template
from tests.kit.files import key_of, put_people
from tests.kit.portal import Browser, Cloud, Portal

HOUR = 3600

type Call = tuple[str, str, dict[str, Any]]
"""botocore's service, its operation, and the arguments."""


def signature(operation: str, arguments: dict[str, Any]) -> str:
    """What tells one call of a flow from another, as far as its answer matters."""
    items = arguments.get("TransactItems", ())
    tables = sorted(told["TableName"] for item in items for told in item.values())
    return " ".join([operation, *tables, arguments.get("TableName", ""), arguments.get("SecretId", "")])


@dataclass(slots=True)
class Step:
    """One event of one function."""

    function: str
    event: dict[str, Any]
    now: int
    """Unix seconds."""
    status: int
    """Of the answer; 0 for a worker's."""
    calls: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class Tape:
    """All that was recorded."""

    flows: dict[str, Step] = field(default_factory=dict)
    answers: dict[str, list[bytes]] = field(default_factory=dict)
    """By flow and signature, and by signature alone for calls that only a cold function makes."""
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the template gives each function."""


class Recorder(Portal):
    """A portal that writes down what happens in it."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.steps: list[tuple[Step, list[bytes]]] = []
        self._answered: list[tuple[str, bytes]] = []

    def invoke(self, function: str, event: dict[str, Any], *, tell_time: bool = True) -> Any:
        """As the portal does, with all its calls written down."""
        before = len(self.wire.calls)
        self._answered.clear()
        returned = super().invoke(function, event, tell_time=tell_time)
        status = returned.get("statusCode", 0) if isinstance(returned, dict) else 0
        calls = [
            (service, operation, arguments)
            for (operation, arguments), (service, _) in zip(self.wire.calls[before:], self._answered, strict=True)
        ]
        step = Step(function, event, self.now, status, calls)
        self.steps.append((step, [body for _, body in self._answered]))
        return returned

    def environments(self) -> dict[str, dict[str, str]]:
        """What the template gives each function."""
        found = {}
        for function in sam_template.resources("AWS::Serverless::Function"):
            with self._environment(function):
                found[function] = {name: os.environ[name] for name in sam_template.variables(function)}
        return found

    def secrets(self) -> Iterator[tuple[str, bytes]]:
        """What is answered to whoever reads a secret, by signature."""
        for name in sam_template.resources("AWS::SecretsManager::Secret"):
            asked = {"SecretId": self._names[name]}
            answer = {"ARN": self._names[name], "SecretString": self.secret(name)}
            yield signature("GetSecretValue", asked), json.dumps(answer).encode()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """With the bytes of every answer of AWS heard."""
        clients = {s: aws.service_client(s) for s in ("sqs", "sesv2", "secretsmanager")} | {
            "dynamodb": connection.client
        }

        def heard(service: str) -> Callable[..., None]:
            def hear(http_response: Any, **_: Any) -> None:
                self._answered.append((service, http_response.content))

            return hear

        for service, client in clients.items():
            client.meta.events.register_last("after-call.*.*", heard(service), unique_id="bench")
        try:
            yield
        finally:
            for client in clients.values():
                client.meta.events.unregister("after-call.*.*", unique_id="bench")


def record() -> Tape:
    """One sign-in by each road and what comes after it, in functions that are warm, by people who come rarely."""
    with mock_aws(config={"core": {"mock_credentials": False}}):
        cloud = Cloud()
        portal = Recorder(cloud)
        put_people(portal)
        portal.parameters["PracticeCacheSeconds"] = "300"
        with portal.opened(), portal.listening():
            portal.now -= 2 * HOUR
            _sign_in_by_pin(portal, portal.browser("198.51.100.9"), "lee@example.com")
            portal.now += 2 * HOUR
            portal.browser("198.51.100.9").sign_in("lee@example.com")
            tape = Tape(answers={name: [body] for name, body in portal.secrets()})
            for step, answers in portal.steps:
                for (_, operation, arguments), body in zip(step.calls, answers, strict=True):
                    tape.answers.setdefault(signature(operation, arguments), [body])
            _record(portal, tape)
            tape.environments = portal.environments()
    return tape


def _record(portal: Recorder, tape: Tape) -> None:
    ana = portal.browser()
    acts: dict[str, Callable[[], object]] = {
        "ask": lambda: ana.ask("ana@example.com"),
        "mail": portal.deliver,
        "open": lambda: ana.get(portal.letters[-1].path),
        "check": lambda: ana.get("/willow/session", accept="application/json"),
        "home": lambda: ana.get("/willow/home"),
        "pin": lambda: _sign_in_by_pin(portal, portal.browser("198.51.100.77"), "luis@example.com"),
        "replay": lambda: portal.browser("198.51.100.78").get(portal.letters[-1].path),
        "sign-in page": lambda: portal.browser().get("/willow/sign-in"),
    }
    for name, act in acts.items():
        act()
        step, answers = portal.steps[-1]
        tape.flows[name] = step
        for (_, operation, arguments), body in zip(step.calls, answers, strict=True):
            tape.answers.setdefault(f"{name} {signature(operation, arguments)}", []).append(body)


def _sign_in_by_pin(portal: Portal, browser: Browser, address: str) -> None:
    code = portal.pin_for(key_of(portal, "willow", address))
    browser.post("/willow/pin", {"email": address, "pin": code})


ROUNDS = {"pin": tokens.PIN_ROUNDS}
"""Of stretching, by flow."""
