"""HTTP connections for load: kept open, with another source address for each request."""

from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from itertools import count
from time import perf_counter
from urllib.parse import urlencode, urlsplit

REQUEST_TIMEOUT_SECONDS = 30

_sources = count(1)


@dataclass(frozen=True, slots=True)
class TimedResponse:
    """A response, and how long it took."""

    status: int
    cookies: dict[str, str]
    seconds: float


class Connection:
    """A connection that stands for another browser at every request: it keeps no cookie and repeats no address.

    With `source`, all its requests come from this address.
    """

    def __init__(self, url: str, source: str = "") -> None:
        self._url = url
        self._source = source
        self._http = HTTPConnection(urlsplit(url).netloc, timeout=REQUEST_TIMEOUT_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, cookies: dict[str, str] | None = None) -> TimedResponse:
        """Request a page."""
        header = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
        return self._send("GET", path, {"Cookie": header} if header else {})

    def submit_form(self, path: str, **fields: str) -> TimedResponse:
        """Send a form as a page of the portal does."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._url}
        return self._send("POST", path, headers, urlencode(fields).encode())

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> TimedResponse:
        number = next(_sources)
        source = self._source or f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        begun = perf_counter()
        self._http.request(method, path.removeprefix(self._url), body, {"X-Local-Source-Ip": source, **headers})
        response = self._http.getresponse()
        response.read()
        seconds = perf_counter() - begun
        cookies: dict[str, str] = {}
        for header in response.headers.get_all("set-cookie", []):
            cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
        return TimedResponse(response.status, cookies, seconds)
