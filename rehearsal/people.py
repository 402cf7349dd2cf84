"""Who comes to the rehearsed portal: browsers with cookies, and a clinician's program with a token."""

import json
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from rehearsal.trouble import expect

FORM = "application/x-www-form-urlencoded"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def location(self) -> str:
        """Where it leads; empty if nowhere."""
        return str(self.headers["location"] or "")

    @property
    def document(self) -> Any:
        """It, as JSON."""
        return json.loads(self.body)


def send(method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    """One request, with no redirect followed. Addresses are plain HTTP: all that answers is on this machine."""
    place = urlsplit(url)
    connection = HTTPConnection(place.netloc, timeout=PATIENCE_SECONDS)
    try:
        target = f"{place.path}?{place.query}" if place.query else place.path
        connection.request(method, target, body or None, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.msg, response.read())
    finally:
        connection.close()


@dataclass(slots=True)
class Browser:
    """Keeps its cookies. Where it finds the portal is not what the portal calls itself."""

    door: str
    """Where the portal answers: `http://127.0.0.1:port`."""
    origin: str
    """What links say: `https://host`."""
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, place: str) -> Answer:
        """Look at a page, by its path or by a link."""
        return self._send("GET", place, b"", {})

    def press(self, place: str, **fields: str) -> Answer:
        """Send a form of a page of the portal."""
        told = {"Content-Type": FORM, "Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        return self._send("POST", place, urlencode(fields).encode(), told)

    def come_in(self, practice: str, answer: Answer, road: str) -> None:
        """Go on from an answer that should have signed us in.

        :raises Trouble: it has not.
        """
        expect(answer.status == HTTPStatus.SEE_OTHER, f"{road}: the portal answered {answer.status} and not 303")
        came = self.signed_in_by(practice)
        expect(came == road, f"{road}: the session says {came}")

    def signed_in_by(self, practice: str) -> str | None:
        """By which road whoever is signed in here came; None if nobody is."""
        answer = self._send("GET", f"/{practice}/session", b"", {"Accept": "application/json"})
        return str(answer.document["method"]) if answer.status == HTTPStatus.OK else None

    def _send(self, method: str, place: str, body: bytes, headers: dict[str, str]) -> Answer:
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers.setdefault("Accept", "text/html")
        answer = send(method, self.door + place.removeprefix(self.origin), body, headers)
        for header in answer.headers.get_all("set-cookie", []):
            for name, cookie in SimpleCookie(header).items():
                self.cookies[name] = cookie.value
                if cookie["max-age"] == "0":
                    del self.cookies[name]
        return answer


@dataclass(frozen=True, slots=True)
class Clinician:
    """A program at the clinicians' API of one practice."""

    door: str
    practice: str
    token: str = field(repr=False)

    def ask(self, method: str, path: str, expected: int, **fields: object) -> Any:
        """The document that is answered; `path` is what follows the practice.

        :raises Trouble: another status is answered.
        """
        told = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps(fields).encode() if fields else b""
        answer = send(method, f"{self.door}/admin/v1/practices/{self.practice}{path}", body, told)
        expect(answer.status == expected, f"{method} {path} was answered {answer.status}: {answer.body.decode()}")
        return answer.document if answer.body else None

    def admit(self, name: str, address: str) -> str:
        """Put someone on file and invite them; returns the client's id."""
        emails = [{"address": address, "email_ok": True}]
        return str(self.ask("POST", "/clients", 201, name=name, emails=emails, invite={})["id"])


def signed_in_at_pool(url: str, email: str, password: str, chosen: str) -> str:
    """Sign in on the pages of ministack's user pool, where a temporary password is changed; the address one ends at."""
    pool, _, query = url.partition("/oauth2/authorize?")
    asked = dict(parse_qsl(query)) | {"username": email, "password": password}
    page = send("POST", f"{pool}/login", urlencode(asked).encode(), {"Content-Type": FORM})
    if b'name="np_token"' in page.body:
        token = page.body.partition(b'name="np_token" value="')[2].partition(b'"')[0].decode()
        change = {"np_token": token, "new_password": chosen, "confirm_password": chosen}
        page = send("POST", f"{pool}/login", urlencode(change).encode(), {"Content-Type": FORM})
    expect(page.location, "the user pool does not let the operator in")
    return page.location
