"""What people do in these tests: clinicians at a desk, clients in a browser, mail in between."""

import base64
import importlib.util
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest

from latchkey import settings
from latchkey.mail.letters import Letter
from latchkey.store import accounts
from tests.api import contract
from tests.kit import sam_template
from tests.kit.seed import NOON

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Willow"
HOST = "portal.example.com"

_numbers = count(1)


@cache
def handler(function: str) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A function's handler, from its folder."""
    path = sam_template.PROJECT / "functions" / function / "handler.py"
    spec = importlib.util.spec_from_file_location(f"functions_{function}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[dict[str, Any], Any], dict[str, Any]] = module.handle
    return found


class Clock:
    """The service's time; it stands still until it is told to move."""

    now = NOON

    @classmethod
    def advance(cls, seconds: int) -> None:
        """Let time pass."""
        cls.now += seconds


class Context:
    """What Lambda tells a function of its run; a worker is told the time in it."""

    aws_request_id = "run"
    function_name = "function"

    def __init__(self) -> None:
        self.client_context = type("Told", (), {"custom": {"now": str(Clock.now * 1000)}})

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 10_000


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: str
    headers: dict[str, str]
    cookies: list[str]

    @property
    def document(self) -> Any:
        """The JSON in it."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable name of a refusal."""
        assert self.headers["content-type"] == "application/problem+json"
        return str(self.document["code"])


class Stage:
    """AWS, as the functions find it."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._clients: dict[str, Any] = {}
        self.queue: str = self.client("sqs").create_queue(QueueName="mail")["QueueUrl"]
        self.outbox: list[Letter] = []
        """What was sent, oldest first."""

    def client(self, service: str) -> Any:
        """A boto3 client."""
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    def empty(self) -> None:
        """Take everything out of tables and queue, and set the clock back to noon."""
        Clock.now = NOON
        self.promises()
        self.outbox.clear()
        dynamodb = self.client("dynamodb")
        tables = sam_template.resources("AWS::DynamoDB::Table")
        for table, items in self.items().items():
            names = [key["AttributeName"] for key in tables[table]["KeySchema"]]
            for item in items:
                dynamodb.delete_item(TableName=table, Key={name: item[name] for name in names})

    def items(self) -> dict[str, list[dict[str, Any]]]:
        """Everything at rest in the tables."""
        return sam_template.items(self.client("dynamodb"))

    def promises(self) -> list[dict[str, Any]]:
        """The mail jobs that wait, taken out of the queue."""
        taken: list[dict[str, Any]] = []
        sqs = self.client("sqs")
        while True:
            messages = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
            if not messages:
                return taken
            for message in messages:
                taken.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def bounce(self, address: str, status: str = "bounced") -> None:
        """The provider of an address at Willow says that there is no such mailbox."""
        key = accounts.key_of("willow", address)
        account = accounts.find(key)
        assert account
        accounts.save(replace(account, suppressed=True))
        accounts.set_mail_status(key, status, Clock.now)

    def break_queue(self, patch: pytest.MonkeyPatch) -> None:
        """From now on the queue is not there."""
        told = replace(settings.load(), mail_queue_url=self.queue + "-gone")
        patch.setattr(settings, "load", lambda: told)

    def deliver(self) -> list[Letter]:
        """Have the worker keep every promise that waits; returns what was sent."""
        before = len(self.outbox)
        records = [{"messageId": f"m{n}", "body": json.dumps(job)} for n, job in enumerate(self.promises())]
        assert handler("send_mail")({"Records": records}, Context()) == {"batchItemFailures": []}
        return self.outbox[before:]

    def send(self, letter: Letter, tags: dict[str, str]) -> str:  # noqa: ARG002 - SES would send them back
        """Take a letter, as SES does."""
        self.outbox.append(letter)
        return f"ses-{len(self.outbox)}"


@dataclass
class Desk:
    """Someone who works for a practice, with an access token."""

    subject: str
    practice: str = "willow"
    claims: dict[str, Any] = field(default_factory=dict)

    def ask(  # noqa: PLR0913 - all that a request can differ in
        self,
        method: str,
        route: str,
        body: Any = None,
        *,
        raw: str | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        host: str = HOST,
        authorizer: Any = ...,
        drop: Iterable[str] = (),
        parts: Mapping[str, str] | None = None,
        raw_path: str | None = None,
        raw_query: str | None = None,
        in_base64: bool = False,
        **more: str,
    ) -> Answer:
        """Ask the admin function; `route` is below the practice, with its parts in braces."""
        claims = {
            "iss": ISSUER,
            "token_use": "access",
            "client_id": "desk",
            "scope": "openid latchkey/admin",
            "sub": self.subject,
        } | self.claims
        claims = {name: value for name, value in claims.items() if name not in drop}
        template_path = f"/admin/v1/practices/{{practice}}{route}"
        parameters = {"practice": self.practice, **(parts or {}), **more}
        text = raw if raw is not None else "" if body is None else json.dumps(body)
        path = raw_path or template_path.format(**parameters)
        event = {
            "version": "2.0",
            "routeKey": f"{method} {template_path}",
            "rawPath": path,
            "rawQueryString": urlencode(query or {}) if raw_query is None else raw_query,
            "queryStringParameters": query or {},
            "headers": {"host": host, "content-type": "application/json"} | (headers or {}),
            "requestContext": {
                "authorizer": {"jwt": {"claims": claims, "scopes": None}} if authorizer is ... else authorizer,
                "domainName": host,
                "http": {"method": method, "path": path, "sourceIp": "198.51.100.7"},
                "requestId": f"request-{next(_numbers)}",
                "stage": "$default",
                "timeEpoch": Clock.now * 1000 + next(_numbers) % 1000,
            },
            "pathParameters": parameters,
            "body": base64.b64encode(text.encode()).decode() if in_base64 else text,
            "isBase64Encoded": in_base64,
        }
        answer = _answer(handler("admin")(event, Context()))
        contract.check(f"{method} {template_path}", answer.status, answer.headers.get("content-type"), answer.body)
        return answer

    def add(self, name: str = "Kim Lee", *addresses: str, invite: Any = None, **facts: Any) -> str:
        """Put a client on file whose addresses may all be written to; returns the id."""
        emails = [{"address": address, "email_ok": True} for address in addresses]
        told = {"name": name, "emails": emails, **facts} | ({"invite": invite} if invite is not None else {})
        answer = self.ask("POST", "/clients", told)
        assert answer.status == 201, answer.body
        return str(answer.document["id"])

    def access(self, client: str) -> Any:
        """A client's sign-in, as it is told."""
        answer = self.ask("GET", "/clients/{client}/portal-access", client=client)
        assert answer.status == 200, answer.body
        return answer.document

    def events(self, client: str) -> list[Any]:
        """What happened about a client, newest first."""
        answer = self.ask("GET", "/clients/{client}/events", client=client, query={"limit": "100"})
        assert answer.status == 200, answer.body
        found: list[Any] = answer.document["events"]
        return found

    def pin(self, client: str, **body: Any) -> Answer:
        """Make a PIN."""
        return self.ask("POST", "/clients/{client}/pin-codes", body or None, client=client)


class Portal:
    """A client's browser, and their mailbox."""

    def __init__(self, stage: Stage, practice: str = "willow") -> None:
        self.stage = stage
        self.practice = practice
        self.jar: dict[str, str] = {}

    def ask(self, function: str, method: str, route: str, form: dict[str, str] | None = None, **parts: str) -> Answer:
        """Ask one of the clients' functions; `route` is below the practice."""
        template_path = f"/{{practice}}{route}"
        parameters = {"practice": self.practice, **parts}
        event = {
            "version": "2.0",
            "routeKey": f"ANY {template_path}",
            "rawPath": template_path.format(**parameters),
            "rawQueryString": "",
            "headers": {
                "host": HOST,
                "origin": f"https://{HOST}",
                "sec-fetch-site": "same-origin",
                "content-type": "application/x-www-form-urlencoded",
                "accept": "application/json",
            },
            "cookies": [f"{name}={value}" for name, value in self.jar.items()],
            "requestContext": {
                "domainName": HOST,
                "http": {"method": method, "path": template_path.format(**parameters), "sourceIp": "203.0.113.9"},
                "requestId": f"request-{next(_numbers)}",
                "stage": "$default",
                "timeEpoch": Clock.now * 1000 + next(_numbers) % 1000,
            },
            "pathParameters": parameters,
            "body": urlencode(form or {}),
            "isBase64Encoded": False,
        }
        answer = _answer(handler(function)(event, Context()))
        for cookie in answer.cookies:
            name, _, rest = cookie.partition("=")
            value = rest.partition(";")[0]
            if value:
                self.jar[name] = value
            else:
                self.jar.pop(name, None)
        return answer

    def sign_in_by_pin(self, email: str, pin: str) -> Answer:
        """Type an address and a PIN."""
        return self.ask("pin", "POST", "/pin", {"email": email, "pin": pin})

    def open(self, url: str) -> Answer:
        """Open a link from a mail, and press the button."""
        return self.ask("redeem_link", "POST", "/link/{token}", {}, token=url.rpartition("/")[2])

    def open_letter(self, letter: Letter) -> Answer:
        """Open the link in a letter, and press the button."""
        return self.open(next(word for word in letter.text.split() if "/link/" in word))

    def session(self) -> Answer:
        """Who am I?"""
        return self.ask("session", "GET", "/session")

    def choose(self, profile: str) -> Answer:
        """Turn to a profile."""
        return self.ask("session", "POST", "/profiles", {"profile": profile})


def _answer(event: dict[str, Any]) -> Answer:
    return Answer(event["statusCode"], event["body"], event["headers"], event["cookies"])
