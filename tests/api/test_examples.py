"""The examples in docs/admin.http run, and cover every route."""

import json
import re
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from PIL import Image

from latchkey.api.app import RESOURCES
from tests.api.cloud import MinistackCloud
from tests.kit import sam_template

FILE = sam_template.PROJECT / "docs" / "admin.http"
SUBJECTS = {"clinician": "dr-willow", "admin": "head-willow", "operator": "operator"}
ROUTES = [key.partition(" ") for routes in RESOURCES for key in routes.rules]


@dataclass
class Example:
    """One request of the file, before its placeholders are filled."""

    method: str
    url: str
    name: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


def examples(text: str) -> list[Example]:
    """Return the requests of the file, with the values of its variables."""
    for name, value in reversed(re.findall(r"(?m)^@(\w+) = (.+)$", text)):
        text = text.replace(f"{{{{{name}}}}}", value)
    found = []
    for block in re.split(r"(?m)^###.*$", text)[1:]:
        name = re.search(r"(?m)^# @name (\w+)$", block)
        admin, _, body = re.sub(r"(?m)^#.*\n", "", block).strip().partition("\n\n")
        (method, _, url), *lines = [line.partition(" ") for line in admin.splitlines()]
        headers = {key.removesuffix(":").lower(): value for key, _, value in lines}
        found.append(Example(method, url, name and name[1], headers, body))
    return found


def filled(text: str, known: dict[str, Any], numbers: Any) -> str:
    """Return a text with values from earlier responses and the present time in place of placeholders."""
    text = re.sub(r"\{\{(\w+)\.response\.body\.\$\.(\w+)\}\}", lambda found: known[found[1]][found[2]], text)
    return re.sub(r"\{\{\$timestamp\}\}", lambda _: str(next(numbers)), text)


LEFT_OUT = {
    "/letters/{kind}/{language}/sample",
    "/members/{subject}/start-over",
    "/clients/{client}/devices/{device}",
}
"""Routes that need what only a sign-in provider knows, or an app. `test_practice_system.py` and `test_devices.py` call
them."""


def test_the_examples_run_from_top_to_bottom_and_leave_little_out(cloud: MinistackCloud) -> None:
    known: dict[str, Any] = {}
    numbers, used = count(1_772_539_200), set()
    for example in examples(FILE.read_text()):
        url = urlsplit(filled(example.url, known, numbers))
        query = dict(parse_qsl(url.query))
        if url.path == "/local/token":
            document: Any = {"authorization": f"Bearer {SUBJECTS[query['role']]}"}
        else:
            method, template_path, parts = _route(example.method, url.path)
            used.add((method, template_path))
            subject = filled(example.headers["authorization"], known, numbers).removeprefix("Bearer ")
            answer = cloud.clinician(subject, parts.pop("practice", "willow")).request(
                method,
                template_path.removeprefix("/admin/v1/practices/{practice}"),
                raw=_logo() if example.body.startswith("< ") else filled(example.body, known, numbers).encode(),
                headers={
                    name: filled(value, known, numbers)
                    for name, value in example.headers.items()
                    if name != "authorization"
                },
                query=query,
                parts=parts,
            )
            assert answer.status < 300, (example, answer.body)
            document = json.loads(answer.body) if answer.body else None
        if example.name:
            known[example.name] = document
    left_out = {(method, path) for method, _, path in ROUTES} - used
    assert {
        path.removeprefix("/admin/v1/practices/{practice}") for method, path in left_out if method != "GET"
    } == LEFT_OUT


def _logo() -> bytes:
    """Return the bytes of a file that an example sends."""
    file = BytesIO()
    Image.new("RGB", (120, 40), "#0b5a63").save(file, "PNG")
    return file.getvalue()


def _route(method: str, path: str) -> tuple[str, str, dict[str, str]]:
    """Return the route of a path, and its path parameters."""
    for verb, _, pattern in ROUTES:
        match = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern), path)
        if verb == method and match:
            return verb, pattern, match.groupdict()
    raise AssertionError(f"{method} {path} is no route")
