"""Events of API Gateway (payload version 2.0), and the function that gets each."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.kit import sam_template

HOST = "portal.example.com"
ORIGIN = f"https://{HOST}"
TEXT = ("application/json", "text/")
"""Content types whose body is passed on as text. All others, forms too, are base64."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An HTTP request as the client sends it."""

    method: str
    target: str
    """Path and query."""
    headers: Mapping[str, str]
    body: bytes = b""
    source: str = "203.0.113.7"


def event(sent: Sent, at_ms: int) -> dict[str, Any]:
    """Return the event of a request. `at_ms` is its time in Unix milliseconds."""
    path, _, query = sent.target.partition("?")
    route, parameters = _route(sent.method, path)
    headers = {"host": HOST} | {name.lower(): value for name, value in sent.headers.items()}
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";") if cookie.strip()]
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": unquote(path),
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": headers["host"],
            "http": {
                "method": sent.method,
                "path": unquote(path),
                "protocol": "HTTP/1.1",
                "sourceIp": sent.source,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": f"{secrets.token_urlsafe(11)}=",
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": at_ms,
        },
        "isBase64Encoded": False,
    }
    if query:
        pairs = parse_qs(query, keep_blank_values=True, errors="replace")
        made["queryStringParameters"] = {name: ",".join(values) for name, values in pairs.items()}
    if "authorization" in headers and path.startswith("/admin/v1/"):
        made["requestContext"]["authorizer"] = _authorizer(headers["authorization"])
    if cookies:
        made["cookies"] = cookies
    if parameters:
        made["pathParameters"] = parameters
    if sent.body:
        plain = headers.get("content-type", "").lower().startswith(TEXT)
        made["isBase64Encoded"] = not plain
        made["body"] = sent.body.decode("utf-8", "replace") if plain else base64.b64encode(sent.body).decode()
    return made


def function_of(made: dict[str, Any]) -> str:
    """Return the logical id of the function that gets an event."""
    return sam_template.routes()[made["routeKey"]]


def path_of(method: str, target: str) -> str:
    """Return the path of a request's route as the template writes it, or `$default`."""
    key, _ = _route(method, target.partition("?")[0])
    return key.rpartition(" ")[2]


def _authorizer(authorization: str) -> Any:
    """Return the context of the JWT authorizer, which lets every token through. A test writes it as the token."""
    return json.loads(authorization.removeprefix("Bearer "))


def _route(method: str, path: str) -> tuple[str, dict[str, str]]:
    """Return the key of a path's route and its path parameters.

    Fixed segments come before parameters, and a method before ANY.
    """
    parts = path.split("/")
    for key, verb, names in _routes():
        if verb in {"ANY", method} and len(names) == len(parts) and all(map(_fits, names, parts)):
            named = zip(names, parts, strict=True)
            return key, {name[1:-1]: unquote(part) for name, part in named if name.startswith("{")}
    return "$default", {}


@cache
def _routes() -> list[tuple[str, str, list[str]]]:
    """Return key, method and path segments of each route, in the order in which they are tried."""
    keys = sorted(sam_template.routes(), key=lambda key: (key.count("{"), key.startswith("ANY ")))
    return [(key, key.partition(" ")[0], key.partition(" ")[2].split("/")) for key in keys]


def _fits(name: str, part: str) -> bool:
    return bool(part) if name.startswith("{") else name == unquote(part)
