"""A request is routed once, membership comes before the body, and the path that was authorized is the one that runs."""

from typing import Any

import pytest

from latchkey.api.request_bodies import MAX_BODY_BYTES, MAX_BODY_DEPTH
from latchkey.store.dynamodb import connection
from tests.api.scene import Desk, Stage
from tests.kit.aws_faults import Wire

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


@pytest.mark.parametrize(("status", "code", "sent"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read_is_refused_without_its_values(
    desk: Desk, status: int, code: str, sent: dict[str, Any]
) -> None:
    answer = desk.ask("POST", "/clients", **sent)
    assert (answer.status, answer.code) == (status, code)
    assert not any(value in answer.body for value in ("Kim", 'sneaky": 1', "\\ud800"))


@pytest.mark.parametrize("sent", [sent for _, _, sent in BODIES.values()], ids=BODIES)
def test_a_stranger_is_told_nothing_about_the_body(stage: Stage, sent: dict[str, Any]) -> None:
    stranger = Desk("dr-harbor")
    answer = stranger.ask("POST", "/clients", **sent)
    assert (answer.status, answer.code) == (404, "not_found")
    (row,) = stage.items()["Events"]
    assert (row["kind"]["S"], row["reason"]["S"]) == ("admin_denied", "no_member")


@pytest.mark.parametrize("sent", [sent for _, _, sent in BODIES.values()], ids=BODIES)
def test_a_role_that_is_too_low_is_told_nothing_about_the_body(desk: Desk, sent: dict[str, Any]) -> None:
    answer = desk.ask("PATCH", "", **sent)
    assert (answer.status, answer.code) == (403, "role_missing")


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON; charset=UTF-8"])
def test_a_body_may_come_in_base64_and_under_any_spelling_of_its_media_type(desk: Desk, media_type: str) -> None:
    for in_base64 in (False, True):
        answer = desk.ask(
            "POST", "/clients", {"name": "Kim Lee"}, headers={"content-type": media_type}, in_base64=in_base64
        )
        assert (answer.status, answer.document["name"]) == (201, "Kim Lee")


def test_a_body_of_spaces_is_no_body(desk: Desk) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    for raw, headers in ((" \n", {}), ("", {"content-type": "text/plain"}), ("null", {})):
        answer = desk.ask("POST", "/clients/{client}/pin-codes", raw=raw, headers=headers, client=client)
        assert answer.status == 201


def test_the_path_that_was_authorized_is_the_one_that_runs(operator: Desk) -> None:
    """API Gateway decodes the path that it hands over, after it has chosen the route by the encoded one."""
    kim = operator.add("Kim Lee", "kim@example.com", invite={})
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
        answer = operator.ask("GET", route, **parts)
        assert (answer.status, answer.code) == (404, "not_found"), parts
    assert Desk("operator", practice=f"willow/clients/{kim}").ask("GET", "").code == "not_found"
    assert operator.ask("GET", "/clients/{client}", client=kim).status == 200


def test_a_path_that_was_not_authorized_asks_no_table(operator: Desk) -> None:
    with Wire().tapped(connection.client) as wire:
        assert operator.ask("GET", "/clients", raw_path=f"{BASE}/harbor/clients").status == 404
        assert Desk("operator", practice="Willow!").ask("GET", "/clients").status == 404
    assert wire.summary() == []
