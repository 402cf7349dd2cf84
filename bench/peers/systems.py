"""The three, each as its own documentation runs it, and one person's sign-in by mail at each."""

import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from bench.peers import machine
from bench.peers.machine import PROJECT, PYTHON, Mailbox
from local import portal_process
from local.portal_process import PortalProcess
from tests.kit.visitors import Desk

PEOPLE = 180
"""On file; each signs in once."""
FORM = "application/x-www-form-urlencoded"
SEE_OTHER = (302, 303)


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU in milliseconds since the system was started."""

    server: float
    """Answering people."""
    mail: float
    """Sending mail, where that is done apart from answering."""
    database: float


class System(Protocol):
    """Something that people sign in to by mail."""

    def sign_in(self, turn: int) -> None:
        """One person asks, gets a mail, opens it, and sees a page."""

    def spent(self) -> Spent:
        """So far."""


@dataclass
class Person:
    """A browser: one connection as long as the server keeps it, cookies, an address of its own."""

    netloc: str
    source: Mapping[str, str]
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = HTTPConnection(self.netloc, timeout=30)

    def send(self, method: str, path: str, body: str = "", **headers: str) -> tuple[HTTPResponse, str]:
        """One request, and what comes back."""
        told = {"Accept": "text/html", "Origin": f"http://{self.netloc}", **self.source, **headers}
        if self.cookies:
            told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self._connection.request(method, path, body or None, told)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        for header in answer.headers.get_all("set-cookie", []):
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer, text


def _source(name: str) -> dict[str, str]:
    """An address that nobody has come from."""
    return {name: f"198.{18 + secrets.randbelow(2)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"}


def _is(answer: HTTPResponse, *expected: int) -> None:
    if answer.status not in expected:
        raise RuntimeError(f"{answer.status} instead of {expected}")


# ── Latchkey ──


@dataclass
class Latchkey:
    """Functions in processes of their own behind the local gateway, which stands for API Gateway and is not counted."""

    portal: PortalProcess
    emails: list[str]

    def sign_in(self, turn: int) -> None:
        """Four requests: address, page, link, page."""
        person = Person(urlsplit(self.portal.url).netloc, _source("X-Local-Source-Ip"))
        practice, email = "willow", self.emails[turn]
        before = len(self.portal.mail(email))
        answer, _ = person.send("POST", f"/{practice}/sign-in", urlencode({"email": email}), **{"Content-Type": FORM})
        _is(answer, *SEE_OTHER)
        answer, _ = person.send("GET", f"/{practice}/sign-in/sent")
        _is(answer, 200)
        mails = self.portal.mail_within(30, email, before + 1)
        answer, _ = person.send("GET", urlsplit(mails[0]["url"]).path)
        _is(answer, *SEE_OTHER)
        answer, _ = person.send("GET", f"/{practice}/home")
        _is(answer, 200)

    def spent(self) -> Spent:
        """By function."""

        def name(pid: int, command: str) -> str:
            return machine.environment_of(pid).get("AWS_LAMBDA_FUNCTION_NAME", "") if "awslambdaric" in command else ""

        every = machine.cpu_ms(lambda pid, command: name(pid, command) != "")
        mail = machine.cpu_ms(lambda pid, command: name(pid, command) == "SendMail")
        return Spent(every - mail, mail, machine.cpu_ms(lambda _, command: "DynamoDBLocal" in command))


@contextmanager
def latchkey(_folder: Path) -> Iterator[Latchkey]:
    """As `make run` runs it, on DynamoDB Local, and with practices cached as they are where it is deployed."""
    with portal_process.portal(engine="dynamodb-local", options=["--parameter", "PracticeCacheSeconds=30"]) as portal:
        desk = Desk(portal.url, "willow", portal.authorization("willow"))
        emails = [f"person{n}@example.com" for n in range(PEOPLE)]
        for number, email in enumerate(emails):
            if number % 20 == 0:
                portal.advance(120)
            desk.admit(f"Person {number}", email)
            portal.mail_within(30, email)
        portal.advance(7200)
        yield Latchkey(portal, emails)


# ── django-allauth ──


@dataclass
class Allauth:
    """gunicorn's usual workers."""

    port: int
    mailbox: Mailbox
    asked: dict[str, int] = field(default_factory=dict)

    def sign_in(self, turn: int) -> None:
        """Four requests: address, page, code, page."""
        person, email = (
            Person(f"127.0.0.1:{self.port}", _source("X-Forwarded-For")),
            f"person{turn}@example.com",
        )
        # what the page with the form would have set
        token = person.cookies["csrftoken"] = secrets.token_hex(16)
        self.asked[email] = self.asked.get(email, 0) + 1
        form = {"Content-Type": FORM, "Referer": f"http://{person.netloc}/"}
        fields = {"csrfmiddlewaretoken": token, "email": email}
        answer, _ = person.send("POST", "/accounts/login/code/", urlencode(fields), **form)
        _is(answer, *SEE_OTHER)
        answer, _ = person.send("GET", "/accounts/login/code/confirm/")
        _is(answer, 200)
        found = re.search(r"^[A-Z0-9-]{6,}(?=\s*$)", self.mailbox.newest(email, self.asked[email]), re.MULTILINE)
        if not found:
            raise RuntimeError("no code in the mail")
        fields = {"csrfmiddlewaretoken": token, "code": found[0]}
        answer, _ = person.send("POST", "/accounts/login/code/confirm/", urlencode(fields), **form)
        _is(answer, *SEE_OTHER)
        answer, text = person.send("GET", "/")
        _is(answer, 200)
        if email not in text:
            raise RuntimeError("not signed in")

    def spent(self) -> Spent:
        """It sends mail while it answers."""
        return _spent("gunicorn")


