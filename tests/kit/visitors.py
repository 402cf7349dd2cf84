"""Whoever comes to the portal, as HTTP sees them: a browser that keeps its cookies, or an app."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from http.cookies import Morsel, SimpleCookie
from itertools import count
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.pages.html import Sheet, read

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PATIENCE_SECONDS = 30

_newcomers = count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def location(self) -> str | None:
        """Where it leads."""
        return self.headers["location"]

    @property
    def page(self) -> Sheet:
        """It, as a page."""
        assert self.headers.get_content_type() == "text/html"
        return read(self.body.decode())

    @property
    def document(self) -> Any:
        """It, as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable name of a refusal."""
        assert self.headers.get_content_type() == "application/problem+json"
        return str(self.document["code"])

    @property
    def cookies(self) -> dict[str, Morsel[str]]:
        """The cookies it gives, by name."""
        given: dict[str, Morsel[str]] = {}
        for header in self.headers.get_all("set-cookie", []):
            given |= SimpleCookie(header)
        return given


class Visitor:
    """Comes from an address of its own, keeps cookies, and goes nowhere by itself."""

    accept = "*/*"

    def __init__(self, url: str, *, source: str | None = None, speaks: str | None = None) -> None:
        number = next(_newcomers)
        self.url = url
        self.source = source or f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        """RFC 2544's addresses: nobody lives there."""
        self.speaks = speaks
        self.cookies: dict[str, str] = {}

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """One request, exactly so; `path` may be a whole address of the portal."""
        sent = {"Accept": self.accept, "X-Local-Source-Ip": self.source}
        if self.speaks:
            sent["Accept-Language"] = self.speaks
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path.removeprefix(self.url), body or None, sent | dict(headers or {}))
            response = connection.getresponse()
            answer = Answer(response.status, response.msg, response.read())
        finally:
            connection.close()
        for name, cookie in answer.cookies.items():
            if cookie["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = cookie.value
        return answer

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Look at something."""
        return self.send("GET", path, headers=headers)

    def head(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Look whether something is there."""
        return self.send("HEAD", path, headers=headers)

    def cookie(self, what: str) -> str | None:
        """The value of a kept cookie, such as `session-willow`."""
        return self.cookies.get(f"__Host-{what}")


class Browser(Visitor):
    """Presses buttons on pages."""

    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    def press(self, path: str, **fields: str) -> Answer:
        """Send a form of a page of the portal."""
        told = {"Content-Type": FORM, "Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        return self.send("POST", path, urlencode(fields).encode(), told)

    def ask(self, practice: str, address: str) -> Answer:
        """Type an address, press Send link."""
        return self.press(f"/{practice}/sign-in", email=address)

    def follow(self, answer: Answer) -> Answer:
        """Go where an answer leads."""
        assert answer.status == 303
        assert answer.location
        return self.get(answer.location)


class App(Visitor):
    """Speaks JSON, and says nothing of where it comes from."""

    accept = JSON

    def post(self, path: str, **fields: object) -> Answer:
        """Send a document."""
        return self.send("POST", path, json.dumps(fields).encode(), {"Content-Type": JSON})

    def ask(self, practice: str, address: str) -> Answer:
        """Ask for a link."""
        return self.post(f"/{practice}/sign-in", email=address)


class Desk(App):
    """A clinician's program, which works with the clients of one practice."""

    def __init__(self, url: str, practice: str, authorization: str) -> None:
        super().__init__(url)
        self._base = f"/admin/v1/practices/{practice}"
        self._authorization = authorization

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """One request; `path` is what follows the practice."""
        told = {"Authorization": self._authorization, **(headers or {})}
        return super().send(method, self._base + path, body, told)

    def put(self, path: str, **fields: object) -> Answer:
        """Replace something."""
        return self.send("PUT", path, json.dumps(fields).encode(), {"Content-Type": JSON})

    def delete(self, path: str) -> Answer:
        """End something."""
        return self.send("DELETE", path)

    def admit(self, name: str, address: str, language: str = "en") -> str:
        """Put someone on file and invite them; returns the client's id."""
        emails = [{"address": address, "email_ok": True}]
        made = self.post("/clients", name=name, language=language, emails=emails, invite={})
        assert made.status == 201, made
        client: str = made.document["id"]
        return client

    def client(self, address: str) -> str:
        """The id of the client with that address."""
        clients = self.get("/clients?limit=100").document["clients"]
        (found,) = (one["id"] for one in clients if address in [email["address"] for email in one["emails"]])
        return str(found)

    def pin(self, client: str) -> str:
        """A new PIN, to be read out over the phone."""
        made = self.post(f"/clients/{client}/pin-codes")
        assert made.status == 201, made
        return str(made.document["pin"])
