"""Replacement for API Gateway. Turns HTTP requests into events of payload version 2.0, and results into responses."""

import base64
import ipaddress
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from aiohttp import web

from local.sam_template import ACCOUNT, Route

MAX_BODY_BYTES = 10 * 1024 * 1024
"""API Gateway's quota for a request's body."""

MAX_HEADER_BYTES = 10_240
"""API Gateway's quota for the request line and all headers together."""

SOURCE_HEADER = "x-local-source-ip"
"""Header that sets the source address of a request, to try rate limits by source from one machine."""

PLAIN_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})
"""Media types, besides `text/*`, that API Gateway passes as text. It passes all others in base64, forms included."""


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request, and the values of the route's path parameters."""

    route: Route
    parameters: dict[str, str]


class Router:
    """Finds the API of a request by the longest API mapping of its path, and the route by that API's own rules."""

    def __init__(self, routes: Iterable[Route]) -> None:
        by_prefix: dict[str, list[Route]] = {}
        for route in routes:
            by_prefix.setdefault(route.prefix, []).append(route)
        self._apis = {prefix: _ApiRoutes(by_prefix[prefix]) for prefix in sorted(by_prefix, key=len, reverse=True)}

    def match(self, method: str, raw_path: str) -> Match | None:
        """Return the route for a method and a path, or None. The path is as in the request line, without the query."""
        for prefix, api in self._apis.items():
            path = without_prefix(raw_path, prefix)
            if path is not None:
                return api.match(method, path)
        return None


class _ApiRoutes:
    """The routes of one API by API Gateway's rules: fixed parts before parameters, and `$default` last."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._default: Route | None = None
        self._routes: list[tuple[str, list[str], Route]] = []
        for route in routes:
            if route.key == "$default":
                self._default = route
            else:
                method, path = route.key.split(" ", 1)
                self._routes.append((method, path.split("/"), route))
        self._routes.sort(key=lambda entry: ([_is_named(part) for part in entry[1]], entry[0] == "ANY"))

    def match(self, method: str, raw_path: str) -> Match | None:
        """Return the route for a method and a path, or None. The path is as in the request line, without the query."""
        parts = raw_path.split("/")
        for verb, pattern, route in self._routes:
            if verb not in {"ANY", method} or len(pattern) != len(parts):
                continue
            pairs = list(zip(pattern, parts, strict=True))
            if all(part if _is_named(name) else name == unquote(part) for name, part in pairs):
                return Match(route, {name[1:-1]: unquote(part) for name, part in pairs if _is_named(name)})
        return Match(self._default, {}) if self._default else None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An HTTP request as it was received."""

    method: str
    target: str
    """Path and query, as in the request line."""
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    peer: str
    """IP address of the other end of the connection."""

    @property
    def raw_path(self) -> str:
        """The path, as in the request line."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """Return a header by its lower-case name. Join repeated headers with commas. Empty if missing."""
        return ",".join(value.decode("latin-1") for key, value in self.headers if key.lower() == name.encode())

    @property
    def head_bytes(self) -> int:
        """Size of request line and headers, as API Gateway counts it."""
        return len(self.method) + len(self.target) + sum(len(name) + len(value) for name, value in self.headers)


def event(
    incoming: Incoming, match: Match, moment: datetime, portal_origin: str, authorized: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the event that API Gateway would make of a request.

    `moment` is the time of the request by the portal's clock. `authorized` is the result of the route's authorizer.
    """
    headers, cookies = _headers(incoming.headers)
    source = headers.pop(SOURCE_HEADER, incoming.peer)
    query = incoming.target.partition("?")[2]
    # AWS leaves the API mapping out of `rawPath`.
    path = unquote(without_prefix(incoming.raw_path, match.route.prefix) or "/")
    host = _domain(headers.get("host", ""), portal_origin)
    if "origin" in headers:
        headers["origin"] = _origin(headers["origin"], portal_origin)
    headers["x-forwarded-for"] = ", ".join(filter(None, [headers.get("x-forwarded-for"), source]))
    headers["x-forwarded-proto"] = urlsplit(portal_origin).scheme
    document: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": incoming.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex[:15] + "=",
            "routeKey": match.route.key,
            "stage": "$default",
            "time": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(moment.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if authorized is not None:
        document["requestContext"]["authorizer"] = authorized
    if cookies:
        document["cookies"] = cookies
    if query:
        document["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if match.parameters:
        document["pathParameters"] = match.parameters
    if incoming.body:
        document["body"], document["isBase64Encoded"] = _body(incoming.body, headers.get("content-type", ""))
    return document


def without_prefix(raw_path: str, prefix: str) -> str | None:
    """Return the path below the prefix of an API mapping. None if the path is not below it."""
    if not prefix:
        return raw_path
    if raw_path == f"/{prefix}":
        return "/"
    return raw_path.removeprefix(f"/{prefix}") if raw_path.startswith(f"/{prefix}/") else None


def response(result: bytes) -> web.Response:
    """Return the HTTP response for the result of a function.

    :raises ValueError: API Gateway could not use the result.
    """
    returned = json.loads(result)
    if not isinstance(returned, dict) or "statusCode" not in returned:
        return web.Response(body=result, content_type="application/json")
    text = returned.get("body") or ""
    http = web.Response(
        status=int(returned["statusCode"]),
        body=base64.b64decode(text) if returned.get("isBase64Encoded") else text.encode(),
        headers={name: str(value) for name, value in (returned.get("headers") or {}).items()},
    )
    http.headers.setdefault("Content-Type", "text/plain;charset=UTF-8")
    for cookie in returned.get("cookies") or ():
        http.headers.add("Set-Cookie", cookie)
    return http


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return an error response that API Gateway itself would give."""
    return web.json_response({"message": message}, status=status, headers=headers)


def is_loopback(host: str) -> bool:
    """Return True if a host name or IP address means this machine."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_named(part: str) -> bool:
    return part.startswith("{")


def _domain(host: str, portal_origin: str) -> str:
    """Return the host of a request without its port. Every name of this machine counts as the portal's host."""
    name = host[: host.rindex("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    return urlsplit(portal_origin).hostname or name if is_loopback(name) else name


def _origin(origin: str, portal_origin: str) -> str:
    """Return the origin of a page. With the portal's port, every name of this machine counts as the portal's host."""
    try:
        page, portal = urlsplit(origin), urlsplit(portal_origin)
        same_port = (page.scheme, page.port) == (portal.scheme, portal.port)
        # an origin with a path or a query comes from no browser and stays as it is
        is_portal = same_port and is_loopback(page.hostname or "") and origin == f"{page.scheme}://{page.netloc}"
    except ValueError:
        return origin
    return portal_origin if is_portal else origin


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> tuple[dict[str, str], list[str]]:
    pairs = [(name.decode("latin-1").lower(), _text(value)) for name, value in raw]
    cookies = [
        trimmed
        for name, value in pairs
        if name == "cookie"
        for part in value.split(";")
        if (trimmed := part.strip(" \t"))
    ]
    return _joined((name, value) for name, value in pairs if name != "cookie"), cookies


def _text(value: bytes) -> str:
    """Return a header's value as text. Browsers send cookies as UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in PLAIN_TYPES:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
