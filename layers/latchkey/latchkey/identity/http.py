"""HTTPS requests to providers, each with a limit on its time and its size."""

import http.client
import json
import re
import ssl
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from latchkey.deadlines import within
from latchkey.rules.refusals import ProviderFailed

REQUEST_TIMEOUT_SECONDS = 2.5
"""Seconds for each of two requests. A person waits 6 seconds at most."""
MAX_RESPONSE_BYTES = 64 * 1024
"""Bytes of a response, beyond which it is dropped."""


@dataclass(frozen=True, slots=True)
class HttpResult:
    """A provider's response."""

    status: int
    body: bytes = field(repr=False)
    fresh_seconds: int
    """Seconds for which the response may be cached."""


def fetch(method: str, url: str, form: dict[str, str] | None = None) -> HttpResult:
    """Return the response if all of it arrives in time.

    The request runs in a thread of its own. A name lookup has no time limit, and a socket's limit starts again at every
    byte.

    :raises ProviderFailed: the whole response did not arrive in time.
    """
    try:
        result = within(REQUEST_TIMEOUT_SECONDS, lambda: _fetch_in_thread(method, url, form))
    except TimeoutError:
        raise ProviderFailed("slow") from None
    if result is None:
        raise ProviderFailed("unreachable")
    return result


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body.

    :raises ProviderFailed: the body is no JSON object.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderFailed("answer") from None
    if not isinstance(document, dict):
        raise ProviderFailed("answer")
    return document


def _fetch_in_thread(method: str, url: str, form: dict[str, str] | None) -> HttpResult | None:
    """Return the response, or None if it does not arrive, is too large or too late. Redirects are not followed."""
    deadline = time.monotonic() + REQUEST_TIMEOUT_SECONDS
    headers = {"accept": "application/json"}
    if form:
        headers["content-type"] = "application/x-www-form-urlencoded"
    try:
        parts = urlsplit(url)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        # Do not reuse a connection: Lambda freezes the function between two events, so it would usually be dead.
        with closing(_connection(parts)) as connection:
            connection.request(method, path, urlencode(form) if form else None, headers)
            response = connection.getresponse()
            body = b""
            while chunk := response.read1(MAX_RESPONSE_BYTES):
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES or time.monotonic() > deadline:
                    return None
            if response.length:  # read1() does not tell that a body ended too early
                return None
            return HttpResult(response.status, body, _fresh_seconds(response.headers))
    except (OSError, http.client.HTTPException, ValueError):
        return None


def _connection(url: SplitResult) -> http.client.HTTPConnection:
    """Return a connection to the host of a URL.

    :raises ValueError: the URL has no host, or another scheme.
    """
    if not url.hostname or url.scheme not in ("https", "http"):
        raise ValueError("not a URL of HTTP")
    if url.scheme == "http":  # stand-ins for providers on this machine
        return http.client.HTTPConnection(url.hostname, url.port, timeout=REQUEST_TIMEOUT_SECONDS)
    return http.client.HTTPSConnection(url.hostname, url.port, timeout=REQUEST_TIMEOUT_SECONDS, context=_tls())


@cache
def _tls() -> ssl.SSLContext:
    """Return the TLS settings of all connections, with the system's roots. Reading them takes 20 ms."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _fresh_seconds(headers: http.client.HTTPMessage) -> int:
    """Return the seconds for which a response may be cached, by `Cache-Control` and `Age` (RFC 9111)."""
    directives = ", ".join(headers.get_all("cache-control", [])).lower()
    max_age = re.search(r"\bmax-age=(\d{1,9})\b", directives, re.ASCII)
    if max_age is None or "no-store" in directives or "no-cache" in directives:
        return 0
    age = re.fullmatch(r"\d{1,9}", headers.get("age", "0"), re.ASCII)
    return int(max_age[1]) - int(age[0] if age else 0)
