"""Tests of the order of checks: the path that was authorized is the one that runs, and membership comes before the
body.
"""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from latchkey import aws
from latchkey.api.request_bodies import MAX_BODY_BYTES, MAX_BODY_DEPTH
from tests.api.cloud import MinistackCloud
from tests.kit import gateway_events
from tests.kit.aws_faults import AwsFaults
from tests.kit.clinician import ClinicianApi, authorized_as
from tests.kit.handlers import lambda_context, load_handler
from tests.kit.http_response import HttpResponse
from tests.kit.portal import checked_response

BASE = "/admin/v1/practices"
TWICE = '{"name": "Kim", "name": "Lee"}'
BODIES: dict[str, tuple[int, str, dict[str, Any]]] = {
    "no JSON": (400, "body_invalid", {"raw": "{"}),
    "a list": (400, "body_invalid", {"raw": "[]"}),
    "a field twice": (400, "body_invalid", {"raw": TWICE}),
    "half a character": (400, "body_invalid", {"raw": r'{"name": "\ud800"}'}),
    "another media type": (400, "body_invalid", {"raw": "name=Kim", "headers": {"content-type": "text/plain"}}),
    "another charset": (400, "body_invalid", {"raw": "{}", "headers": {"content-type": "application/json;charset=x"}}),
    "an unknown field": (400, "body_invalid", {"raw": '{"name": "Kim", "sneaky": 1}'}),
    "nothing": (400, "body_invalid", {"raw": ""}),
    "null": (400, "body_invalid", {"raw": "null"}),
    "too long": (413, "body_too_large", {"raw": " " * (MAX_BODY_BYTES + 1)}),
    "too deep": (400, "body_invalid", {"raw": '{"name":' + "[" * MAX_BODY_DEPTH + "]" * MAX_BODY_DEPTH + "}"}),
    "a parameter twice": (400, "body_invalid", {"raw": '{"name": "Kim"}', "raw_query": "limit=1&limit=2"}),
    "an unreadable parameter": (400, "body_invalid", {"raw": '{"name": "Kim"}', "raw_query": "limit=%ff"}),
}


def call(  # noqa: PLR0913 - all that an event can differ in
    cloud: MinistackCloud,
    method: str,
    route: str,
    *,
    subject: str = "dr-willow",
    practice: str = "willow",
    raw: str = "",
    headers: Mapping[str, str] | None = None,
    raw_path: str | None = None,
    raw_query: str = "",
    in_base64: bool = False,
    **parts: str,
) -> HttpResponse:
    """Invoke the function with this event. API Gateway itself would not send some of these events."""
    lines = {"authorization": authorized_as(subject), "content-type": "application/json"} | dict(headers or {})
    event = gateway_events.event(gateway_events.Sent(method, BASE, lines), cloud.clock.now * 1000)
    template_path = f"{BASE}/{{practice}}{route}"
    parameters = {"practice": practice, **parts}
    path = raw_path or template_path.format(**parameters)
    event |= {
        "routeKey": f"{method} {template_path}",
        "rawPath": path,
        "rawQueryString": raw_query,
        "queryStringParameters": {},
        "pathParameters": parameters,
        "body": base64.b64encode(raw.encode()).decode() if in_base64 else raw,
        "isBase64Encoded": in_base64,
    }
    event["requestContext"]["http"] |= {"method": method, "path": path}
    return checked_response(load_handler("Admin").handle(event, lambda_context(cloud.clock.now)))


@pytest.mark.parametrize(("status", "code", "sent"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read_is_refused_without_its_values(
    cloud: MinistackCloud, status: int, code: str, sent: dict[str, Any]
) -> None:
    response = call(cloud, "POST", "/clients", **sent)
    assert (response.status, response.code) == (status, code)
    assert not any(value in response.body for value in ("Kim", 'sneaky": 1', "\\ud800"))


@pytest.mark.parametrize("sent", [sent for _, _, sent in BODIES.values()], ids=BODIES)
def test_a_request_without_membership_is_refused_before_its_body_is_checked(
    cloud: MinistackCloud, sent: dict[str, Any]
) -> None:
    response = call(cloud, "POST", "/clients", subject="dr-harbor", **sent)
    assert (response.status, response.code) == (404, "not_found")
    (row,) = cloud.items()["Events"]
    assert (row["kind"]["S"], row["reason"]["S"]) == ("admin_denied", "no_member")


@pytest.mark.parametrize("sent", [sent for _, _, sent in BODIES.values()], ids=BODIES)
def test_a_request_with_too_low_a_role_is_refused_before_its_body_is_checked(
    cloud: MinistackCloud, sent: dict[str, Any]
) -> None:
    response = call(cloud, "PATCH", "", **sent)
    assert (response.status, response.code) == (403, "role_missing")


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON; charset=UTF-8"])
def test_a_body_may_come_in_base64_and_under_any_spelling_of_its_media_type(
    cloud: MinistackCloud, media_type: str
) -> None:
    for in_base64 in (False, True):
        raw = '{"name": "Kim Lee"}'
        response = call(cloud, "POST", "/clients", raw=raw, headers={"content-type": media_type}, in_base64=in_base64)
        assert (response.status, response.document["name"]) == (201, "Kim Lee")


def test_a_body_of_spaces_is_no_body(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    for raw, headers in ((" \n", {}), ("", {"content-type": "text/plain"}), ("null", {})):
        response = call(cloud, "POST", "/clients/{client}/pin-codes", raw=raw, headers=headers, client=client)
        assert response.status == 201


def test_the_path_that_was_authorized_is_the_one_that_runs(operator: ClinicianApi, cloud: MinistackCloud) -> None:
    """API Gateway chooses the route by the encoded path, and passes the decoded path to the function."""
    kim = operator.add_client("Kim Lee", "kim@example.com", invite={})
    tricks: list[tuple[str, dict[str, Any]]] = [
        ("/clients/{client}", {"client": f"{kim}/contacts"}),
        ("/clients/{client}", {"client": f"{kim}/portal-access"}),
        ("/clients/{client}", {"client": f"../harbor/clients/{kim}"}),
        ("/clients/{client}", {"client": f"{kim}?x", "raw_path": f"{BASE}/willow/clients/{kim}"}),
        ("/clients/{client}", {"client": f"{kim}\n"}),
        ("/clients/{client}", {"client": kim, "raw_path": f"{BASE}/harbor/clients/{kim}"}),
        ("/clients/{client}", {"client": kim, "raw_path": f"{BASE}/willow/clients/{kim}/contacts"}),
        ("/clients", {"raw_path": f"{BASE}/harbor/clients"}),
        ("/clients", {"raw_path": f"{BASE}/willow"}),
        ("/clients", {"raw_path": f"{BASE}/willow/clients/"}),
        ("/clients", {"raw_path": f"{BASE}/%77illow/clients"}),
    ]
    for route, parts in tricks:
        response = call(cloud, "GET", route, subject="operator", **parts)
        assert (response.status, response.code) == (404, "not_found"), parts
    assert call(cloud, "GET", "", subject="operator", practice=f"willow/clients/{kim}").code == "not_found"
    assert call(cloud, "GET", "/clients/{client}", subject="operator", client=kim).status == 200


def test_a_path_that_was_not_authorized_asks_no_table(cloud: MinistackCloud) -> None:
    with AwsFaults().listening(aws.client("dynamodb")) as aws_calls:
        assert call(cloud, "GET", "/clients", subject="operator", raw_path=f"{BASE}/harbor/clients").status == 404
        assert call(cloud, "GET", "/clients", subject="operator", practice="Willow!").status == 404
    assert aws_calls.summary() == []
