"""The functions behind the door, each in the environment that the template gives it, and browsers in front of it."""

import importlib.util
import io
import json
import logging
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parseaddr
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import boto3

from latchkey import aws, settings
from latchkey.store import accounts, pins
from latchkey.store.dynamodb import connection
from tests.kit import gateway_events, sam_template
from tests.kit.aws_faults import Wire
from tests.kit.seed import NOON
from tests.pages.html import Sheet, read

ORIGIN = "https://portal.example.com"
HOME_SOURCE = "203.0.113.7"

SAFE = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "x-robots-tag": "noindex, nofollow",
}
POLICY = re.compile(
    "default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
COOKIE = re.compile(
    r"__Host-(session|req|typed|browser|again|google|lang)-[a-z0-9-]{3,40}=[A-Za-z0-9_-]*"
    r"; Path=/; Secure; HttpOnly; SameSite=Lax(; Max-Age=\d+)?"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back, and whether API Gateway and a browser can live with it."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: str

    @property
    def location(self) -> str:
        """Where it sends the browser."""
        assert self.status == 303, self.status
        return self.headers["location"]

    @property
    def sheet(self) -> Sheet:
        """The page, as it is read."""
        assert self.headers["content-type"] == "text/html; charset=utf-8"
        return read(self.body)

    @property
    def document(self) -> Any:
        """The JSON document."""
        assert self.headers["content-type"].startswith(("application/json", "application/problem+json"))
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a problem document (RFC 9457)."""
        assert self.headers["content-type"] == "application/problem+json"
        problem = self.document
        assert problem["status"] == self.status
        assert problem["title"]
        code: str = problem["code"]
        return code

    @property
    def kept(self) -> dict[str, str]:
        """The cookies that it sets, with their values; "" for those that it ends."""
        return dict(cookie.partition(";")[0].split("=", 1) for cookie in self.cookies)


def safe(returned: dict[str, Any]) -> Answer:
    """The answer in what a function returned; fails if it lacks what every answer of ours has."""
    assert returned.keys() == {"statusCode", "headers", "cookies", "body", "isBase64Encoded"}
    assert returned["isBase64Encoded"] is False
    headers, cookies, body = returned["headers"], returned["cookies"], returned["body"]
    assert all(isinstance(value, str) for value in (*headers.values(), *cookies, body))
    assert all("\n" not in value and "\r" not in value for value in (*headers.values(), *cookies))
    assert headers.items() >= SAFE.items()
    assert POLICY.fullmatch(headers["content-security-policy"])
    assert not [name for name in headers if name.startswith("access-control-")]
    assert all(COOKIE.fullmatch(cookie) for cookie in cookies), cookies
    assert len({cookie.partition("=")[0] for cookie in cookies}) == len(cookies)
    body.encode()
    return Answer(returned["statusCode"], headers, tuple(cookies), body)


class Cloud:
    """What the template declares, on moto, as AWS keeps it."""

    def __init__(self) -> None:
        self.tables: Any = _boto3("dynamodb")
        self.names = {"Configuration": "1", "ConfigurationSet": "ConfigurationSet"}
        """What references of the template stand for."""
        self._beginning: dict[str, list[dict[str, Any]]] = {}
        sam_template.create_tables(self.tables)
        self.names |= {table: table for table in sam_template.resources("AWS::DynamoDB::Table")}
        for secret in sam_template.resources("AWS::SecretsManager::Secret"):
            self.names[secret] = keep_secret({"current": "1", "1": secrets.token_hex(32)})
        for queue in sam_template.resources("AWS::SQS::Queue"):
            self.names[queue] = _boto3("sqs").create_queue(QueueName=queue)["QueueUrl"]
        _boto3("sesv2").create_email_identity(EmailIdentity=PARAMETERS["SenderDomain"])

    def remember(self) -> None:
        """Take what is in the tables now for what every test begins with."""
        self._beginning = sam_template.items(self.tables)

    def put_back(self, tables: set[str]) -> None:
        """Leave nothing of a test that has written to these tables, or put something into the mail queue."""
        for table in tables:
            first, now = self._beginning[table], sam_template.items_of(self.tables, table)
            keys = [
                part["AttributeName"] for part in sam_template.resources("AWS::DynamoDB::Table")[table]["KeySchema"]
            ]
            for item in now:
                if item not in first:
                    self.tables.delete_item(TableName=table, Key={key: item[key] for key in keys})
            for item in first:
                if item not in now:
                    self.tables.put_item(TableName=table, Item=item)
        self.names["MailQueue"] = _boto3("sqs").create_queue(QueueName=secrets.token_hex(8))["QueueUrl"]


class Portal:
    """The whole service, one event at a time."""

    def __init__(self, cloud: Cloud) -> None:
        self.now = NOON
        """Unix seconds."""
        self.wire = Wire()
        self.log = io.StringIO()
        self.cookies: list[str] = []
        """The values of all cookies that were ever set, but for the shortest, which hold no secret."""
        self.tables = cloud.tables
        self.parameters = sam_template.parameters() | PARAMETERS
        """Of the template."""
        self.milliseconds = 10_000
        """How long Lambda still gives the function that is called next."""
        self._names = dict(cloud.names)

    def secret(self, name: str) -> str:
        """What Secrets Manager keeps under a name of the template."""
        text: str = _boto3("secretsmanager").get_secret_value(SecretId=self._names[name])["SecretString"]
        return text

    def rotate(self, name: str) -> None:
        """Add a key to a ring and make it the current one; no function has read the old one."""
        self.start_cold()
        self._names[name] = keep_secret(json.loads(self.secret(name)) | {"current": "2", "2": secrets.token_hex(32)})

    def start_cold(self) -> None:
        """As after a deployment: the keys are kept elsewhere, and no function has read them yet."""
        for name in sam_template.resources("AWS::SecretsManager::Secret"):
            self._names[name] = keep_secret(json.loads(self.secret(name)))

    @contextmanager
    def opened(self) -> Iterator["Portal"]:
        """With everything that it calls and writes heard."""
        _code("Session")  # whichever: it brings the logger
        ours = (
            aws.service_client("sqs"),
            aws.service_client("sesv2"),
            aws.service_client("secretsmanager"),
            connection.client,
        )
        with self.wire.tapped(*ours, self.tables), _written_to(self.log):
            yield self

    def browser(self, source: str = HOME_SOURCE, **headers: str) -> "Browser":
        """Someone's browser, that was never here."""
        return Browser(self, source, {"accept": HTML, **_named(headers)})

    def app(self, source: str = HOME_SOURCE, **headers: str) -> "Browser":
        """Someone's app, that speaks JSON."""
        return Browser(self, source, {"accept": "application/json", **_named(headers)}, app=True)

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"", source: str = HOME_SOURCE
    ) -> Answer:
        """A request as it comes over the wire."""
        lines = {"host": "portal.example.com"} | dict(headers)
        event = gateway_events.event(gateway_events.Sent(method, target, lines, body, source), self.now * 1000)
        return self.answer(gateway_events.function_of(event), event)

    def answer(self, function: str, event: dict[str, Any]) -> Answer:
        """The answer to an event of API Gateway."""
        return safe(self.invoke(function, event))

    def invoke(self, function: str, event: dict[str, Any], *, tell_time: bool = True) -> Any:
        """What a function returns for an event, if anything; whoever invokes it may tell it the time."""
        told = SimpleNamespace(custom={"now": str(self.now * 1000)})
        context = SimpleNamespace(
            get_remaining_time_in_millis=lambda: self.milliseconds, client_context=told if tell_time else None
        )
        called = len(self.wire.calls)
        with self._environment(function):
            returned: Any = _code(function).handle(json.loads(json.dumps(event)), context)
        json.dumps(returned)
        needed = {need for call in self.wire.calls[called:] for need in self._needs(*call)}
        assert needed <= sam_template.permissions(function), needed - sam_template.permissions(function)
        limits = sam_template.attributes(function)
        for act, named in (told for call in self.wire.calls[called:] for told in _named_in(*call)):
            assert named <= limits.get(act, named), (function, act, named - limits[act])
        return returned

    def pin_for(self, account: bytes) -> str:
        """The code that a clinician makes and reads out."""
        with self._environment("Admin"):
            found = accounts.find(account)
            assert found
            pin, _ = pins.create(found, self.now * 1000)
        return pin

    def hear(self, function: str, event: dict[str, Any]) -> None:
        """Hand a function an event that asks for no answer."""
        self.invoke(function, event)

    def waiting(self) -> list[str]:
        """The bodies of the messages that wait in the mail queue; they stay there."""
        queue = {"QueueUrl": self._names["MailQueue"], "MaxNumberOfMessages": 10}
        received = _boto3("sqs").receive_message(**queue, VisibilityTimeout=0)
        return [message["Body"] for message in received.get("Messages", [])]

    def deliver(self) -> int:
        """Hand the worker all messages that wait; returns how many letters SES has taken for it."""
        before = len(self.letters)
        queue = {"QueueUrl": self._names["MailQueue"]}
        while messages := _boto3("sqs").receive_message(**queue, MaxNumberOfMessages=10).get("Messages", []):
            assert self.work(*(message["Body"] for message in messages)) == []
            for message in messages:
                _boto3("sqs").delete_message(**queue, ReceiptHandle=message["ReceiptHandle"])
        return len(self.letters) - before

    def work(self, *bodies: str) -> list[int]:
        """Hand the worker a batch; returns which of its messages have to come again."""
        records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
        failures = self.invoke("SendMail", {"Records": records})["batchItemFailures"]
        return [int(failure["itemIdentifier"]) for failure in failures]

    @property
    def letters(self) -> list["Letter"]:
        """What was handed to SES, oldest first; what SES refused too."""
        return [Letter(arguments) for operation, arguments in self.wire.calls if operation == "SendEmail"]

    def at_rest(self) -> dict[str, list[dict[str, Any]]]:
        """Every item of every table."""
        return sam_template.items(self.tables)

    def audit(self) -> list[tuple[str, str | None]]:
        """Kinds and reasons of all that was written down, oldest first; of the same moment, by name."""
        rows = sorted(self.at_rest()["Events"], key=lambda row: (int(row["at"]["N"]), row["kind"]["S"]))
        return [(row["kind"]["S"], row.get("reason", {}).get("S")) for row in rows]

    def _needs(self, operation: str, arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """What a role has to allow for a call."""
        match operation:
            case "TransactGetItems" | "TransactWriteItems":
                for item in arguments["TransactItems"]:
                    for act, told in item.items():
                        yield f"dynamodb:{'GetItem' if act == 'Get' else f'{act}Item'}", told["TableName"]
            case "BatchGetItem":
                yield from (("dynamodb:BatchGetItem", table) for table in arguments["RequestItems"])
            case "SendMessage":
                yield "sqs:SendMessage", self._called(arguments["QueueUrl"])
            case "GetSecretValue":
                yield "secretsmanager:GetSecretValue", self._called(arguments["SecretId"])
            case "SendEmail":
                # whoever it is from: in SES's sandbox the recipient is an identity too
                assert parseaddr(arguments["FromEmailAddress"])[1].endswith(f"@{self.parameters['SenderDomain']}")
                yield "ses:SendEmail", "identity"
                yield "ses:SendEmail", arguments["ConfigurationSetName"]
            case _:
                yield f"dynamodb:{operation}", arguments["TableName"]

    def _called(self, given: str) -> str:
        """The logical id that a name was given to."""
        return next(name for name, value in self._names.items() if value == given)

    @contextmanager
    def _environment(self, function: str) -> Iterator[None]:
        """What the template gives a function, and nothing that it gives others."""
        given = sam_template.variables(function)
        every = {
            name
            for other in sam_template.resources("AWS::Serverless::Function")
            for name in sam_template.variables(other)
        }
        environment = {name: value for name, value in os.environ.items() if name not in every}
        environment |= {name: self._resolved(value) for name, value in given.items()}
        with patch.dict(os.environ, environment, clear=True):
            settings.load.cache_clear()
            try:
                yield
            finally:
                settings.load.cache_clear()

    def _resolved(self, value: Any) -> str:
        match value:
            case {"Ref": str(name)}:
                return self._names.get(name) or self.parameters[name]
            case {"Fn::If": [_, _, otherwise]}:
                return self._resolved(otherwise)
            case _:
                return str(value)


@dataclass(slots=True)
class Browser:
    """Keeps cookies and says where it is, as browsers do; apps keep them and do not say."""

    portal: Portal
    source: str
    headers: dict[str, str]
    cookies: dict[str, str] = field(default_factory=dict)
    app: bool = False

    def get(self, target: str, **headers: str) -> Answer:
        """Open an address."""
        return self.send("GET", target, headers)

    def head(self, target: str, **headers: str) -> Answer:
        """Ask what opening an address would say, without its page."""
        answer = self.send("HEAD", target, headers)
        assert answer.body == ""
        return answer

    def post(self, target: str, fields: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        """Press a button; an app sends the same fields as JSON."""
        if self.app:
            body = json.dumps(dict(fields or {})).encode()
            return self.send("POST", target, {"content-type": "application/json"} | headers, body)
        says = {
            "origin": ORIGIN,
            "sec-fetch-site": "same-origin",
            "content-type": "application/x-www-form-urlencoded",
        }
        return self.send("POST", target, says | headers, urlencode(fields or {}).encode())

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """A request with the cookies that were kept; a header given as "" is left out."""
        said = self.headers | _named(headers)
        if self.cookies:
            said.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        said = {name: value for name, value in said.items() if value}
        answer = self.portal.send(method, target, said, body, self.source)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if len(value) > SHORT:
                self.portal.cookies.append(value)
            if "; Max-Age=0" in cookie:
                del self.cookies[name]
        return answer

    def ask(self, email: str, practice: str = "willow") -> Answer:
        """Ask for a link."""
        return self.post(f"/{practice}/sign-in", {"email": email})

    def link(self, email: str, practice: str = "willow") -> str:
        """Ask for a link and find it in the mailbox; returns its path."""
        assert self.ask(email, practice).status in {202, 303}
        assert self.portal.deliver() == 1
        return self.portal.letters[-1].path

    def sign_in(self, email: str, practice: str = "willow") -> Answer:
        """Sign in by a link, in the browser that asked for it."""
        path = self.link(email, practice)
        answer = self.post(path) if self.app else self.get(path)
        assert answer.status in {200, 303}
        return answer

    def is_in(self, practice: str = "willow") -> bool:
        """Whether someone is signed in here."""
        return self.get(f"/{practice}/session").status == 200


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as SES was given it."""

    arguments: dict[str, Any]

    @property
    def to(self) -> list[str]:
        """Everyone who gets it."""
        destination = self.arguments["Destination"]
        return [address for addresses in destination.values() for address in addresses]

    @property
    def text(self) -> str:
        """Its plain part."""
        text: str = self.arguments["Content"]["Simple"]["Body"]["Text"]["Data"]
        return text

    @property
    def headers(self) -> dict[str, str]:
        """Its headers beyond the usual ones."""
        return {header["Name"]: header["Value"] for header in self.arguments["Content"]["Simple"]["Headers"]}

    @property
    def path(self) -> str:
        """The path of the one link in it."""
        (link,) = set(re.findall(r"https://[a-z0-9.-]+(/[a-z-]+/link/\S+)", self.text))
        path: str = link
        return path


SHORT = 2
"""A language or a mark."""

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

PARAMETERS = {"PortalOrigin": ORIGIN, "SenderDomain": "mail.example.com", "PracticeCacheSeconds": "0"}


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names as keywords spell them."""
    return {name.replace("_", "-").lower(): value for name, value in headers.items()}


def _named_in(operation: str, arguments: dict[str, Any]) -> Iterator[tuple[tuple[str, str], set[str]]]:
    """The attributes that a write to DynamoDB names, in its item, its changes and its conditions, by act and table."""
    writes: dict[str, Any] = {operation: arguments}
    if operation == "TransactWriteItems":
        for item in arguments["TransactItems"]:
            yield from (named for act, told in item.items() for named in _named_in(f"{act}Item", told))
    for act, told in writes.items():
        if act in {"PutItem", "UpdateItem", "DeleteItem"}:
            assert told.get("ReturnValues", "NONE") == "NONE" or told["TableName"] not in ("Accounts", "Events")
            names = told.get("ExpressionAttributeNames", {})
            text = " ".join(told.get(part, "") for part in ("UpdateExpression", "ConditionExpression"))
            # the first part of each path: what is inside an attribute is the attribute
            paths = {names[place] for place in re.findall(r"(?<![.\w])#\w+", text)}
            yield (f"dynamodb:{act}", told["TableName"]), {*told.get("Item", told.get("Key")), *paths}


@cache
def _boto3(service: Any) -> Any:
    return boto3.client(service)


@cache
def _code(function: str) -> ModuleType:
    """A function's handler, under a name that no other has."""
    path = sam_template.PROJECT / "functions" / sam_template.folder(function) / "handler.py"
    spec = importlib.util.spec_from_file_location(f"handler_of_{path.parent.name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def keep_secret(value: dict[str, str]) -> str:
    """Put a secret where no other is; returns its ARN."""
    name = secrets.token_hex(8)
    arn: str = _boto3("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))["ARN"]
    return arn


@contextmanager
def _written_to(log: io.StringIO) -> Iterator[None]:
    """With all that is logged, ours and others', in one text."""
    ours = [handler for handler in logging.getLogger("latchkey").handlers if type(handler) is logging.StreamHandler]
    assert ours
    usual = [handler.setStream(log) for handler in ours]
    theirs = logging.StreamHandler(log)
    logging.getLogger().addHandler(theirs)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(theirs)
        for handler, stream in zip(ours, usual, strict=True):
            handler.setStream(stream)
