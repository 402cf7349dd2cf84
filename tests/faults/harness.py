"""A portal at which every call to AWS can go wrong, again and again from the same beginning."""

import copy
import json
import logging
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from latchkey import tokens
from latchkey.rules.members import Role
from latchkey.store import members
from tests.identity.fake_provider import CLIENT, SECRET, FakeProvider
from tests.kit import caches, sam_template
from tests.kit.aws_faults import Fault
from tests.kit.browser import Browser
from tests.kit.clinician import ISSUER, OAUTH_CLIENT
from tests.kit.clock import NOON
from tests.kit.cloud import PARAMETERS, Cloud
from tests.kit.portal import Portal
from tests.kit.seed import seed_people

ANA, MARIA, SAM = "ana@example.com", "maria.gomez@gmail.com", "sam@example.com"
TYPED = "Ana@Example.COM"
"""As it stands nowhere but in a form."""
LAMBDA_SECONDS = 10
ANSWER_SECONDS = 8
"""A person waits no longer."""
RETRY_SECONDS = 5
AN_HOUR = 3600


@dataclass
class FlowStep:
    """Something that someone does, ready to be done."""

    do: Callable[[], Any]
    go_on: Callable[[Any], None]
    """What they do next, given what came of it; fails where that leads nowhere."""
    consumed: Callable[[], bool] | None = None
    """Whether what proves the person has been used up; None where nobody signs in by it."""
    secrets: list[str] = field(default_factory=list)
    """What may be written down nowhere."""
    gone_on: set[tuple[str, ...]] = field(default_factory=set)
    """From where someone has gone on already: which calls got through, and what was answered."""


