"""The contract in docs/openapi.json."""

import json

from latchkey.api import openapi
from latchkey.api.app import RESOURCES
from tests.api import contract


def test_the_file_is_what_the_routes_say() -> None:
    """If not: python -m latchkey.api.openapi > docs/openapi.json"""
    assert contract.FILE.read_text() == openapi.text()


def test_every_route_is_in_it_with_its_role_and_its_refusals() -> None:
    body = contract.document()
    assert body["openapi"].startswith("3.1")
    assert body["security"] == [{"token": []}]
    for key, rule in ((key, rule) for routes in RESOURCES for key, rule in routes.rules.items()):
        method, _, path = key.partition(" ")
        operation = body["paths"][path][method.lower()]
        assert operation["x-least-role"] == rule.role.name.lower()
        assert {"400", "401", "403", "404", "413", "429", "503"} <= set(operation["responses"])
        keyed = "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]
        assert keyed is rule.idempotent
        assert operation["summary"].endswith(".")


def test_no_response_of_powertools_itself_is_documented() -> None:
    assert "ValidationError" not in json.dumps(contract.document())
    assert "HTTPValidationError" not in json.dumps(contract.document())
