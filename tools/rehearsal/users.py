"""Users of the portal in a rehearsal: browsers with cookies, and a clinician's program with a token."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from html import unescape
from http import HTTPStatus
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tools.rehearsal.errors import expect

FORM = "application/x-www-form-urlencoded"
TIMEOUT_SECONDS = 60.0
LINK_TO_SIGN_IN = re.compile(r'href="(/admin/sign-in[^"]*)"')


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP response."""

    status: int
    headers: Message
    body: bytes

    @property
    def location(self) -> str:
        """Target of the redirect, "" without one."""
        return str(self.headers["location"] or "")

    @property
    def document(self) -> Any:
        """The body, parsed as JSON."""
        return json.loads(self.body)


def send(method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> HttpResponse:
    """Send one request over plain HTTP, without following redirects. All servers are on this machine."""
    parsed = urlsplit(url)
    connection = HTTPConnection(parsed.netloc, timeout=TIMEOUT_SECONDS)
    try:
        target = f"{parsed.path}?{parsed.query}" if parsed.query else parsed.path
        connection.request(method, target, body or None, headers or {})
        response = connection.getresponse()
        return HttpResponse(response.status, response.msg, response.read())
    finally:
        connection.close()


@dataclass(slots=True)
class Browser:
    """A browser with cookies. It sends requests for the portal's origin to a server on this machine."""

    server: str
    """Base URL of the server: `http://127.0.0.1:port`."""
    origin: str
    """Origin of the portal, as in links: `https://host`."""
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, url: str) -> HttpResponse:
        """Request a page, by its path or by a link."""
        return self._send("GET", url, b"", {})

    def submit_form(self, url: str, **fields: str) -> HttpResponse:
        """Send a form as a page of the portal does."""
        headers = {"Content-Type": FORM, "Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        return self._send("POST", url, urlencode(fields).encode(), headers)

    def check_sign_in(self, practice: str, response: HttpResponse, method: str) -> None:
        """Check that a response has signed the browser in by a sign-in method.

        :raises RehearsalError: it has not.
        """
        expect(response.status == HTTPStatus.SEE_OTHER, f"{method}: the portal answered {response.status} and not 303")
        used = self.sign_in_method(practice)
        expect(used == method, f"{method}: the session says {used}")

    def sign_in_method(self, practice: str) -> str | None:
        """Return the sign-in method of the current session, None without one."""
        response = self._send("GET", f"/{practice}/session", b"", {"Accept": "application/json"})
        return str(response.document["method"]) if response.status == HTTPStatus.OK else None

    def _send(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers.setdefault("Accept", "text/html")
        response = send(method, self.server + url.removeprefix(self.origin), body, headers)
        for header in response.headers.get_all("set-cookie", []):
            for name, cookie in SimpleCookie(header).items():
                self.cookies[name] = cookie.value
                if cookie["max-age"] == "0":
                    del self.cookies[name]
        return response


@dataclass(frozen=True, slots=True)
class Clinician:
    """A program that uses the clinicians' API of one practice."""

    server: str
    practice: str
    token: str = field(repr=False)

    def request(self, method: str, path: str, expected: int, **fields: object) -> Any:
        """Send a request. Return the document of the response, None without a body.

        `path` is the part after the practice.

        :raises RehearsalError: the response has another status.
        """
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps(fields).encode() if fields else b""
        response = send(method, f"{self.server}/admin/v1/practices/{self.practice}{path}", body, headers)
        expect(response.status == expected, f"{method} {path} was answered {response.status}: {response.body.decode()}")
        return response.document if response.body else None

    def add_client(self, name: str, address: str) -> str:
        """Create a client and send the invitation. Return the client's id."""
        emails = [{"address": address, "email_ok": True}]
        return str(self.request("POST", "/clients", 201, name=name, emails=emails, invite={})["id"])


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    """A person who presses what the pages of the console show."""

    browser: Browser

    def sign_in(self, url: str, browse: Callable[[str], str]) -> HttpResponse:
        """Follow the link on the console's first page, and sign in by `browse`. Return the page behind it.

        `browse` opens a URL at the provider, signs in there, and returns the URL of the last redirect.

        :raises RehearsalError: the console does not let the person in.
        """
        page = self.browser.get(url)
        link = LINK_TO_SIGN_IN.search(page.body.decode())
        expect(link is not None, f"the console's first page has no way to sign in: {page.status}")
        started = self.browser.get(unescape(link[1]) if link else "")
        expect(started.status == HTTPStatus.SEE_OTHER, f"the sign-in to the console was answered {started.status}")
        returned = self.browser.get(browse(started.location))
        expect(returned.status == HTTPStatus.SEE_OTHER, f"the return from the pool was answered {returned.status}")
        return self.open(returned.location)

    def open(self, url: str) -> HttpResponse:
        """Open a page, and follow its redirects."""
        response = self.browser.get(url)
        while response.status == HTTPStatus.SEE_OTHER:
            response = self.browser.get(response.location)
        return response

    def submit(self, path: str, action: str) -> HttpResponse:
        """Open a page and press the form that is sent to `action`. Return the page that follows."""
        _, _, form = self.open(path).body.decode().partition(f'action="{action}"')
        token = form.partition('name="form" value="')[2].partition('"')[0]
        expect(bool(token), f"{path} has no form for {action}")
        return self.browser.submit_form(action, form=token)

    def sign_out(self) -> None:
        """Sign out of the console."""
        self.browser.submit_form("/admin/sign-out")


def sign_in_at_pool(url: str, email: str, password: str, new_password: str = "") -> str:
    """Sign in on the pages of ministack's user pool. Return the URL of the last redirect.

    A temporary password is replaced by `new_password`.
    """
    pool, _, query = url.partition("/oauth2/authorize?")
    fields = dict(parse_qsl(query)) | {"username": email, "password": password}
    page = send("POST", f"{pool}/login", urlencode(fields).encode(), {"Content-Type": FORM})
    if b'name="np_token"' in page.body:
        token = page.body.partition(b'name="np_token" value="')[2].partition(b'"')[0].decode()
        change = {"np_token": token, "new_password": new_password, "confirm_password": new_password}
        page = send("POST", f"{pool}/login", urlencode(change).encode(), {"Content-Type": FORM})
    expect(page.location, "the user pool does not let the operator in")
    return page.location
