"""Imports on a real engine: the same rows at the same time (B184), and by a practice system."""

import json
from functools import partial

import pytest

from latchkey import aws
from latchkey.rules.imports import MAX_ROWS
from latchkey.rules.times import millis
from latchkey.store import imports
from latchkey.usecases import import_work
from tests.api import test_machines
from tests.api.cloud import MinistackCloud
from tests.kit.clinician import ClinicianApi
from tests.store.flows import at_once

ROWS = "name,email\r\n" + "".join(f"Person {number},person{number}@example.com\r\n" for number in range(6))


def accepted(api: ClinicianApi) -> str:
    """Send the file, and return the import's id."""
    response = api.request("POST", "/clients/import", raw=ROWS.encode(), headers={"content-type": "text/csv"})
    assert response.status == 202, response.body
    return str(response.document["id"])


def names(api: ClinicianApi) -> list[str]:
    """The names on file, sorted."""
    return sorted(client["name"] for client in api.get("/clients?limit=100").document["clients"])


def test_turns_at_the_same_time_put_each_row_on_file_once(
    cloud: MinistackCloud, clinician: ClinicianApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B184: also if the lease would let all of them in."""
    monkeypatch.setattr(imports, "take_lease", lambda *_: True)
    import_id, now = accepted(clinician), millis(cloud.clock.now)
    at_once(*[partial(import_work.work, "willow", import_id, now)] * 4)
    assert names(clinician) == [f"Person {number}" for number in range(6)]
    answers = clinician.get("/imports/{id}/rows", id=import_id).document["rows"]
    assert [row["status"] for row in answers] == ["created"] * 6
    known = {client["id"] for client in clinician.get("/clients?limit=100").document["clients"]}
    assert {row["client"] for row in answers} == known


def test_two_files_with_the_same_people_at_the_same_time_put_them_on_file_once(
    cloud: MinistackCloud, clinician: ClinicianApi
) -> None:
    """B184: the rows have no ids, so nothing but the lease keeps the two apart."""
    ids, now = [accepted(clinician) for _ in range(2)], millis(cloud.clock.now)
    at_once(*(partial(import_work.work, "willow", one, now) for one in ids))
    for one in ids:
        import_work.work("willow", one, now)
    assert names(clinician) == [f"Person {number}" for number in range(6)]


def test_a_practice_system_imports_at_its_own_practice(cloud: MinistackCloud, admin: ClinicianApi) -> None:
    made = test_machines.credentials(admin)
    token = test_machines.token(cloud, made)
    machine = test_machines.system(cloud, token)
    import_id = accepted(machine)
    import_work.work("willow", import_id, millis(cloud.clock.now))
    document = machine.get("/imports/{id}", id=import_id).document
    assert document["counts"]["created"] == 6
    assert document["created_by"] == f"machine:{made['id']}"
    assert "/admin/m1/practices/willow/imports/" in document["progress_url"]
    other = test_machines.system(cloud, token, "harbor")
    assert other.get("/imports/{id}", id=import_id).status == 401
    assert "person1@example.com" not in json.dumps(cloud.items()["Imports"])


def test_a_thousand_rows_are_accepted_in_one_request(
    cloud: MinistackCloud, clinician: ClinicianApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B183: the worker begins, and goes on in its next turn."""
    lines = [f"Person {number},M-{number}" for number in range(MAX_ROWS)]
    content = "\r\n".join(["name,external_id", *lines]).encode()
    headers = {"content-type": "text/csv"}
    started = clinician.request("POST", "/clients/import", raw=content, headers=headers)
    assert (started.status, started.document["counts"]["waiting"]) == (202, MAX_ROWS)
    left = iter([60_000.0] * 2)
    monkeypatch.setattr(aws, "milliseconds_left", lambda: next(left, 0.0))
    for _ in range(2):
        left = iter([60_000.0] * 2)
        assert import_work.work("willow", started.document["id"], millis(cloud.clock.now)).name == "working"
    counts = clinician.get("/imports/{id}", id=started.document["id"]).document["counts"]
    assert (counts["created"], counts["waiting"]) == (4, MAX_ROWS - 4)
    answers = clinician.get("/imports/{id}/rows", id=started.document["id"]).document["rows"]
    assert [row["row"] for row in answers] == list(range(2, MAX_ROWS + 2))