@contextmanager
def allauth(folder: Path) -> Iterator[Allauth]:
    """django-allauth on gunicorn and PostgreSQL."""
    log, port = folder / "allauth.log", machine.free_port()
    with machine.postgres(folder) as database, machine.mail_server(folder) as mailbox:
        environment = {
            "DJANGO_SETTINGS_MODULE": "bench.peers.site.settings",
            "PEER_POSTGRES_PORT": str(database),
            "PEER_SMTP_PORT": str(mailbox.port),
        }
        _run([PYTHON, "-m", "bench.peers.site.people", str(PEOPLE)], environment, log)
        serve: list[str | Path] = [PYTHON, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
        with machine.child([*serve, "bench.peers.site.wsgi:application"], environment, log):
            machine.until_it_listens(port, log)
            yield Allauth(port, mailbox)


# ── better-auth ──


@dataclass
class BetterAuth:
    """Node's own server."""

    port: int
    mailbox: Mailbox
    asked: dict[str, int] = field(default_factory=dict)

    def sign_in(self, turn: int) -> None:
        """Three requests: address, link, session. The pages would be the application's own."""
        person, email = (
            Person(f"127.0.0.1:{self.port}", _source("X-Forwarded-For")),
            f"person{turn}@example.com",
        )
        self.asked[email] = self.asked.get(email, 0) + 1
        body = json.dumps({"email": email, "callbackURL": "/"})
        answer, _ = person.send("POST", "/api/auth/sign-in/magic-link", body, **{"Content-Type": "application/json"})
        _is(answer, 200)
        found = re.search(r"http\S+", self.mailbox.newest(email, self.asked[email]))
        if not found:
            raise RuntimeError("no link in the mail")
        link = urlsplit(found[0])
        answer, _ = person.send("GET", f"{link.path}?{link.query}")
        _is(answer, *SEE_OTHER)
        answer, text = person.send("GET", "/api/auth/get-session")
        if email not in text:
            raise RuntimeError("not signed in")

    def spent(self) -> Spent:
        """It sends mail while it answers."""
        return _spent("server.mjs")


@contextmanager
def better_auth(folder: Path) -> Iterator[BetterAuth]:
    """better-auth on Node and PostgreSQL."""
    log, port = folder / "better-auth.log", machine.free_port()
    with machine.postgres(folder) as database, machine.mail_server(folder) as mailbox:
        environment = {
            "NODE_ENV": "production",
            "PEER_PORT": str(port),
            "PEER_POSTGRES_PORT": str(database),
            "PEER_SMTP_PORT": str(mailbox.port),
            "PEER_PEOPLE": str(PEOPLE),
        }
        with machine.child(["node", "bench/peers/better/server.mjs"], environment, log):
            machine.until_it_listens(port, log)
            yield BetterAuth(port, mailbox)


def _spent(server: str) -> Spent:
    database = machine.cpu_ms(lambda _, command: "postgres" in command and "bench" not in command)
    return Spent(machine.cpu_ms(lambda _, command: server in command), 0.0, database)


def _run(command: list[str | Path], environment: Mapping[str, str], log: Path) -> None:
    with log.open("ab") as output:
        subprocess.run(command, cwd=PROJECT, env=os.environ | environment, stdout=output, stderr=output, check=True)
