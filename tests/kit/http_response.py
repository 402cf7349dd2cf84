"""The HTTP response that every test client returns, in process and over the network."""

import json
from dataclasses import dataclass
from http.cookies import Morsel, SimpleCookie
from typing import Any

from tests.pages.html import ParsedPage, read

HTML_TYPE = "text/html; charset=utf-8"
PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A status, headers by lower-case name, `Set-Cookie` lines and a text."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: str
    content: bytes = b""
    """The body of a response that is no text."""

    @property
    def location(self) -> str:
        """The target of a redirect."""
        assert self.status in {303, 308}, self.status
        return self.headers["location"]

    @property
    def page(self) -> ParsedPage:
        """The parsed HTML page."""
        assert self.headers["content-type"] == HTML_TYPE
        return read(self.body)

    @property
    def document(self) -> Any:
        """The JSON document."""
        assert self.headers["content-type"].startswith(("application/json", PROBLEM_TYPE))
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a problem document (RFC 9457)."""
        # The clinicians' API answers a refused token in the media type of API Gateway's own 401.
        media = self.headers["content-type"]
        assert media == PROBLEM_TYPE or (self.status, media) == (401, "application/json")
        problem = self.document
        assert problem["status"] == self.status
        assert problem["title"]
        return str(problem["code"])

    @property
    def cookie_values(self) -> dict[str, str]:
        """The values of the cookies that the response sets, by name. A cleared cookie has the value ""."""
        return dict(cookie.partition(";")[0].split("=", 1) for cookie in self.cookies)

    @property
    def morsels(self) -> dict[str, Morsel[str]]:
        """The cookies that the response sets, by name, with their attributes."""
        parsed: dict[str, Morsel[str]] = {}
        for cookie in self.cookies:
            parsed |= SimpleCookie(cookie)
        return parsed
