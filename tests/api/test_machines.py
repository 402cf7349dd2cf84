"""Machine credentials: made, used and revoked, and what they never open (B190 to B193)."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from latchkey import tokens
from latchkey.rules.limits import REQUESTS_PER_MACHINE
from latchkey.rules.machines import MAX_CREDENTIALS, TOKEN_SECONDS
from latchkey.usecases import machine_tokens
from latchkey.usecases.machines import SECRET_PURPOSE
from tests.api.cloud import MinistackCloud
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.http_response import HttpResponse
from tests.store.flows import at_once

FORM = "application/x-www-form-urlencoded"
TOKEN = "/admin/m1/token"


def credentials(admin: ClinicianApi, name: str = "Practice system") -> dict[str, str]:
    """New credentials."""
    answer = admin.request("POST", "/credentials", {"name": name})
    assert answer.status == 201, answer.body
    document: dict[str, str] = answer.document
    return document


def ask(cloud: MinistackCloud, fields: dict[str, str], **headers: str) -> HttpResponse:
    """Ask for an access token."""
    return cloud.send("POST", TOKEN, {"content-type": FORM, **headers}, urlencode(fields).encode(), "192.0.2.9")


def token(cloud: MinistackCloud, made: dict[str, str]) -> str:
    """An access token for credentials."""
    basic = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    answer = ask(cloud, {"grant_type": "client_credentials"}, authorization=f"Basic {basic}")
    assert answer.status == 200, answer.body
    return str(answer.document["access_token"])


def system(cloud: MinistackCloud, access_token: str, practice: str = "willow") -> ClinicianApi:
    """A practice system with an access token."""
    return ClinicianApi(cloud, f"Bearer {access_token}", practice, "/admin/m1")


@pytest.fixture
def made(admin: ClinicianApi) -> dict[str, str]:
    return credentials(admin)


@pytest.fixture
def machine(cloud: MinistackCloud, made: dict[str, str]) -> ClinicianApi:
    """A practice system of Willow."""
    return system(cloud, token(cloud, made))


def test_a_system_works_on_clients_and_the_audit_names_it(
    cloud: MinistackCloud, admin: ClinicianApi, clinician: ClinicianApi, machine: ClinicianApi, made: dict[str, str]
) -> None:
    client = machine.add_client("Kim Lee", "kim@example.com", external_id="MRN-1", invite={})
    assert machine.request("GET", "/clients", query={"external_id": "MRN-1"}).document["clients"][0]["id"] == client
    assert [letter.to for letter in cloud.deliver()] == ["kim@example.com"]

    events = clinician.request("GET", "/clients/{client}/events", client=client).document["events"]
    assert {(event["actor"], event["actor_name"]) for event in events if event["kind"] == "client_added"} == {
        (f"machine:{made['id']}", "Practice system")
    }
    assert machine.request("GET", "/clients/{client}/events", client=client).document["events"] == events
    rows = admin.request("GET", "/events").document["events"]
    assert [(row["kind"], row["reason"], row["actor"]) for row in rows] == [
        ("machine_changed", f"added:{made['id']}", "head-willow")
    ]


def test_a_secret_is_shown_once_and_stored_as_a_digest(cloud: MinistackCloud, admin: ClinicianApi) -> None:
    first = admin.request("POST", "/credentials", {"name": "Desk"}, key="once")
    repeated = admin.request("POST", "/credentials", {"name": "Desk"}, key="once")
    secret = first.document["client_secret"]
    assert (repeated.document["id"], repeated.document["client_secret"]) == (first.document["id"], None)
    access_token = token(cloud, first.document)
    (listed,) = admin.request("GET", "/credentials").document["credentials"]
    assert listed["used_at"] is not None
    assert "client_secret" not in listed
    rest = json.dumps(cloud.items())
    assert secret not in rest
    assert access_token not in rest
    assert tokens.digest(SECRET_PURPOSE, secret) in rest


@pytest.mark.parametrize("route", ["GET /credentials", "POST /credentials", "DELETE /credentials/{credential}"])
def test_only_admins_have_to_do_with_credentials(
    clinician: ClinicianApi, made: dict[str, str], machine: ClinicianApi, route: str
) -> None:
    method, _, path = route.partition(" ")
    body = {"name": "Mine"} if method == "POST" else None
    assert clinician.request(method, path, body, credential=made["id"]).status == 403
    # nor the system itself: it has no such route
    assert machine.request(method, path, body, credential=made["id"]).status in (404, 405)


@pytest.mark.parametrize(
    "route",
    [
        "GET /members",
        "POST /members",
        "PUT /members/{id}",
        "PATCH ",
        "PUT ",
        "PUT /logo",
        "PUT /letters/sign_in/en",
        "GET /events",
        "POST /clients/{id}/pin-codes",
        "DELETE /clients/{id}/google",
        "GET /credentials",
    ],
)
def test_a_system_reaches_no_staff_no_settings_and_no_pins(machine: ClinicianApi, route: str) -> None:
    method, _, path = route.partition(" ")
    assert machine.request(method, path, {}, id="01ARZ3NDEKTSV4RRFFQ69G5FAV").status == 404


def test_a_systems_token_is_no_clinicians_and_none_of_another_practice(
    cloud: MinistackCloud, machine: ClinicianApi
) -> None:
    harbors = ClinicianApi(cloud, machine.authorization, "harbor", "/admin/m1")
    assert (harbors.get("/clients").status, harbors.get("/clients").document["code"]) == (401, "token_refused")
    # without the JWT authorizer's claims, the clinicians' function knows nobody
    assert cloud.send("GET", "/admin/m1/practices/willow/clients", {}, b"", "192.0.2.9").status == 401
    for wrong in ("", "Bearer x", "Basic eDp5", f"{machine.authorization}x", "Bearer " + "A" * 26 + ".x"):
        assert ClinicianApi(cloud, wrong, "willow", "/admin/m1").get("/clients").status == 401


def test_a_token_ends_after_an_hour(machine: ClinicianApi, clock: Clock) -> None:
    clock.advance(TOKEN_SECONDS - 1)
    assert machine.get("/clients").status == 200
    clock.advance(1)
    assert machine.get("/clients").status == 401


def test_revoked_credentials_end_at_once_with_every_token(
    cloud: MinistackCloud, admin: ClinicianApi, machine: ClinicianApi, made: dict[str, str], clock: Clock
) -> None:
    assert machine.get("/clients").status == 200
    assert admin.request("DELETE", "/credentials/{credential}", credential=made["id"]).status == 204
    assert machine.get("/clients").status == 401
    fields = {"grant_type": "client_credentials", "client_id": made["client_id"]}
    refused = ask(cloud, fields | {"client_secret": made["client_secret"]})
    assert (refused.status, refused.document) == (401, {"error": "invalid_client"})
    (listed,) = admin.request("GET", "/credentials").document["credentials"]
    revoked_at = listed["revoked_at"]
    clock.advance(60)
    assert admin.request("DELETE", "/credentials/{credential}", credential=made["id"]).status == 204
    assert admin.request("GET", "/credentials").document["credentials"][0]["revoked_at"] == revoked_at
    assert admin.request("DELETE", "/credentials/{credential}", credential="01ARZ3NDEKTSV4RRFFQ69G5FAV").status == 404


@pytest.mark.parametrize(
    ("fields", "authorization", "status", "error"),
    [
        ({}, None, 400, "invalid_request"),
        ({"grant_type": "password"}, None, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "openid"}, None, 400, "invalid_scope"),
        ({"grant_type": "client_credentials"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, "Basic !!", 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, "Bearer eA==", 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, "Basic eDp5", 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "willow.x"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_secret": "y"}, "Basic eDp5", 400, "invalid_request"),
    ],
)  # fmt: skip
def test_the_token_endpoint_refuses_as_oauth_says(
    cloud: MinistackCloud, fields: dict[str, str], authorization: str | None, status: int, error: str
) -> None:
    answer = ask(cloud, fields, **({"authorization": authorization} if authorization else {}))
    assert (answer.status, answer.document) == (status, {"error": error})
    assert ("www-authenticate" in answer.headers) is (status == 401)


def test_other_bodies_and_methods_of_the_token_endpoint_are_refused(cloud: MinistackCloud) -> None:
    as_json = cloud.send("POST", TOKEN, {"content-type": "application/json"}, b"{}", "192.0.2.9")
    assert (as_json.status, as_json.document) == (400, {"error": "invalid_request"})
    assert cloud.send("GET", TOKEN, {}, b"", "192.0.2.9").status == 405


def test_a_wrong_secret_and_anothers_are_refused(
    cloud: MinistackCloud, admin: ClinicianApi, made: dict[str, str]
) -> None:
    other = credentials(admin, "Other")
    fields = {"grant_type": "client_credentials", "scope": "latchkey/admin", "client_id": made["client_id"]}
    assert ask(cloud, fields | {"client_secret": other["client_secret"]}).status == 401
    assert ask(cloud, fields | {"client_secret": made["client_secret"]}).status == 200
    moved = made["client_id"].replace("willow", "harbor")
    assert ask(cloud, fields | {"client_id": moved, "client_secret": made["client_secret"]}).status == 401


def test_a_practice_has_twenty_credentials_that_are_not_revoked(admin: ClinicianApi) -> None:
    first = credentials(admin)
    for _ in range(MAX_CREDENTIALS - 1):
        credentials(admin)
    refused = admin.request("POST", "/credentials", {"name": "One more"})
    assert (refused.status, refused.document["code"]) == (409, "too_many_credentials")
    admin.request("DELETE", "/credentials/{credential}", credential=first["id"])
    credentials(admin)


def test_a_system_has_a_limit_of_its_own(
    cloud: MinistackCloud, admin: ClinicianApi, clinician: ClinicianApi, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """600 requests a minute. Here 3, of which the token takes one."""
    policy = REQUESTS_PER_MACHINE
    limit = replace(policy.limit, max_count=3)
    assert policy.limit.max_count == 600
    monkeypatch.setattr(machine_tokens, "REQUESTS_PER_MACHINE", replace(policy, limits=(limit,)))
    first, second = (system(cloud, token(cloud, credentials(admin))) for _ in range(2))
    assert [first.get("/clients").status for _ in range(3)] == [200, 200, 429]
    assert first.get("/clients").headers["retry-after"] == "60"
    assert second.get("/clients").status == 200
    assert clinician.get("/clients").status == 200
    clock.advance(60)
    assert first.get("/clients").status == 200


def test_a_revocation_wins_against_use_at_the_same_moment(
    cloud: MinistackCloud, admin: ClinicianApi, made: dict[str, str]
) -> None:
    """Requests that began after the answer to the revocation are refused, and no token is made after it."""
    secret = made["client_secret"]
    issued = machine_tokens.issue(made["client_id"], secret, cloud.clock.now)
    with ThreadPoolExecutor(1) as revoking:
        revoked = revoking.submit(
            lambda: admin.request("DELETE", "/credentials/{credential}", credential=made["id"]).status
        )
        at_once(*[lambda: machine_tokens.issue(made["client_id"], secret, cloud.clock.now)] * 16)
        assert revoked.result() == 204
    made_before = [item for item in cloud.items()["Integrations"] if "#token" in item["practice"]["S"]]
    outcomes = at_once(*[lambda: machine_tokens.issue(made["client_id"], secret, cloud.clock.now)] * 8)
    assert {type(outcome).__name__ for outcome in outcomes} == {"TokenRefused"}
    assert len([it for it in cloud.items()["Integrations"] if "#token" in it["practice"]["S"]]) == len(made_before)
    assert system(cloud, issued).get("/clients").status == 401
