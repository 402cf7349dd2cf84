"""Latchkey and two peers, each set up as its documentation says, and a sign-in by mail at each."""

import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from local import portal_process
from local.portal_process import PortalProcess
from local.tls import create_certificate
from tests.kit.live_portal import LivePortal
from tools.bench.peers import machine
from tools.bench.peers.machine import PROJECT, PYTHON, Inbox

PEOPLE = 720
"""Number of people on file. Each signs in once."""
SIGN_INS_AN_HOUR = 100
"""Latchkey's clock goes on by an hour after as many, because a practice has a limit of mails an hour."""
FORM = "application/x-www-form-urlencoded"
SEE_OTHER = (302, 303)


@dataclass(frozen=True, slots=True)
class CpuTime:
    """CPU in milliseconds since the start of the system."""

    server: float
    """CPU of responding to requests."""
    mail: float
    """CPU of sending mail, if the system sends it after the response."""
    events: float
    """CPU of publishing events for other systems."""
    database: float


class System(Protocol):
    """A system with sign-in by mail."""

    def sign_in(self, number: int) -> float:
        """Sign a person in: request a mail, open it, and load a page. Return the seconds that the person waits for
        responses."""

    def cpu_time(self) -> CpuTime:
        """Return the CPU until now."""


@dataclass
class Person:
    """A browser with cookies, one connection and its own source address."""

    netloc: str
    source: Mapping[str, str]
    cookies: dict[str, str] = field(default_factory=dict)
    waited: float = 0.0
    """Seconds from requests to the end of their responses."""

    def __post_init__(self) -> None:
        self._connection = HTTPConnection(self.netloc, timeout=30)

    def send(self, method: str, path: str, body: str = "", **headers: str) -> tuple[HTTPResponse, str]:
        """Send a request. Return the response and its text."""
        sent = {"Accept": "text/html", "Origin": f"http://{self.netloc}", **self.source, **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        begun = time.perf_counter()
        self._connection.request(method, path, body or None, sent)
        response = self._connection.getresponse()
        text = response.read().decode()
        self.waited += time.perf_counter() - begun
        for header in response.headers.get_all("set-cookie", []):
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response, text


def _source(name: str) -> dict[str, str]:
    """Return a header with a random source address."""
    return {name: f"198.{18 + secrets.randbelow(2)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"}


def _check_status(response: HTTPResponse, *expected: int) -> None:
    """Raise RuntimeError unless a response has an expected status."""
    if response.status not in expected:
        raise RuntimeError(f"{response.status} instead of {expected}")


# ── Latchkey ──


@dataclass
class Latchkey:
    """Latchkey: functions in their own processes, behind the local gateway, whose CPU is not counted."""

    portal: PortalProcess
    emails: list[str]

    def sign_in(self, number: int) -> float:
        """Sign a person in with four requests: address, page, link, page."""
        if number % SIGN_INS_AN_HOUR == 0:
            self.portal.advance(3600)
        person = Person(urlsplit(self.portal.url).netloc, _source("X-Local-Source-Ip"))
        practice, email = "willow", self.emails[number]
        before = len(self.portal.mail(email))
        response, _ = person.send("POST", f"/{practice}/sign-in", urlencode({"email": email}), **{"Content-Type": FORM})
        _check_status(response, *SEE_OTHER)
        response, _ = person.send("GET", f"/{practice}/sign-in/sent")
        _check_status(response, 200)
        mails = self.portal.mail_within(30, email, before + 1)
        response, _ = person.send("GET", urlsplit(mails[0]["url"]).path)
        _check_status(response, *SEE_OTHER)
        response, _ = person.send("GET", f"/{practice}/home")
        _check_status(response, 200)
        return person.waited

    def cpu_time(self) -> CpuTime:
        """Return the CPU until now, by function."""

        def cpu_of(*functions: str) -> float:
            return machine.cpu_ms(
                lambda pid, command: (
                    "awslambdaric" in command and machine.environment_of(pid)["AWS_LAMBDA_FUNCTION_NAME"] in functions
                )
            )

        return CpuTime(
            server=cpu_of("RequestLink", "RedeemLink", "Session"),
            mail=cpu_of("SendMail"),
            events=cpu_of("PublishEvents"),
            database=machine.cpu_ms(lambda _, command: "DynamoDBLocal" in command),
        )


@contextmanager
def latchkey(_folder: Path) -> Iterator[Latchkey]:
    """Run Latchkey as `make run` does, on DynamoDB Local by TLS, with practices cached as in a deployment."""
    options = ["--tls", "--parameter", "PracticeCacheSeconds=30"]
    with portal_process.portal(engine="dynamodb-local", options=options) as portal:
        clinician = LivePortal(portal).clinician()
        emails = [f"person{n}@example.com" for n in range(PEOPLE)]
        for number, email in enumerate(emails):
            if number % 20 == 0:
                portal.advance(120)
            clinician.add_client(f"Person {number}", email, invite={})
            portal.mail_within(30, email)
        portal.advance(7200)
        yield Latchkey(portal, emails)


# ── django-allauth ──


@dataclass
class Allauth:
    """django-allauth, on gunicorn with two sync workers."""

    port: int
    inbox: Inbox
    mails: dict[str, int] = field(default_factory=dict)

    def sign_in(self, number: int) -> float:
        """Sign a person in with four requests: address, page, code, page."""
        person, email = (
            Person(f"127.0.0.1:{self.port}", _source("X-Forwarded-For")),
            f"person{number}@example.com",
        )
        # The page with the form would have set this cookie.
        token = person.cookies["csrftoken"] = secrets.token_hex(16)
        self.mails[email] = self.mails.get(email, 0) + 1
        form = {"Content-Type": FORM, "Referer": f"http://{person.netloc}/"}
        fields = {"csrfmiddlewaretoken": token, "email": email}
        response, _ = person.send("POST", "/accounts/login/code/", urlencode(fields), **form)
        _check_status(response, *SEE_OTHER)
        response, _ = person.send("GET", "/accounts/login/code/confirm/")
        _check_status(response, 200)
        code = re.search(r"^[A-Z0-9-]{6,}(?=\s*$)", self.inbox.newest(email, self.mails[email]), re.MULTILINE)
        if not code:
            raise RuntimeError("no code in the mail")
        fields = {"csrfmiddlewaretoken": token, "code": code[0]}
        response, _ = person.send("POST", "/accounts/login/code/confirm/", urlencode(fields), **form)
        _check_status(response, *SEE_OTHER)
        response, text = person.send("GET", "/")
        _check_status(response, 200)
        if email not in text:
            raise RuntimeError("not signed in")
        return person.waited

    def cpu_time(self) -> CpuTime:
        """Return the CPU until now. The server sends mail before it responds."""
        return _cpu_time("gunicorn")


@contextmanager
def allauth(folder: Path) -> Iterator[Allauth]:
    """Run django-allauth on gunicorn and PostgreSQL."""
    log, port = folder / "allauth.log", machine.free_port()
    with _backends(folder) as (database, inbox, trusted):
        environment = {
            **trusted,
            "DJANGO_SETTINGS_MODULE": "tools.bench.peers.site.settings",
            "PEER_POSTGRES_PORT": str(database),
            "PEER_SMTP_PORT": str(inbox.port),
        }
        _run([PYTHON, "-m", "tools.bench.peers.site.people", str(PEOPLE)], environment, log)
        serve: list[str | Path] = [PYTHON, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
        with machine.child([*serve, "tools.bench.peers.site.wsgi:application"], environment, log):
            machine.wait_until_listening(port, log)
            yield Allauth(port, inbox)


# ── better-auth ──


@dataclass
class BetterAuth:
    """better-auth, on Node's own server."""

    port: int
    inbox: Inbox
    mails: dict[str, int] = field(default_factory=dict)

    def sign_in(self, number: int) -> float:
        """Sign a person in with three requests: address, link, session. better-auth has no pages."""
        person, email = (
            Person(f"127.0.0.1:{self.port}", _source("X-Forwarded-For")),
            f"person{number}@example.com",
        )
        self.mails[email] = self.mails.get(email, 0) + 1
        body = json.dumps({"email": email, "callbackURL": "/"})
        response, _ = person.send("POST", "/api/auth/sign-in/magic-link", body, **{"Content-Type": "application/json"})
        _check_status(response, 200)
        url = re.search(r"http\S+", self.inbox.newest(email, self.mails[email]))
        if not url:
            raise RuntimeError("no link in the mail")
        link = urlsplit(url[0])
        response, _ = person.send("GET", f"{link.path}?{link.query}")
        _check_status(response, *SEE_OTHER)
        response, text = person.send("GET", "/api/auth/get-session")
        if email not in text:
            raise RuntimeError("not signed in")
        return person.waited

    def cpu_time(self) -> CpuTime:
        """Return the CPU until now. The server sends mail before it responds."""
        return _cpu_time("server.mjs")


@contextmanager
def better_auth(folder: Path) -> Iterator[BetterAuth]:
    """Run better-auth on Node and PostgreSQL."""
    log, port = folder / "better-auth.log", machine.free_port()
    with _backends(folder) as (database, inbox, trusted):
        environment = {
            **trusted,
            "NODE_ENV": "production",
            "PEER_PORT": str(port),
            "PEER_POSTGRES_PORT": str(database),
            "PEER_SMTP_PORT": str(inbox.port),
            "PEER_PEOPLE": str(PEOPLE),
        }
        with machine.child(["node", "tools/bench/peers/better/server.mjs"], environment, log):
            machine.wait_until_listening(port, log)
            yield BetterAuth(port, inbox)


@contextmanager
def _backends(folder: Path) -> Iterator[tuple[int, Inbox, dict[str, str]]]:
    """Run PostgreSQL and a mail server with TLS. Yield port, inbox, and the variable that trusts their certificate."""
    files = create_certificate(folder)
    with machine.postgres(*files, folder) as database, machine.mail_server(*files, folder) as inbox:
        yield database, inbox, {"SSL_CERT_FILE": str(files[0])}


def _cpu_time(server: str) -> CpuTime:
    database = machine.cpu_ms(lambda _, command: "postgres" in command and "bench" not in command)
    return CpuTime(machine.cpu_ms(lambda _, command: server in command), 0.0, 0.0, database)


def _run(command: list[str | Path], environment: Mapping[str, str], log: Path) -> None:
    with log.open("ab") as output:
        subprocess.run(command, cwd=PROJECT, env=os.environ | environment, stdout=output, stderr=output, check=True)
