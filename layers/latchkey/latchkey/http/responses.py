"""Responses: pages, JSON documents and redirects, with the security headers."""

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from latchkey import pages
from latchkey.http.requests import JSON, PROBLEM, Request
from latchkey.identity import providers
from latchkey.rules.practices import Practice


def _form_targets() -> str:
    """Return the sources of `form-action`. Browsers apply it to a redirect to a provider too."""
    urls = [urlsplit(providers.config(provider).authorize_url) for provider in providers.configured()]
    return " ".join(["'self'", *(f"{url.scheme}://{url.netloc}" for url in urls)])


SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src {style}; img-src 'self'; manifest-src 'self'; "
        f"form-action {_form_targets()}; frame-ancestors 'none'; base-uri 'none'"
    ),
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer, because browsers would then send "Origin: null" with the portal's own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
    "x-robots-tag": "noindex, nofollow",
}
"""Headers of every response, errors included. `{style}` stands for the sources of the style of the page."""
CACHED_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    body: str = field(default="", repr=False)
    media_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)
    """The body if it is not text, such as an image."""
    keeps_language: bool = True
    """False for a page that sets no cookie, not even for the language in its URL."""

    def with_cookies(self, *cookies: str) -> "Response":
        """Return the response with further cookies."""
        return replace(self, cookies=(*self.cookies, *cookies)) if cookies else self

    def with_headers(self, headers: dict[str, str]) -> "Response":
        """Return the response with further headers."""
        return replace(self, headers=self.headers | headers)

    def to_gateway(self, request: Request) -> dict[str, Any]:
        """Return the response in API Gateway's format (payload format 2.0)."""
        content_headers = (
            {"content-type": self.media_type}
            if self.content
            else {"content-type": self.media_type, "content-language": request.language}
            if self.body
            else {}
        )
        headers = security_headers(request.practice) | {"vary": "Accept, Accept-Language, Cookie"}
        body = base64.b64encode(self.content).decode() if self.content else self.body
        return {
            "statusCode": self.status,
            "headers": headers | content_headers | self.headers,
            "cookies": list(self.cookies),
            "body": "" if request.method == "HEAD" else body,
            "isBase64Encoded": bool(self.content) and request.method != "HEAD",
        }


def security_headers(practice: Practice | None, style: str = "") -> dict[str, str]:
    """Return the headers of every response. The policy allows the stylesheet in the practice's colours, or `style`."""
    style = style or pages.content_security_style(practice.accent if practice else None)
    policy = SECURITY_HEADERS["content-security-policy"].format(style=style)
    return SECURITY_HEADERS | {"content-security-policy": policy}


def html_page(html: str, status: int = 200) -> Response:
    """Return a page."""
    return Response(status, html)


def see_other(path: str) -> Response:
    """Return a redirect to a GET. A form that succeeded redirects, so that a reload cannot send it again."""
    return Response(303, headers={"location": path})


def json_response(document: Any, status: int = 200, media_type: str = JSON) -> Response:
    """Return a JSON document."""
    return Response(status, json.dumps(document, ensure_ascii=False), media_type)


def problem_response(status: int, code: str, title: str, **facts: Any) -> Response:
    """Return a problem document (RFC 9457) with its stable `code`."""
    return json_response({"title": title, "status": status, "code": code} | facts, status, PROBLEM)


def rfc3339(at: int) -> str:
    """Return a time as RFC 3339 in UTC. `at` is in Unix seconds."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
