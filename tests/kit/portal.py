"""The portal in process: each function runs in the environment that the template gives it."""

import base64
import io
import json
import logging
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cache
from typing import Any

from latchkey import aws, settings, tokens
from latchkey.http.responses import CACHED_FOR_EVER
from latchkey.rules.accounts import AccountKey
from latchkey.rules.members import Role
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.rules.staff import StaffPerson
from latchkey.store import accounts, members, pins, staff_sessions
from latchkey.transport.endpoints import SERVICES
from tests.kit import gateway_events, moto_queues, moto_tables, sam_template
from tests.kit.aws_faults import AwsFaults
from tests.kit.browser import App, Browser
from tests.kit.clinician import ClinicianApi, authorized_as
from tests.kit.clock import NOON
from tests.kit.cloud import PARAMETERS, Cloud, boto3_client, keep_secret
from tests.kit.gateway_events import ORIGIN
from tests.kit.handlers import lambda_context, load_handler
from tests.kit.http_response import HttpResponse

HOME_SOURCE = "203.0.113.7"
SHORT = 2
"""Cookie values of at most two characters, such as a language, hold no secret."""

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
    "default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='( 'sha256-[A-Za-z0-9+/]{43}='){0,2}; img-src 'self'; "
    "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    "|default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; img-src 'self'; form-action 'self'; frame-src 'self'; "
    "frame-ancestors ('none'|'self'); base-uri 'none'"
)
FRAMED = re.compile(
    "default-src 'none'; style-src ('sha256-[A-Za-z0-9+/]{43}='( 'sha256-[A-Za-z0-9+/]{43}=')?|'unsafe-inline'); "
    "img-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)
"""The policy of a page or letter in a frame of the console. It lets nobody send a form or run a script."""
COOKIE = re.compile(
    rf"__Host-(staff|(staff|opened|session|req|typed|browser|again|{'|'.join(PROVIDER_NAMES)}|lang|to)"
    r"-[a-z0-9-]{3,40})=[A-Za-z0-9_-]*"
    r"; Path=/; Secure; HttpOnly; SameSite=Lax(; Max-Age=\d+)?"
)


def checked_response(returned: dict[str, Any]) -> HttpResponse:
    """Return a function's result as a response. Fail if a header that every response must have is missing."""
    assert returned.keys() == {"statusCode", "headers", "cookies", "body", "isBase64Encoded"}
    headers, cookies, body = returned["headers"], returned["cookies"], returned["body"]
    content = b""
    if returned["isBase64Encoded"]:
        assert not cookies
        content, body = base64.b64decode(body, validate=True), ""
        headers = headers | {"cache-control": headers["cache-control"].replace(CACHED_FOR_EVER, "no-store")}
    assert all(isinstance(value, str) for value in (*headers.values(), *cookies, body))
    assert all("\n" not in value and "\r" not in value for value in (*headers.values(), *cookies))
    may_be_framed = "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers.items() >= (SAFE | ({"x-frame-options": "SAMEORIGIN"} if may_be_framed else {})).items()
    assert POLICY.fullmatch(headers["content-security-policy"]) or FRAMED.fullmatch(headers["content-security-policy"])
    assert not [name for name in headers if name.startswith("access-control-")]
    assert all(COOKIE.fullmatch(cookie) for cookie in cookies), cookies
    assert len({cookie.partition("=")[0] for cookie in cookies}) == len(cookies)
    body.encode()
    return HttpResponse(returned["statusCode"], returned["headers"], tuple(cookies), body, content)


class Portal:
    """A portal in process. It handles one event at a time."""

    origin = ORIGIN

    def __init__(self, cloud: Cloud) -> None:
        self.now = NOON
        """Unix seconds."""
        self.aws = AwsFaults()
        self.log = io.StringIO()
        self.cookies: list[str] = []
        """The values of all cookies that were set, except values of at most two characters: they hold no secret."""
        self.tables = cloud.tables
        self.parameters = sam_template.parameters() | PARAMETERS
        """Parameters of the template."""
        self.milliseconds = 10_000
        """Milliseconds that the next function has left to run."""
        self._names = dict(cloud.names)

    def secret(self, name: str) -> str:
        """Return the value of the secret with this logical id."""
        text: str = boto3_client("secretsmanager").get_secret_value(SecretId=self._names[name])["SecretString"]
        return text

    def rotate(self, name: str) -> None:
        """Add a key to a keyring, make it the current one, and empty the functions' key caches."""
        self.start_cold()
        self._names[name] = keep_secret(json.loads(self.secret(name)) | {"current": "2", "2": secrets.token_hex(32)})

    def start_cold(self) -> None:
        """Move the keys to new secrets, as after a deployment. No function has them cached."""
        for name in sam_template.resources("AWS::SecretsManager::Secret"):
            self._names[name] = keep_secret(json.loads(self.secret(name)))

    @contextmanager
    def opened(self) -> Iterator["Portal"]:
        """Record all AWS calls and all log lines until the context ends."""
        load_handler("Session")  # importing any handler sets up the logger
        clients = [aws.client(service) for service in SERVICES]
        with self.aws.listening(*clients, self.tables), _written_to(self.log):
            yield self

    def browser(self, source: str = HOME_SOURCE, **headers: str) -> Browser:
        """Return a browser without cookies."""
        return Browser(self, source, headers)

    def app(self, source: str = HOME_SOURCE, **headers: str) -> App:
        """Return an app without cookies."""
        return App(self, source, headers)

    def clinician(self, subject: str = "dr-willow", practice: str = "willow") -> ClinicianApi:
        """Return the clinicians' API as this person may call it."""
        return ClinicianApi(self, authorized_as(subject), practice)

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"", source: str = HOME_SOURCE
    ) -> HttpResponse:
        """Return the response of the function that gets this request."""
        request = gateway_events.Sent(method, target, headers, body, source)
        event = gateway_events.event(request, self.now * 1000)
        response = self.respond(gateway_events.function_of(event), event)
        self.cookies += [value for value in response.cookie_values.values() if len(value) > SHORT]
        return response

    def link_mailed_after(self, request: Callable[[], HttpResponse], email: str) -> str:  # noqa: ARG002 - the newest
        """Return the path of the link in the one mail that a request leads to."""
        assert request().status in {202, 303}
        assert self.deliver() == 1
        return self.letters[-1].path

    def respond(self, function: str, event: dict[str, Any]) -> HttpResponse:
        """Return the response of a function to an event of API Gateway."""
        return checked_response(self.invoke(function, event))

    def invoke(self, function: str, event: dict[str, Any], *, tell_time: bool = True) -> Any:
        """Invoke a function and return its result. Fail if its role does not allow one of its AWS calls.

        With `tell_time`, the client context holds the time of this portal.
        """
        context = lambda_context(self.now if tell_time else None, lambda: self.milliseconds)
        called = len(self.aws.calls)
        with self._environment(function):
            returned: Any = load_handler(function).handle(json.loads(json.dumps(event)), context)
        json.dumps(returned)
        needed = {need for call in self.aws.calls[called:] for need in self._needs(*call)}
        assert needed <= sam_template.permissions(function), needed - sam_template.permissions(function)
        limits = sam_template.attributes(function)
        for act, named in (named for call in self.aws.calls[called:] for named in _named_in(*call)):
            assert named <= limits.get(act, named), (function, act, named - limits[act])
        return returned

    def pin_for(self, account: bytes) -> str:
        """Create a PIN for an account, and return its digits."""
        with self._environment("Admin"):
            found = accounts.find(AccountKey(account))
            assert found
            pin, _ = pins.create(found, self.now * 1000)
        return pin

    def staff(self, subject: str = "dr-willow", role: Role = Role.CLINICIAN, practice: str = "willow") -> Browser:
        """Return a browser of a member who has signed in to the console."""
        with self._environment("Console"):
            members.set_role(practice, subject, role, "Dr. Willow")
            cookie = tokens.new_staff_cookie(subject)
            staff_sessions.start(StaffPerson(subject, "Dr. Willow"), cookie, None, self.now)
        browser = self.browser()
        browser.cookies["__Host-staff"] = cookie
        return browser

    def handle_event(self, function: str, event: dict[str, Any]) -> None:
        """Invoke a function with an event that needs no response."""
        self.invoke(function, event)

    def waiting(self) -> list[str]:
        """Return the bodies of the messages in the mail queue. They stay in the queue."""
        queue = {"QueueUrl": self._names["MailQueue"], "MaxNumberOfMessages": 10}
        received = boto3_client("sqs").receive_message(**queue, VisibilityTimeout=0)
        return [message["Body"] for message in received.get("Messages", [])]

    def empty_mail_queue(self) -> None:
        """Remove all messages from the mail queue."""
        moto_queues.empty(self._names["MailQueue"])

    def deliver(self) -> int:
        """Invoke the worker with all queued messages, and return the number of letters that SES accepted."""
        before = len(self.letters)
        queue = {"QueueUrl": self._names["MailQueue"]}
        while messages := boto3_client("sqs").receive_message(**queue, MaxNumberOfMessages=10).get("Messages", []):
            assert self.work(*(message["Body"] for message in messages)) == []
            for message in messages:
                boto3_client("sqs").delete_message(**queue, ReceiptHandle=message["ReceiptHandle"])
        return len(self.letters) - before

    def work(self, *bodies: str) -> list[int]:
        """Invoke the worker with one batch, and return the indexes of the messages that failed."""
        records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
        failures = self.invoke("SendMail", {"Records": records})["batchItemFailures"]
        return [int(failure["itemIdentifier"]) for failure in failures]

    @property
    def letters(self) -> list["Letter"]:
        """The letters sent to SES, oldest first. Letters that SES refused are included."""
        return [Letter(arguments) for operation, arguments in self.aws.calls if operation == "SendEmail"]

    def at_rest(self) -> dict[str, list[dict[str, Any]]]:
        """Return every item of every table."""
        return {table: moto_tables.items_of(table) for table in sam_template.resources("AWS::DynamoDB::Table")}

    def audit(self) -> list[tuple[str, str | None]]:
        """Return kind and reason of each audit event, oldest first. Events of one millisecond are sorted by kind."""
        rows = sorted(self.at_rest()["Events"], key=lambda row: (int(row["at"]["N"]), row["kind"]["S"]))
        return [(row["kind"]["S"], row.get("reason", {}).get("S")) for row in rows]

    def _needs(self, operation: str, arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the actions that a role has to allow for a call, each with its resource."""
        match operation:
            case "TransactGetItems" | "TransactWriteItems":
                for item in arguments["TransactItems"]:
                    for act, write in item.items():
                        yield f"dynamodb:{'GetItem' if act == 'Get' else f'{act}Item'}", write["TableName"]
            case "BatchGetItem":
                yield from (("dynamodb:BatchGetItem", table) for table in arguments["RequestItems"])
            case "SendMessage":
                yield "sqs:SendMessage", self._called(arguments["QueueUrl"])
            case "PutEvents":
                yield from (("events:PutEvents", entry["EventBusName"]) for entry in arguments["Entries"])
            case "GetSecretValue":
                yield "secretsmanager:GetSecretValue", self._called(arguments["SecretId"])
            case "SendEmail":
                # identity/*, because in SES's sandbox the recipient is an identity too
                assert parseaddr(arguments["FromEmailAddress"])[1].endswith(f"@{self.parameters['SenderDomain']}")
                yield "ses:SendEmail", "identity"
                yield "ses:SendEmail", arguments["ConfigurationSetName"]
            case "Query" if "IndexName" in arguments:
                yield "dynamodb:Query", arguments["IndexName"]
            case _:
                yield f"dynamodb:{operation}", arguments["TableName"]

    def _called(self, given: str) -> str:
        """Return the logical id of a physical id."""
        return next(name for name, value in self._names.items() if value == given)

    @contextmanager
    def _environment(self, function: str) -> Iterator[None]:
        """Set the environment variables that the template gives this function, and no others."""
        given = sam_template.variables(function)
        before = {name: os.environ.get(name) for name in _every_variable()}
        _set_environment({name: self._resolved(given[name]) if name in given else None for name in before})
        settings.load.cache_clear()
        try:
            yield
        finally:
            _set_environment(before)
            settings.load.cache_clear()

    def _resolved(self, value: Any) -> str:
        match value:
            case {"Ref": str(name)}:
                return self._names.get(name) or self.parameters[name]
            case {"Fn::If": ["HasDomain", domains, _]}:
                return self._resolved(domains)
            case {"Fn::If": [_, _, otherwise]}:
                return self._resolved(otherwise)
            case _:
                return str(value)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it was sent to SES."""

    arguments: dict[str, Any]

    @property
    def to(self) -> list[str]:
        """All recipients."""
        destination = self.arguments["Destination"]
        return [address for addresses in destination.values() for address in addresses]

    @property
    def text(self) -> str:
        """The plain text."""
        text: str = self.arguments["Content"]["Simple"]["Body"]["Text"]["Data"]
        return text

    @property
    def headers(self) -> dict[str, str]:
        """The additional headers, by name."""
        return {header["Name"]: header["Value"] for header in self.arguments["Content"]["Simple"]["Headers"]}

    @property
    def target(self) -> str:
        """Path and query of the one link in the text."""
        (link,) = set(re.findall(r"https://[a-z0-9.-]+(/[a-z-]+/link/\S+)", self.text))
        target: str = link
        return target

    @property
    def path(self) -> str:
        """The path of the one link in the text."""
        return self.target.partition("?")[0]


def _named_in(operation: str, arguments: dict[str, Any]) -> Iterator[tuple[tuple[str, str], set[str]]]:
    """Yield the attributes that a DynamoDB write names, by action and table."""
    writes: dict[str, Any] = {operation: arguments}
    if operation == "TransactWriteItems":
        for item in arguments["TransactItems"]:
            yield from (named for act, write in item.items() for named in _named_in(f"{act}Item", write))
    for act, write in writes.items():
        if act in {"PutItem", "UpdateItem", "DeleteItem"}:
            assert write.get("ReturnValues", "NONE") == "NONE" or write["TableName"] not in ("Accounts", "Events")
            names = write.get("ExpressionAttributeNames", {})
            text = " ".join(write.get(part, "") for part in ("UpdateExpression", "ConditionExpression"))
            # the first part of each path: what is inside an attribute is the attribute
            paths = {names[place] for place in re.findall(r"(?<![.\w])#\w+", text)}
            yield (f"dynamodb:{act}", write["TableName"]), {*write.get("Item", write.get("Key")), *paths}


@cache
def _every_variable() -> set[str]:
    """Return the names of the variables that the template gives to any function."""
    functions = sam_template.resources("AWS::Serverless::Function")
    return {name for function in functions for name in sam_template.variables(function)}


def _set_environment(variables: Mapping[str, str | None]) -> None:
    """Set these environment variables, and remove those without a value. Those that are so already cost nothing."""
    for name, value in variables.items():
        if os.environ.get(name) == value:
            continue
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@contextmanager
def _written_to(log: io.StringIO) -> Iterator[None]:
    """Write all log lines, of the package and of libraries, to `log`."""
    clients = [handler for handler in logging.getLogger("latchkey").handlers if type(handler) is logging.StreamHandler]
    assert clients
    usual = [handler.setStream(log) for handler in clients]
    theirs = logging.StreamHandler(log)
    logging.getLogger().addHandler(theirs)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(theirs)
        for handler, stream in zip(clients, usual, strict=True):
            handler.setStream(stream)
