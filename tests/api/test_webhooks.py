"""Webhooks of a practice: who adds them, which addresses they may have, and what is shown once (B195, B196)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from latchkey import settings
from latchkey.http.responses import rfc3339
from latchkey.rules.published import PUBLISHED_KINDS
from latchkey.rules.webhooks import MAX_WEBHOOKS, OVERLAP_SECONDS, Delivery
from latchkey.store import webhooks
from tests.api.cloud import MinistackCloud
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.store.flows import at_once

URL = "https://system.example/hook"


def add(admin: ClinicianApi, url: str = URL) -> dict[str, Any]:
    """A new webhook."""
    answer = admin.request("POST", "/webhooks", {"url": url})
    assert answer.status == 201, answer.body
    document: dict[str, Any] = answer.document
    return document


def test_an_admin_adds_lists_and_removes_webhooks_and_the_audit_says_so(admin: ClinicianApi) -> None:
    made = add(admin)
    assert made["secret"].startswith("whsec_")
    assert made["kinds"] == list(PUBLISHED_KINDS)
    (listed,) = admin.request("GET", "/webhooks").document["webhooks"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert admin.request("DELETE", "/webhooks/{id}", id=made["id"]).status == 204
    assert admin.request("GET", "/webhooks").document["webhooks"] == []
    assert admin.request("DELETE", "/webhooks/{id}", id=made["id"]).status == 404
    rows = admin.request("GET", "/events").document["events"]
    assert {(row["kind"], row["reason"]) for row in rows} == {
        ("webhook_changed", f"added:{made['id']}"),
        ("webhook_changed", f"removed:{made['id']}"),
    }


def test_a_secret_is_shown_once_also_if_the_request_is_repeated(admin: ClinicianApi) -> None:
    first = admin.request("POST", "/webhooks", {"url": URL}, key="one").document
    repeated = admin.request("POST", "/webhooks", {"url": URL}, key="one").document
    assert repeated == first | {"secret": None}
    assert first["secret"] not in admin.request("GET", "/webhooks").body


@pytest.mark.parametrize(
    "url",
    ["http://system.example/", "https://localhost/x", "https://127.0.0.1/", "https://169.254.169.254/", "https://[fd00::1]/"],
)  # fmt: skip
def test_an_address_that_is_not_on_the_internet_is_refused(admin: ClinicianApi, url: str) -> None:
    refused = admin.request("POST", "/webhooks", {"url": url})
    assert (refused.status, "body.url" in refused.body) == (422, True)
    assert url not in refused.body


def test_a_local_run_may_name_this_machine(admin: ClinicianApi, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(settings.load(), webhook_loopback=True)
    monkeypatch.setattr(settings, "load", lambda: config)
    assert add(admin, "http://localhost:9000/hook")["id"]
    assert admin.request("POST", "/webhooks", {"url": "https://10.0.0.1/"}).status == 422


@pytest.mark.parametrize("body", [{}, {"url": URL, "kinds": []}, {"url": URL, "kinds": ["other"]}, {"url": 1}])
def test_a_body_that_names_no_address_or_no_kind_is_refused(admin: ClinicianApi, body: dict[str, object]) -> None:
    assert admin.request("POST", "/webhooks", body).status == 400


def test_a_practice_has_five_webhooks(admin: ClinicianApi) -> None:
    made = [add(admin) for _ in range(MAX_WEBHOOKS)]
    refused = admin.request("POST", "/webhooks", {"url": URL})
    assert (refused.status, refused.document["code"]) == (409, "too_many_webhooks")
    admin.request("DELETE", "/webhooks/{id}", id=made[0]["id"])
    add(admin)


def test_a_rotation_keeps_two_secrets_for_a_day(admin: ClinicianApi, clock: Clock) -> None:
    made = add(admin)
    first = admin.request("POST", "/webhooks/{id}/secret", id=made["id"]).document
    assert first["previous_secret_until"] == rfc3339(clock.now + OVERLAP_SECONDS)
    second = admin.request("POST", "/webhooks/{id}/secret", id=made["id"]).document
    webhook = webhooks.find("willow", made["id"])
    assert webhook
    assert webhook.secrets(clock.now) == (second["secret"], first["secret"])
    assert len({made["secret"], first["secret"], second["secret"]}) == 3


def test_of_eight_rotations_at_once_each_answer_that_succeeds_is_a_live_secret_or_was(admin: ClinicianApi) -> None:
    made = add(admin)
    webhook = webhooks.find("willow", made["id"])
    assert webhook
    outcomes = at_once(*(lambda number=number: webhooks.rotate(webhook, f"whsec_{number}", 1) for number in range(8)))
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", *["RecordNotFound"] * 7]


def test_the_log_is_read_page_by_page_newest_first(admin: ClinicianApi, clock: Clock) -> None:
    made = add(admin)
    events = [f"01KJEVENT0000000000000000{number}" for number in range(3)]
    for event in events:
        webhooks.add_delivery(Delivery("willow", made["id"], event, "client_erased", "{}", clock.now))
    first = admin.request("GET", "/webhooks/{id}/deliveries", query={"limit": "2"}, id=made["id"]).document
    assert [one["id"] for one in first["deliveries"]] == events[:0:-1]
    assert first["deliveries"][0]["status"] == "pending"
    query = {"limit": "2", "cursor": first["next"]}
    last = admin.request("GET", "/webhooks/{id}/deliveries", query=query, id=made["id"]).document
    assert ([one["id"] for one in last["deliveries"]], last["next"]) == (events[:1], None)


def test_only_admins_have_to_do_with_webhooks(
    cloud: MinistackCloud, admin: ClinicianApi, clinician: ClinicianApi
) -> None:
    made = add(admin)
    harbor = cloud.clinician("head-harbor", "harbor")
    for method, path in (
        ("GET", "/webhooks"),
        ("POST", "/webhooks"),
        ("DELETE", "/webhooks/{id}"),
        ("POST", "/webhooks/{id}/secret"),
        ("GET", "/webhooks/{id}/deliveries"),
    ):
        assert clinician.request(method, path, {} if method == "POST" else None, id=made["id"]).status == 403
        if "{id}" in path:
            assert harbor.request(method, path, id=made["id"]).status == 404
    assert made["secret"] in json.dumps(cloud.items()["Integrations"]), "it signs, so it cannot be a digest"
