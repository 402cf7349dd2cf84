"""Test clients of the portal: a browser and an app. The transport calls functions in process or sends real HTTP."""

import json
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPMessage
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from tests.kit import client_contract
from tests.kit.http_response import HttpResponse

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TIMEOUT_SECONDS = 30

_numbers = count(1)


class Transport(Protocol):
    """A portal that answers requests and delivers mail."""

    origin: str

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes, source: str) -> HttpResponse:
        """Return the response to one request."""

    def link_mailed_after(self, request: Callable[[], HttpResponse], email: str) -> str:
        """Return the link in the mail that a request leads to."""


class HttpUser:
    """A client that keeps cookies, follows no redirect and sends requests from one IP address."""

    accept = "*/*"

    def __init__(self, portal: Transport, source: str, headers: Mapping[str, str] | None = None) -> None:
        self.portal = portal
        self.source = source
        self.headers = {"accept": self.accept, **lower_case(headers or {})}
        self.cookies: dict[str, str] = {}

    def send(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> HttpResponse:
        """Send a request with the stored cookies. A header whose value is "" is left out."""
        lines = self.headers | lower_case(headers or {})
        if self.cookies:
            lines.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        lines = {name: value for name, value in lines.items() if value}
        response = self.portal.send(method, target.removeprefix(self.portal.origin), lines, body, self.source)
        client_contract.check(method, target.removeprefix(self.portal.origin), lines, response)
        for cookie in response.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if "; Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return response

    def get(self, target: str, **headers: str) -> HttpResponse:
        """Send GET."""
        return self.send("GET", target, headers)

    def head(self, target: str, **headers: str) -> HttpResponse:
        """Send HEAD."""
        response = self.send("HEAD", target, headers)
        assert response.body == ""
        return response

    def post(self, target: str, fields: Mapping[str, Any] | None = None, **headers: str) -> HttpResponse:
        """Send POST with fields in the encoding of this kind of client."""
        raise NotImplementedError

    def cookie(self, name: str) -> str | None:
        """Return the value of a stored cookie, such as `session-willow`."""
        return self.cookies.get(f"__Host-{name}")

    def request_link(self, email: str, practice: str = "willow") -> HttpResponse:
        """Ask for a sign-in link."""
        return self.post(f"/{practice}/sign-in", {"email": email})

    def link(self, email: str, practice: str = "willow") -> str:
        """Ask for a sign-in link, and return it from the mail."""
        return self.portal.link_mailed_after(lambda: self.request_link(email, practice), email)

    def sign_in(self, email: str, practice: str = "willow") -> HttpResponse:
        """Sign in by a link that this browser or app requested."""
        response = self.get(self.link(email, practice))
        assert response.status in {200, 303}
        return response

    def enter_pin(self, email: str, pin: str, practice: str = "willow") -> HttpResponse:
        """Send an address and a PIN."""
        return self.post(f"/{practice}/pin", {"email": email, "pin": pin})

    def is_signed_in(self, practice: str = "willow") -> bool:
        """Return True if this client has a session at the practice."""
        return self.get(f"/{practice}/session").status == 200


class Browser(HttpUser):
    """A browser: submits forms, with the headers by which a server knows where they come from."""

    accept = HTML

    def post(self, target: str, fields: Mapping[str, Any] | None = None, **headers: str) -> HttpResponse:
        """Submit a form of a page of the portal."""
        lines = {"origin": self.portal.origin, "sec-fetch-site": "same-origin", "content-type": FORM}
        return self.send("POST", target, lines | lower_case(headers), urlencode(fields or {}, doseq=True).encode())

    def follow(self, response: HttpResponse) -> HttpResponse:
        """Follow a redirect."""
        return self.get(response.location)


class App(HttpUser):
    """A mobile app: sends JSON documents, without an origin."""

    accept = JSON

    def post(self, target: str, fields: Mapping[str, Any] | None = None, **headers: str) -> HttpResponse:
        """Send a JSON document."""
        body = json.dumps(dict(fields or {})).encode()
        return self.send("POST", target, {"content-type": JSON} | lower_case(headers), body)

    def sign_in(self, email: str, practice: str = "willow") -> HttpResponse:
        """Sign in by a link that this browser or app requested."""
        response = self.post(self.link(email, practice))
        assert response.status == 200
        return response


def lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by lower-case name. Names may have underscores, as keyword arguments have."""
    return {name.replace("_", "-").lower(): value for name, value in headers.items()}


def new_source() -> str:
    """Return an IP address that no other client of this process has. RFC 2544 reserves the range for tests."""
    number = next(_numbers)
    return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def send_http(
    origin: str, method: str, target: str, headers: Mapping[str, str], body: bytes, source: str
) -> HttpResponse:
    """Return the response to a real HTTP request, which the local gateway takes to come from `source`."""
    connection = HTTPConnection(urlsplit(origin).netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, target, body or None, {"x-local-source-ip": source, **headers})
        response = connection.getresponse()
        content = response.read()
        is_text = not (response.msg.get("content-type") or "").startswith(
            ("image/", "application/manifest", "application/pdf")
        )
        return HttpResponse(
            response.status,
            _by_name(response.msg),
            _set_cookies(response.msg),
            content.decode() if is_text else "",
            b"" if is_text else content,
        )
    finally:
        connection.close()


def _by_name(message: HTTPMessage) -> dict[str, str]:
    return {name.lower(): value for name, value in message.items() if name.lower() != "set-cookie"}


def _set_cookies(message: HTTPMessage) -> tuple[str, ...]:
    return tuple(message.get_all("set-cookie", []))
