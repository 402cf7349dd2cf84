"""Comparison of every response to a test's browser or app with docs/openapi-client.json."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.kit import gateway_events, sam_template
from tests.kit.http_response import HttpResponse

FILE = sam_template.PROJECT / "docs" / "openapi-client.json"
JSON_ONLY = ("/{practice}/session", "/healthz")
REDIRECTS = (308,)
"""A typed path in another case is answered by no operation."""
REFUSED = 400


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document of the clients' routes."""
    fields: dict[str, Any] = json.loads(FILE.read_text())
    return fields


def check(method: str, target: str, headers: Mapping[str, str], response: HttpResponse) -> None:
    """Fail unless the document has this response, with its status, media type, headers, cookies and every field.

    Pages of operations that can answer with JSON are not in the document, and neither is the console.
    """
    path = gateway_events.path_of(method, target)
    operations = document()["paths"].get(path, {})
    operation = operations.get("get" if method == "HEAD" else method.lower())
    accepts_json = "json" in headers.get("accept", "") or path in JSON_ONLY
    if operation is None:
        # Every operation of the path documents the refusal of its other methods.
        operation = next(iter(operations.values()), None)
        accepts_json = accepts_json and response.status == 405
    is_page = method == "GET" and response.status < REFUSED and operation and operation["tags"] == ["pages"]
    if operation is None or response.status in REDIRECTS or not (accepts_json or is_page):
        return
    where = f"{method} {path}"
    documented = operation["responses"].get(str(response.status))
    assert documented, f"{where} answered {response.status}, which is not documented"
    _check_headers(where, documented, response)
    content = documented.get("content", {})
    media = response.headers.get("content-type", "").partition(";")[0]
    if not content or method == "HEAD":
        assert not response.body, where
        return
    assert {media, "*/*"} & content.keys(), f"{where} answered {response.status} with {media}"
    if media.endswith("json") and media in content:
        errors = [
            error.message
            for error in _validator(path, operation["operationId"], response.status).iter_errors(
                json.loads(response.body)
            )
        ]
        assert not errors, (where, response.status, errors)


def _check_headers(where: str, documented: Mapping[str, Any], response: HttpResponse) -> None:
    headers = documented.get("headers", {})
    for name in ("Retry-After", "Allow", "Location", "Clear-Site-Data"):
        assert (name in headers) == (name.lower() in response.headers), (where, response.status, name)
    described = headers.get("Set-Cookie", {}).get("description", "")
    cookies = {re.sub("__Host-(.+?)-.*", r"\1", name) for name in response.cookie_values}
    assert cookies <= {"lang", *re.findall("`__Host-([a-z]+)-", described)}, (where, response.status, cookies)


@cache
def _validator(path: str, operation_id: str, status: int) -> Any:
    """Return the validator of one answer. It refuses fields that are not documented, which the document allows."""
    operation = next(it for it in document()["paths"][path].values() if it["operationId"] == operation_id)
    ((_, media),) = operation["responses"][str(status)]["content"].items()
    components = {
        name: schema if name == "Problem" else _closed(schema)
        for name, schema in document()["components"]["schemas"].items()
    }
    schema = _closed(media["schema"]) | {"unevaluatedProperties": False}
    return Draft202012Validator(schema | {"components": {"schemas": components}})


def _closed(schema: Any) -> Any:
    """Return a schema that allows no further fields in its objects."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" in schema:
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    return (
        {"additionalProperties": False} | closed
        if "properties" in closed and closed.get("type") == "object"
        else closed
    )
