"""The clinicians' API answers whatever it is sent as its contract promises: never with a fault of ours, and never with
anything that is not written there."""

import json
import urllib.request
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
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

contract = schemathesis.openapi.from_path(sam_template.PROJECT / "docs" / "openapi.json")


class Office:
    """A practice of its own, so that whatever is sent there changes nobody's Willow."""

    def __init__(self, url: str, authorization: str) -> None:
        self.url = url
        self.headers = {"Authorization": authorization, "Accept": "application/json"}
        self._numbers = count()

    def path_parameters(self, wanted: dict[str, Any]) -> dict[str, str]:
        """Parts of a path where there is something: in this practice, and in half the cases an invited client."""
        parts = {"practice": PRACTICE} if "practice" in wanted else {}
        if "client_id" in wanted and next(self._numbers) % 2:
            parts["client_id"] = self.new_client()
        return parts

    def new_client(self) -> str:
        """Someone who was invited."""
        emails = [{"address": f"client{next(self._numbers)}@example.com", "email_ok": True}]
        made = self.ask("POST", "/clients", {"name": "Kim Lee", "emails": emails})
        return str(made["id"])

    def ask(self, method: str, path: str, body: Any) -> Any:
        """Do something that is part of no test."""
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}/admin/v1/practices/{PRACTICE}{path}",
            method=method,
            data=json.dumps(body).encode(),
            headers=self.headers | {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own address
            return json.load(answer)


@pytest.fixture(scope="module")
def office(request: pytest.FixtureRequest) -> Office:
    """A practice that is there for this."""
    portal = shared_portal(request.config).portal
    made = Office(portal.url, portal.authorization(role="operator"))
    made.ask("PUT", "", {"name": "Contract"})
    return made


@contract.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_every_response_is_one_that_is_documented(case: Any, office: Office) -> None:
    case.path_parameters |= office.path_parameters(case.path_parameters)
    case.call_and_validate(base_url=office.url, headers=office.headers, checks=PROMISED)
