"""Comparison of the API's responses with docs/openapi.json."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from latchkey.api.openapi_details import PARAMETER_NAMES
from tests.kit import sam_template

REFERENCE = re.compile('"#/components/schemas/([^"]+)"')
FILE = sam_template.PROJECT / "docs" / "openapi.json"
MACHINE_FILE = sam_template.PROJECT / "docs" / "openapi-machine.json"


@cache
def document(file: Path = FILE) -> dict[str, Any]:
    """Return an OpenAPI document."""
    fields: dict[str, Any] = json.loads(file.read_text())
    return fields


def check(route: str, status: int, media: str | None, body: str) -> None:
    """Fail unless the OpenAPI document has this response of a route, with its status, media type and every field.
    `route` is the method and the path as the template writes them.
    """
    method, _, path = route.partition(" ")
    for name, documented in PARAMETER_NAMES.items():
        path = path.replace(f"{{{name}}}", f"{{{documented}}}")
    file = MACHINE_FILE if path.startswith("/admin/m1/") else FILE
    operation = document(file)["paths"].get(path, {}).get(method.lower())
    if operation is None:
        assert status in (401, 404, 405)
        return
    assert str(status) in operation["responses"], f"{route} answered {status}, which is not documented"
    content = operation["responses"][str(status)].get("content", {})
    if not content:
        assert not body
        return
    assert media in content, f"{route} answered {status} with {media}"
    _validator(file, path, method.lower(), status, media).validate(json.loads(body))


@cache
def _validator(file: Path, path: str, method: str, status: int, media: str) -> Any:
    contract = document(file)
    schema = contract["paths"][path][method]["responses"][str(status)]["content"][media]["schema"]
    return Draft202012Validator(standalone(schema, contract))


def standalone(schema: dict[str, Any], contract: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with the components that it needs. A validator looks through all that it is given."""
    needed: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        names = REFERENCE.findall(json.dumps(waiting.pop()))
        added = {name: contract["components"]["schemas"][name] for name in names if name not in needed}
        needed |= added
        waiting += added.values()
    return schema | {"components": {"schemas": needed}}
