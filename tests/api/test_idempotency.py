"""Tests that a request that is repeated with its idempotency key takes effect once."""

import json

import pytest
from pynamodb.exceptions import PutError

from latchkey import aws
from latchkey.store import idempotency
from tests.api.cloud import MinistackCloud
from tests.kit.aws_faults import AwsFaults
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock

NEW = {"name": "Kim Lee", "emails": [{"address": "kim@example.com", "email_ok": True}], "invite": {}}


def keyed(key: str) -> dict[str, str]:
    return {"idempotency-key": key}


def test_the_same_key_is_answered_the_same_way_and_sends_nothing(
    clinician: ClinicianApi, cloud: MinistackCloud, clock: Clock
) -> None:
    first = clinician.request("POST", "/clients", NEW, headers=keyed("one"))
    clock.advance(3600)
    second = clinician.request("POST", "/clients", NEW, headers=keyed("one"))
    assert (second.status, second.body) == (first.status, first.body)
    assert second.headers == first.headers | {"idempotency-replayed": "true"}
    assert len(clinician.request("GET", "/clients").document["clients"]) == 1
    assert len(cloud.take_jobs()) == 1


@pytest.mark.parametrize(
    ("method", "route", "body"),
    [
        ("POST", "/clients/{client}/invitations", {}),
        ("POST", "/clients/{client}/shares", {"items": ["Plan"]}),
        ("POST", "/clients/{client}/contacts", {"name": "Jo", "email": "jo@example.com", "email_ok": True}),
        (
            "PUT",
            "/clients/{client}/email",
            {"email": "new@example.com", "email_ok": True, "disable_and_resend": True},
        ),
    ],
)
def test_each_send_is_one_send(
    clinician: ClinicianApi, cloud: MinistackCloud, method: str, route: str, body: dict[str, object]
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com")
    answers = [clinician.request(method, route, body, headers=keyed("k"), client=client) for _ in range(3)]
    assert {(answer.status, answer.body) for answer in answers} == {(answers[0].status, answers[0].body)}
    assert answers[0].status in (200, 201)
    assert [job["kind"] for job in cloud.take_jobs()] == ["invitation"]


def test_a_key_stands_for_one_request(clinician: ClinicianApi) -> None:
    assert clinician.request("POST", "/clients", {"name": "Kim"}, headers=keyed("one")).status == 201
    other = clinician.request("POST", "/clients", {"name": "Lee"}, headers=keyed("one"))
    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_a_key_is_the_clinicians_own(clinician: ClinicianApi, admin: ClinicianApi, cloud: MinistackCloud) -> None:
    clinician.request("POST", "/clients", {"name": "Kim"}, headers=keyed("one"))
    assert admin.request("POST", "/clients", {"name": "Lee"}, headers=keyed("one")).document["name"] == "Lee"
    elsewhere = cloud.clinician("dr-harbor", "harbor")
    assert elsewhere.request("POST", "/clients", {"name": "Jo"}, headers=keyed("one")).document["name"] == "Jo"


def test_a_refusal_is_not_stored(clinician: ClinicianApi) -> None:
    unwritten = NEW | {"emails": []}
    assert clinician.request("POST", "/clients", unwritten, headers=keyed("one")).status == 422
    assert clinician.request("POST", "/clients", NEW, headers=keyed("one")).status == 201


def test_while_the_first_is_under_way_the_second_waits(
    clinician: ClinicianApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function of the first request ended before it responded."""
    with monkeypatch.context() as dying:
        dying.setattr(idempotency, "save_success", lambda *_: (_ for _ in ()).throw(PutError()))
        assert clinician.request("POST", "/clients", {"name": "Kim"}, headers=keyed("one")).status == 201
    answer = clinician.request("POST", "/clients", {"name": "Kim"}, headers=keyed("one"))
    assert (answer.status, answer.code) == (409, "in_progress")


def test_a_claim_with_a_lost_response_is_recognized(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    """botocore resends the write, and the function recognizes its own idempotency key."""
    with AwsFaults().listening(aws.client("dynamodb")) as faults:
        faults.repeat("PutItem")
        first = clinician.request("POST", "/clients", NEW, headers=keyed("one"))
    repeated = clinician.request("POST", "/clients", NEW, headers=keyed("one"))

    assert (first.status, first.body) == (201, repeated.body)
    assert len(cloud.take_jobs()) == 1


def test_after_a_day_a_key_is_new(clinician: ClinicianApi, clock: Clock) -> None:
    for _ in range(2):
        assert clinician.request("POST", "/clients", {"name": "Kim"}, headers=keyed("one")).status == 201
        clock.advance(86_400)
    assert len(clinician.request("GET", "/clients").document["clients"]) == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "two words", "schlüssel", "a\nb"])
def test_what_is_no_key_is_refused(clinician: ClinicianApi, key: str) -> None:
    assert clinician.request("POST", "/clients", {"name": "Kim"}, headers=keyed(key)).code == "body_invalid"


def test_no_key_and_no_address_can_be_read_in_the_table(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    clinician.request("POST", "/clients", NEW | {"emails": [], "invite": None}, headers=keyed("my-own-key"))
    (row,) = cloud.items()["Replays"]
    assert "my-own-key" not in json.dumps(row)
    assert row["sweep_at"]
