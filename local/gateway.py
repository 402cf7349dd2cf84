"""API Gateway's part: an HTTP request becomes an event of payload version 2.0, and the function's answer a response."""

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

MOST_BODY_BYTES = 10 * 1024 * 1024
"""API Gateway's quota for a request's body."""

MOST_HEADER_BYTES = 10_240
"""API Gateway's quota for the request line and all headers together."""

SOURCE_HEADER = "x-local-source-ip"
"""Sets the source address of a request, so that limits by address can be tried from one machine."""

PLAIN_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})
"""What API Gateway hands over as text, beside `text/*`; all else, form posts too, comes in base64."""


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request, and what its path says where the route has a name."""

    route: Route
    parameters: dict[str, str]


class Router:
    """Finds the route of a request by API Gateway's rules: fixed parts before named ones, and `$default` last."""

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
        """The route for a method and a path as it stood in the request line, without its query."""
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
    """An HTTP request as it came over the wire."""

    method: str
    target: str
    """Path and query as they stood in the request line."""
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    peer: str
    """Address of the other end of the connection."""

    @property
    def raw_path(self) -> str:
        """The path as it stood in the request line."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """A header by its name in lower case; one that was sent twice is joined, one that was not is empty."""
        return ",".join(value.decode("latin-1") for key, value in self.headers if key.lower() == name.encode())

    @property
    def head_bytes(self) -> int:
        """The size of request line and headers as API Gateway counts it."""
        return len(self.method) + len(self.target) + sum(len(name) + len(value) for name, value in self.headers)


def event(
    incoming: Incoming, match: Match, moment: datetime, portal_origin: str, authorized: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The event that API Gateway would make of a request; `moment` is when it came by the service's clock, `authorized`
    what the route's authorizer found out."""
    headers, cookies = _headers(incoming.headers)
    source = headers.pop(SOURCE_HEADER, incoming.peer)
    query = incoming.target.partition("?")[2]
    path = unquote(incoming.raw_path)
    host = _domain(headers.get("host", ""), portal_origin)
    if "origin" in headers:
        headers["origin"] = _origin(headers["origin"], portal_origin)
    headers["x-forwarded-for"] = ", ".join(filter(None, [headers.get("x-forwarded-for"), source]))
    headers["x-forwarded-proto"] = urlsplit(portal_origin).scheme
    made: dict[str, Any] = {
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
        made["requestContext"]["authorizer"] = authorized
    if cookies:
        made["cookies"] = cookies
    if query:
        made["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if match.parameters:
        made["pathParameters"] = match.parameters
    if incoming.body:
        made["body"], made["isBase64Encoded"] = _body(incoming.body, headers.get("content-type", ""))
    return made


def response(answer: bytes) -> web.Response:
    """The HTTP response for what a function returned; raises ValueError for what API Gateway could not use."""
    returned = json.loads(answer)
    if not isinstance(returned, dict) or "statusCode" not in returned:
        return web.Response(body=answer, content_type="application/json")
    text = returned.get("body") or ""
    made = web.Response(
        status=int(returned["statusCode"]),
        body=base64.b64decode(text) if returned.get("isBase64Encoded") else text.encode(),
        headers={name: str(value) for name, value in (returned.get("headers") or {}).items()},
    )
    made.headers.setdefault("Content-Type", "text/plain;charset=UTF-8")
    for cookie in returned.get("cookies") or ():
        made.headers.add("Set-Cookie", cookie)
    return made


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """An answer that API Gateway gives by itself."""
    return web.json_response({"message": message}, status=status, headers=headers)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
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
    """The host of a request without its port; every name of this machine counts as the portal's."""
    name = host[: host.rindex("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    return urlsplit(portal_origin).hostname or name if is_loopback(name) else name


def _origin(origin: str, portal_origin: str) -> str:
    """What a page was loaded from; at our port, every name of this machine counts as the portal's."""
    try:
        page, portal = urlsplit(origin), urlsplit(portal_origin)
        whole = origin == f"{page.scheme}://{page.netloc}"
        ours = (page.scheme, page.port) == (portal.scheme, portal.port) and is_loopback(page.hostname or "") and whole
    except ValueError:
        return origin
    return portal_origin if ours else origin


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
    """A header's value. Browsers send the characters of a cookie as UTF-8."""
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
