"""Tests of docs/openapi.json, and of what all OpenAPI documents have in common."""

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from latchkey.api import openapi
from latchkey.api.app import RESOURCES
from tests.api import contract
from tests.kit import client_contract


def test_the_file_is_what_the_routes_say() -> None:
    """To update the file, run `python -m latchkey.api.openapi > docs/openapi.json`."""
    assert contract.FILE.read_text() == openapi.text()


def test_every_route_is_in_it_with_its_role_and_its_refusals() -> None:
    body = contract.document()
    assert body["openapi"].startswith("3.1")
    assert body["security"] == [{"token": []}]
    for key, rule in ((key, rule) for routes in RESOURCES for key, rule in routes.rules.items()):
        method, _, path = key.partition(" ")
        path = path.replace("{client}", "{client_id}").replace("{contact}", "{contact_id}")
        operation = body["paths"][path][method.lower()]
        assert operation["x-least-role"] == rule.role.name.lower()
        assert {"400", "401", "403", "404", "405", "413", "429", "503"} <= set(operation["responses"])
        keyed = "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]
        assert keyed is rule.idempotent
        assert operation["summary"].endswith(".")


def test_no_response_of_powertools_itself_is_documented() -> None:
    assert "ValidationError" not in json.dumps(contract.document())
    assert "HTTPValidationError" not in json.dumps(contract.document())


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation of all three documents with its name."""
    for file in (contract.FILE, contract.MACHINE_FILE, client_contract.FILE):
        for path, by_method in contract.document(file)["paths"].items():
            for method, operation in by_method.items():
                yield f"{file.name}: {method} {path}", operation


def is_valid(name: str, value: Any, schema: dict[str, Any]) -> bool:
    """Return True if the schema allows the value. `name` is that of the operation."""
    body = contract.document(contract.FILE.parent / name.partition(":")[0])
    return bool(Draft202012Validator(contract.standalone(schema, body)).is_valid(value))


def test_each_status_has_one_media_type() -> None:
    for name, operation in operations():
        for status, response in operation["responses"].items():
            assert len(response.get("content", {})) <= 1, (name, status)


def test_each_refusal_has_its_codes_as_an_enum() -> None:
    for name, operation in operations():
        for status, response in operation["responses"].items():
            for schema in (
                media["schema"] for media in response.get("content", {}).values() if "allOf" in media["schema"]
            ):
                codes = schema["allOf"][1]["properties"]["code"]["enum"]
                assert codes, (name, status)
                problem = {"title": "x", "status": int(status), "code": codes[0]}
                assert is_valid(name, problem, schema)
                assert not is_valid(name, problem | {"code": "something_else"}, schema)


def test_headers_of_programs_are_documented() -> None:
    for name, operation in operations():
        assert "Allow" in operation["responses"]["405"]["headers"], name
        for status in {"429", "503"} & operation["responses"].keys():
            assert "Retry-After" in operation["responses"][status]["headers"], name
        keyed = "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]
        documented = [status for status, it in operation["responses"].items() if "Idempotency-Replayed" in str(it)]
        assert bool(documented) is keyed, name


def test_every_operation_has_examples_that_its_schemas_allow() -> None:
    for name, operation in operations():
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                assert is_valid(name, parameter["example"], parameter["schema"]), (name, parameter["name"])
        bodies = [operation.get("requestBody", {}), *(it for key, it in operation["responses"].items() if key < "3")]
        documents = [media for body in bodies for media in body.get("content", {}).items()]
        for media in (media for kind, media in documents if kind == "application/json" or "example" in media):
            assert is_valid(name, media["example"], media["schema"]), (name, media["example"])


def test_no_path_parameter_is_called_like_a_part_of_a_program() -> None:
    names = {it["name"] for _, operation in operations() for it in operation["parameters"] if it["in"] == "path"}
    assert not names & {"client", "contact", "self", "body", "type", "class", "from", "id", "headers", "params"}
