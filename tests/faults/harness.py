"""A portal with faults at its AWS calls, restored to the same state before each."""

import json
import logging
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from latchkey import tokens
from latchkey.rules.members import Role
from latchkey.store import members
from tests.identity.fake_provider import CLIENT, SECRET, FakeProvider
from tests.kit import caches, moto_tables, sam_template
from tests.kit.aws_faults import Fault
from tests.kit.browser import Browser
from tests.kit.clinician import ISSUER, OAUTH_CLIENT
from tests.kit.clock import NOON
from tests.kit.cloud import PARAMETERS, Cloud
from tests.kit.portal import Portal
from tests.kit.seed import seed_people

ANA, MARIA, SAM = "ana@example.com", "maria.gomez@gmail.com", "sam@example.com"
TYPED = "Ana@Example.COM"
"""An address in a spelling that appears only in forms."""
LAMBDA_SECONDS = 10
MAX_RESPONSE_SECONDS = 8
"""The longest time that a client waits for a response."""
RETRY_SECONDS = 5
AN_HOUR = 3600


@dataclass
class FlowStep:
    """A request of a flow, prepared."""

    do: Callable[[], Any]
    recover: Callable[[Any], None]
    """Continues after the response `do` returned. It fails if the person cannot continue."""
    consumed: Callable[[], bool] | None = None
    """Returns True if the proof was consumed. None if the step does not sign in."""
    secrets: list[str] = field(default_factory=list)
    """Values that may not be stored or logged."""
    continued_from: set[tuple[str, ...]] = field(default_factory=set)
    """States that were already continued from. Each is the calls that were carried out, and the response's status."""


class Harness:
    """A portal with members and a fake Google, whose state can be saved and restored."""

    def __init__(self, cloud: Cloud, portal: Portal, provider: FakeProvider) -> None:
        self.portal, self.provider = portal, provider
        self.waited = 0.0
        """Seconds of timeouts and of pauses between retries."""
        self.has_two_faults = False
        """True if a test injects more than one fault."""
        self._cloud = cloud
        self._browsers: list[Browser] = []
        self._tables = moto_tables.tables()
        self._keys = [
            key
            for name in sam_template.resources("AWS::SecretsManager::Secret")
            for key in _keys_in(portal.secret(name))
            if len(key) > len("current")
        ]

    def begin(self) -> None:
        """Restore the state with everyone on file and no request yet."""
        self._cloud.put_back(set(self._tables))
        self.portal.now = NOON
        self._browsers.clear()
        self._reset()

    def browser(self) -> Browser:
        """Return a browser without cookies."""
        browser = self.portal.browser()
        self._browsers.append(browser)
        return browser

    def saved(self) -> Callable[[], None]:
        """Return a function that restores the current state."""
        restore_tables = moto_tables.saved(self._tables)
        jars = [(browser, dict(browser.cookies)) for browser in self._browsers]
        codes, now, cookies = dict(self.provider._codes), self.portal.now, list(self.portal.cookies)  # noqa: SLF001

        def restore() -> None:
            restore_tables(self._tables)
            for browser, jar in jars:
                browser.cookies = dict(jar)
            self.provider._codes = dict(codes)  # noqa: SLF001
            self.portal.now, self.portal.cookies = now, list(cookies)
            self._reset()

        return restore

    def _reset(self) -> None:
        """Empty queue, log and caches. Functions then read every secret again."""
        self.portal.empty_mail_queue()
        self.portal.aws.calls.clear()
        self.portal.log.seek(0)
        self.portal.log.truncate()
        caches.empty()
        self.waited, self.portal.milliseconds = 0.0, LAMBDA_SECONDS * 1000

    def wait(self, seconds: float) -> None:
        """Let time pass while a function waits."""
        self.waited += seconds
        self.portal.milliseconds = int((LAMBDA_SECONDS - self.waited) * 1000)

    @contextmanager
    def with_faults(self, fault_at: Callable[[str, int], Fault | None]) -> Iterator[list[str]]:
        """Inject faults until the context ends, and yield the operations of the calls."""
        with self.portal.aws.injecting(fault_at, self.wait) as operations:
            yield operations
        self.portal.milliseconds = LAMBDA_SECONDS * 1000

    # ── what happens next ──

    def jobs(self) -> list[str]:
        """Remove all mail jobs from the queue, delayed ones too, and return them."""
        found = self.portal.waiting()
        found += [
            arguments["MessageBody"]
            for operation, arguments in self.portal.aws.calls
            if operation == "SendMessage" and arguments.get("DelaySeconds")
        ]
        self.portal.empty_mail_queue()
        return found

    def deliver(self) -> list[str]:
        """Run all queued mail jobs, and return the paths of the mailed links, oldest first."""
        before = len(self.portal.letters)
        for job in self.jobs():
            assert self.portal.work(job) == [], "a job failed although nothing is wrong"
        letters = self.portal.letters[before:]
        return [letter.path for letter in letters if "/link/" in letter.text]

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return every item of a table as DynamoDB JSON."""
        return moto_tables.items_of(table)

    def sessions(self) -> set[str]:
        """Return the digests of the stored sessions."""
        return set(sam_template.sessions_in({"Links": self.items("Links")}))

    def state_of(self, table: str, attribute: str = "state", but: str = "") -> str:
        """Return an attribute of the one item of a table whose `state` is not `but`."""
        (item,) = [item for item in self.items(table) if item.get("state", {}).get("S") != but]
        state: str = item[attribute]["S"]
        return state

    def written(self) -> str:
        """Return all that is stored, queued and logged, as one text."""
        rest = json.dumps([self.items(table) for table in self._tables], default=_text)
        sent = [arguments["MessageBody"] for name, arguments in self.portal.aws.calls if name == "SendMessage"]
        return "\n".join([rest, *sent, self.portal.log.getvalue()])

    def leaks(self, secrets: list[str], printed: str) -> list[str]:
        """Return the secrets that were stored, queued, logged or printed."""
        text = self.written() + printed
        logged = self.portal.log.getvalue() + printed
        known = [*secrets, *self.portal.cookies, *self.provider.given, *self._keys, TYPED, SECRET]
        known += [_secret_part(token) for token in secrets if len(token) > len(TYPED) * 4]
        found = [secret for secret in known if _stands_in(secret, text)]
        return found + [address for address in (ANA, MARIA, SAM, "@") if address in logged]


def set_up(provider: FakeProvider) -> tuple[Cloud, Portal]:
    """Return the template's resources, and a portal of two practices with the fake Google."""
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
    """Log at DEBUG, the lowest level that the template allows."""
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
        return secret in text and re.search(rf"(?<!\d){secret}(?!\d)", text) is not None
    return secret[:40] in text


def _secret_part(token: str) -> str:
    """Return the secret of a link as DynamoDB JSON has it."""
    return b64encode((tokens.base64url_decode(token.rpartition("/")[2]) or b"")[-tokens.SECRET_BYTES :]).decode()


def _text(value: Any) -> str:
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)
