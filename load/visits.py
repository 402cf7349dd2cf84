"""Requests as browsers make them: over a connection that stays open, each from an address of its own."""

from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from itertools import count
from time import perf_counter
from urllib.parse import urlencode, urlsplit

PATIENCE_SECONDS = 30

_sources = count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    cookies: dict[str, str]
    seconds: float


class Connection:
    """Whoever sits behind it is someone else at every request: no cookie is kept, and no address is used twice."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wire = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def get(self, path: str, cookies: dict[str, str] | None = None) -> Answer:
        """Open an address."""
        kept = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
        return self._send("GET", path, {"Cookie": kept} if kept else {})

    def press(self, path: str, **fields: str) -> Answer:
        """Send a form of one of the portal's pages."""
        told = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._url}
        return self._send("POST", path, told, urlencode(fields).encode())

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        number = next(_sources)
        source = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        begun = perf_counter()
        self._wire.request(method, path.removeprefix(self._url), body, {"X-Local-Source-Ip": source, **headers})
        response = self._wire.getresponse()
        response.read()
        took = perf_counter() - begun
        cookies: dict[str, str] = {}
        for header in response.headers.get_all("set-cookie", []):
            cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
        return Answer(response.status, cookies, took)
