"""A browser for the probe: requests over the portal's public address, with cookies and without redirects."""

import http.client
import ssl
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from latchkey import __version__

TIMEOUT_SECONDS = 10.0
"""Seconds for each part of one exchange. A person waits 8 seconds at most."""
MAX_PAGE_BYTES = 1024 * 1024
HTTPS = "https"


@dataclass(frozen=True, slots=True)
class PortalResponse:
    """A response of the portal."""

    status: int
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Browser:
    """A browser at one origin."""

    origin: str
    """Such as `https://portal.example.com`, without a path."""
    _cookies: dict[str, str] = field(default_factory=dict, repr=False)

    def get(self, path: str, accept: str = "text/html") -> PortalResponse:
        """Return the response to a GET request.

        :raises OSError: there is no response.
        :raises http.client.HTTPException: the response is not HTTP.
        """
        return self._send("GET", path, b"", {"Accept": accept})

    def submit_form(self, path: str, **fields: str) -> PortalResponse:
        """Return the response to a form, sent as a page of the portal sends it. Raises as `get` does."""
        headers = {
            "Accept": "text/html",
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.origin,
            "Sec-Fetch-Site": "same-origin",
        }
        return self._send("POST", path, urlencode(fields).encode(), headers)

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> PortalResponse:
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers["User-Agent"] = f"latchkey-probe/{__version__}"
        connection = self._connection()
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            page = PortalResponse(response.status, response.read(MAX_PAGE_BYTES))
            for cookie_header in response.headers.get_all("set-cookie", []):
                self._keep(cookie_header)
            return page
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.origin)
        if parts.scheme == HTTPS:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(parts.netloc, timeout=TIMEOUT_SECONDS, context=context)
        return http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)

    def _keep(self, header: str) -> None:
        for name, cookie in SimpleCookie(header).items():
            if cookie["max-age"] == "0":
                self._cookies.pop(name, None)
            else:
                self._cookies[name] = cookie.value
