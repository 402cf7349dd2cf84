"""Tests of the clinicians' API with generated requests. Every response is documented, and none is a server error."""

import json
import urllib.request
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis.strategies import text
from schemathesis.specs.openapi import checks

from tests.kit import sam_template
from tests.kit.live_portal import shared_portal

PRACTICE = "contract"
PROMISED = (
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
)
EXAMPLES = 8

schemathesis.openapi.media_type("text/csv", text().map(lambda name: f"name\n{name}\n".encode(errors="replace")))
schemathesis.openapi.media_type("application/x-ndjson", text().map(lambda name: json.dumps({"name": name}).encode()))
contract = schemathesis.openapi.from_path(sam_template.PROJECT / "docs" / "openapi.json")


class Office:
    """A practice for these requests alone, so that they change nothing at Willow."""

    def __init__(self, url: str, authorization: str) -> None:
        self.url = url
        self.headers = {"Authorization": authorization, "Accept": "application/json"}
        self.session = requests.Session()
        self.session.headers.clear()  # a request has the headers that were generated, and no others
        self._numbers = count()

    def path_parameters(self, wanted: dict[str, Any]) -> dict[str, str]:
        """Return path parameters: this practice, and in half of the cases a client who exists."""
        parts = {"practice": PRACTICE} if "practice" in wanted else {}
        if "client_id" in wanted and next(self._numbers) % 2:
            parts["client_id"] = self.new_client()
        return parts

    def new_client(self) -> str:
        """Return the id of a new client, who is invited."""
        emails = [{"address": f"client{next(self._numbers)}@example.com", "email_ok": True}]
        made = self.ask("POST", "/clients", {"name": "Kim Lee", "emails": emails})
        return str(made["id"])

    def ask(self, method: str, path: str, body: Any) -> Any:
        """Send a request that prepares a test, and return the document of the response."""
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}/admin/v1/practices/{PRACTICE}{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers=self.headers | {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own address
            return json.load(answer)


@pytest.fixture(scope="module")
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """Yield a new practice for these tests."""
    portal = shared_portal(request.config).portal
    made = Office(portal.url, portal.authorization(role="operator"))
    made.ask("PUT", "", {"name": "Contract"})
    with made.session:
        yield made


@contract.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_every_response_is_one_that_is_documented(case: Any, office: Office) -> None:
    case.path_parameters |= office.path_parameters(case.path_parameters)
    case.call_and_validate(base_url=office.url, session=office.session, headers=office.headers, checks=PROMISED)