class Harness:
    """The portal, who works there, and Google."""

    def __init__(self, cloud: Cloud, portal: Portal, provider: FakeProvider) -> None:
        self.portal, self.provider = portal, provider
        self.waited = 0.0
        """Seconds of waiting for AWS in vain, and between tries."""
        self.twice = False
        """Whether more than one thing goes wrong."""
        self._cloud = cloud
        self._browsers: list[Browser] = []
        self._tables = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables
        self._rings = [
            key
            for name in sam_template.resources("AWS::SecretsManager::Secret")
            for key in _keys_in(portal.secret(name))
            if len(key) > len("current")
        ]

    def begin(self) -> None:
        """Everyone on file, and nothing has happened."""
        self._cloud.put_back(set(self._tables))
        self.portal.now = NOON
        self._browsers.clear()
        self._new_day()

    def browser(self) -> Browser:
        """Someone's browser, that was never here."""
        browser = self.portal.browser()
        self._browsers.append(browser)
        return browser

    def saved(self) -> Callable[[], None]:
        """Everything as it is now; calling it puts it back."""
        stored = {name: copy.deepcopy(table.items) for name, table in self._tables.items()}
        jars = [(browser, dict(browser.cookies)) for browser in self._browsers]
        codes, now, cookies = dict(self.provider._codes), self.portal.now, list(self.portal.cookies)  # noqa: SLF001

        def restore() -> None:
            for name, items in stored.items():
                self._tables[name].items = copy.deepcopy(items)
            for browser, jar in jars:
                browser.cookies = dict(jar)
            self.provider._codes = dict(codes)  # noqa: SLF001
            self.portal.now, self.portal.cookies = now, list(cookies)
            self._new_day()

        return restore

    def _new_day(self) -> None:
        """An empty queue and log, and functions that were not called lately: every secret is read anew."""
        self.portal._names["MailQueue"] = boto3.client("sqs").create_queue(QueueName=tokens.new_ulid(0))["QueueUrl"]  # noqa: SLF001
        self.portal.aws.calls.clear()
        self.portal.log.seek(0)
        self.portal.log.truncate()
        caches.empty()
        self.waited, self.portal.milliseconds = 0.0, LAMBDA_SECONDS * 1000

    def wait(self, seconds: float) -> None:
        """Time passes while a function waits for something."""
        self.waited += seconds
        self.portal.milliseconds = int((LAMBDA_SECONDS - self.waited) * 1000)

    @contextmanager
    def troubled(self, strikes: Callable[[str, int], Fault | None]) -> Iterator[list[str]]:
        """Meanwhile calls go wrong, and time passes; afterwards all is well again."""
        with self.portal.aws.struck(strikes, self.wait) as heard:
            yield heard
        self.portal.milliseconds = LAMBDA_SECONDS * 1000

    # ── what happens next ──

    def jobs(self) -> list[str]:
        """The mail jobs that wait, those that wait for later too; taken out of the queue."""
        found = self.portal.waiting()
        found += [
            arguments["MessageBody"]
            for operation, arguments in self.portal.aws.calls
            if operation == "SendMessage" and arguments.get("DelaySeconds")
        ]
        self.portal._names["MailQueue"] = boto3.client("sqs").create_queue(QueueName=tokens.new_ulid(0))["QueueUrl"]  # noqa: SLF001
        return found

    def deliver(self) -> list[str]:
        """Have the worker keep every promise that waits; the paths of the links in the mails, oldest first."""
        before = len(self.portal.letters)
        for job in self.jobs():
            assert self.portal.work(job) == [], "a job failed although nothing is wrong"
        letters = self.portal.letters[before:]
        return [letter.path for letter in letters if "/link/" in letter.text]

    def items(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table, as DynamoDB's JSON has it."""
        stored = self._tables[table].items.values()
        every = [item for one in stored for item in (one.values() if isinstance(one, dict) else (one,))]
        return [item.to_json()["Attributes"] for item in every]

    def sessions(self) -> set[str]:
        """Digests of the sessions that are kept."""
        return {item["digest"]["S"] for item in self.items("Sessions")}

    def state_of(self, table: str, attribute: str = "state", but: str = "") -> str:
        """Of the one item of a table, or of the other one than `but`."""
        (item,) = [item for item in self.items(table) if item.get("state", {}).get("S") != but]
        state: str = item[attribute]["S"]
        return state

    def written(self) -> str:
        """All that is kept, queued and logged, in one text."""
        rest = json.dumps([self.items(table) for table in self._tables], default=_text)
        sent = [arguments["MessageBody"] for name, arguments in self.portal.aws.calls if name == "SendMessage"]
        return "\n".join([rest, *sent, self.portal.log.getvalue()])

    def leaks(self, secrets: list[str], printed: str) -> list[str]:
        """Which secrets were written down somewhere."""
        text = self.written() + printed
        logged = self.portal.log.getvalue() + printed
        known = [*secrets, *self.portal.cookies, *self.provider.given, *self._rings, TYPED, SECRET]
        known += [_secret_part(token) for token in secrets if len(token) > len(TYPED) * 4]
        found = [secret for secret in known if _stands_in(secret, text)]
        return found + [address for address in (ANA, MARIA, SAM, "@") if address in logged]


def set_up(provider: FakeProvider) -> tuple[Cloud, Portal]:
    """AWS with the template's tables, and a portal of two practices that knows Google by another address."""
    cloud = Cloud()
    secret = boto3.client("secretsmanager").create_secret(Name=tokens.new_ulid(0), SecretString=SECRET)
    cloud.names["GoogleSecret"] = secret["ARN"]
    portal = Portal(cloud)
    portal.parameters |= {
        **PARAMETERS,
        "TokenIssuer": ISSUER,
        "TokenClientIds": OAUTH_CLIENT,
        "GoogleClientId": CLIENT,
        "GoogleIssuer": provider.url,
        "GoogleAuthorizeUrl": f"{provider.url}/o/auth",
        "GoogleTokenUrl": f"{provider.url}/token",
        "GoogleCertsUrl": f"{provider.url}/certs",
    }
    seed_people(portal)
    members.set_role("willow", "dr-willow", Role.CLINICIAN)
    members.set_role("willow", "head-willow", Role.ADMIN)
    cloud.remember()
    return cloud, portal


@contextmanager
def verbose() -> Iterator[None]:
    """The log at its most talkative, as the template lets an operator have it."""
    expected, root = logging.getLogger("latchkey"), logging.getLogger()
    levels = expected.level, root.level
    expected.setLevel(logging.DEBUG)
    # Lambda's own level where the log is JSON
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        expected.setLevel(levels[0])
        root.setLevel(levels[1])


def _keys_in(secret: str) -> list[str]:
    try:
        document: Mapping[str, str] = json.loads(secret)
    except ValueError:
        return [secret]
    return list(document.values())


def _stands_in(secret: str, text: str) -> bool:
    if secret.isdigit():
        return re.search(rf"(?<!\d){secret}(?!\d)", text) is not None
    return secret[:40] in text


def _secret_part(token: str) -> str:
    """The secret of a link, as DynamoDB's JSON would have it."""
    return b64encode((tokens.base64url_decode(token.rpartition("/")[2]) or b"")[-tokens.SECRET_BYTES :]).decode()


def _text(value: Any) -> str:
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)
