"""Imports of clients: dry runs, rows on file once, and paced invitations (B183 to B186)."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from latchkey import aws
from latchkey.rules import limits
from latchkey.rules.imports import KEEP_SECONDS, MAX_ROWS, MAX_UNFINISHED
from latchkey.rules.limits import HOUR, INVITATIONS_PER_IMPORT, MINUTE, Limit
from latchkey.usecases import import_queue, import_rows, import_work
from latchkey.usecases.import_queue import ImportJob
from tests.functions.imports.requests import accepted, answers, counts, csv, names, send, turn
from tests.kit.clinician import ClinicianApi
from tests.kit.portal import Portal


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The delays of the messages that were queued."""
    found: list[int] = []
    usual = import_queue.send

    def send(job: ImportJob, delay: int = 0) -> None:
        found.append(delay)
        usual(job, delay)

    monkeypatch.setattr(import_queue, "send", send)
    return found


MIXED = csv(
    "Noa Becker,noa@example.com,yes,M-1,yes,,es",
    '"Becker, Tom",,,M-2,,minor,',
    ",x@example.com,,,,,",
    "Other Person,lee.park@example.com,,M-4,,,",
    "No Key,,,,,,",
    "Same Address,NOA@example.com,,M-6,,,",
    "Same Id,,,M-2,,,",
    "Not Asked,not.asked@example.com,no,M-8,yes,,",
)
DECIDED = [
    (2, "created", None),
    (3, "created", None),
    (4, "refused", "name_missing"),
    (5, "refused", "email_in_use"),
    (6, "refused", "key_missing"),
    (7, "refused", "email_repeated"),
    (8, "refused", "external_id_repeated"),
    (9, "refused", "email_consent_required"),
]


def test_a_dry_run_says_what_becomes_of_each_row_and_stores_nothing(portal: Portal, clinician: ClinicianApi) -> None:
    """B183"""
    clinician.add_client("Lee Park", "lee.park@example.com")
    before = portal.at_rest()
    response = send(clinician, MIXED, dry_run=True)
    assert response.status == 200, response.body
    assert (response.status, response.document["id"], response.document["dry_run"]) == (200, None, True)
    assert [(row["row"], row["status"], row["code"]) for row in response.document["rows"]] == DECIDED
    assert all(row["message"].endswith(".") for row in response.document["rows"] if row["code"])
    assert portal.at_rest() == before
    assert "Becker" not in response.body


def test_an_import_does_as_its_dry_run_and_leaves_no_copy_of_the_file(
    portal: Portal, clinician: ClinicianApi, delays: list[int]
) -> None:
    """B183, B186"""
    clinician.add_client("Lee Park", "lee.park@example.com")
    response = send(clinician, MIXED)
    assert response.status == 202
    progress = response.document["progress_url"]
    assert response.document["counts"]["waiting"] == 3
    assert "noa@example.com" in json.dumps(portal.at_rest()["Imports"])
    turn(portal, response.document["id"])
    assert answers(clinician, response.document["id"]) == DECIDED
    assert clinician.request("GET", progress.removeprefix(portal.origin)).document["counts"] == {
        "rows": 8, "created": 2, "unchanged": 0, "refused": 6, "waiting": 0,
        "invited": 1, "invitations_waiting": 0, "invitations_refused": 0,
    }  # fmt: skip
    assert "Becker, Tom" in names(clinician)
    stored = json.dumps(portal.at_rest()["Imports"])
    assert "noa@example.com" not in stored
    assert "Becker" not in stored
    assert "M-1" not in stored
    assert portal.deliver() == 1
    assert portal.letters[-1].to == ["noa@example.com"]
    client = clinician.client_with("noa@example.com")
    assert clinician.access(client)["status"] == "invited"
    added = next(row for row in clinician.events(client) if row["kind"] == "client_added")
    assert (added["actor"], added["reason"]) == ("dr-willow", f"import:{response.document['id']}")
    assert delays == [0]


def test_a_file_that_is_sent_twice_puts_nobody_on_file_twice(portal: Portal, clinician: ClinicianApi) -> None:
    """B184: by external_id, and without one by name and address."""
    text = csv("Noa Becker,noa@example.com,yes,M-1,,,", "Tom Reed,tom@example.com,,,,,")
    turn(portal, accepted(clinician, text))
    known = names(clinician)
    second = accepted(
        clinician, csv("Renamed,,,M-1,,,", "tom  REED,Tom@example.com,,,,,", "Other,tom@example.com,,,,,")
    )
    turn(portal, second)
    assert answers(clinician, second) == [
        (2, "unchanged", None),
        (3, "unchanged", None),
        (4, "refused", "email_repeated"),
    ]
    assert names(clinician) == known
    assert clinician.get("/imports").document["imports"][0]["finished_at"] is not None


def test_a_request_with_the_same_key_is_one_import(clinician: ClinicianApi) -> None:
    """B184"""
    text = csv("Noa Becker,,,M-1,,,")
    first, second = (send(clinician, text, key="once") for _ in range(2))
    assert first.document == second.document
    assert second.headers["idempotency-replayed"] == "true"
    assert len(clinician.get("/imports").document["imports"]) == 1
    assert send(clinician, csv("Other,,,M-2,,,"), key="once").code == "idempotency_key_reused"
    assert send(clinician, text, key="once", dry_run=True).code == "idempotency_key_reused"


def test_an_interrupted_import_goes_on_where_it_was(
    portal: Portal, clinician: ClinicianApi, monkeypatch: pytest.MonkeyPatch, delays: list[int]
) -> None:
    """B184: the time of the function ends after three rows, a message comes twice, and a write is lost."""
    import_id = accepted(clinician, csv(*(f"Person {number},,,M-{number},,," for number in range(7))))
    left = iter([60_000.0] * 3)
    monkeypatch.setattr(aws, "milliseconds_left", lambda: next(left, 0.0))
    turn(portal, import_id)
    assert counts(clinician, import_id) == {"rows": 7, "created": 3, "waiting": 4}
    assert delays == [0, 0]
    monkeypatch.undo()
    for _ in range(2):
        turn(portal, import_id)
    assert counts(clinician, import_id) == {"rows": 7, "created": 7}
    assert len([name for name in names(clinician) if name.startswith("Person ")]) == 7


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a practice send three invitations in a minute, and four in an hour."""
    few = replace(INVITATIONS_PER_IMPORT, limits=(Limit("import_minute", 3, MINUTE), Limit("import_hour", 4, HOUR)))
    monkeypatch.setattr(limits, "invitations_per_import", lambda _: few)


def people(count: int) -> str:
    """A file of people to invite."""
    return csv(*(f"Person {number},person{number}@example.com,yes,,yes,," for number in range(count)))


def test_a_practice_invites_thirty_people_in_a_minute_and_as_many_in_an_hour_as_it_may_mail() -> None:
    """B185"""
    policies = [limits.invitations_per_import(own) for own in (None, 90)]
    counted = [[(limit.max_count, limit.window_seconds) for limit in policy.limits] for policy in policies]
    assert counted == [[(30, 60), (300, 3600)], [(30, 60), (90, 3600)]]


@pytest.mark.usefixtures("pace")
def test_invitations_keep_the_pace_of_the_practice(portal: Portal, clinician: ClinicianApi, delays: list[int]) -> None:
    """B185: clients who ask for a link, and clinicians, keep their own limits."""
    import_id = accepted(clinician, people(5))
    turn(portal, import_id)
    assert counts(clinician, import_id) == {"rows": 5, "created": 5, "invited": 3, "invitations_waiting": 2}
    assert clinician.get("/imports/{id}", id=import_id).document["status"] == "inviting"
    assert delays == [0, 60]
    clinician.add_client("By Hand", "by.hand@example.com", invite=True)
    portal.now += 59
    turn(portal, import_id)
    assert (counts(clinician, import_id)["invited"], delays[-1]) == (3, 1)
    portal.now += 1
    turn(portal, import_id)
    assert (counts(clinician, import_id)["invited"], delays[-1]) == (4, 3540)
    portal.now += 3540
    turn(portal, import_id)
    assert counts(clinician, import_id) == {"rows": 5, "created": 5, "invited": 5}
    assert portal.deliver() == 6
    assert clinician.get("/imports/{id}", id=import_id).document["status"] == "done"


def test_an_invitation_without_its_letter_is_queued_by_the_next_turn(portal: Portal, clinician: ClinicianApi) -> None:
    import_id = accepted(clinician, csv("Noa Becker,noa@example.com,yes,,yes,,"))
    portal.aws.refuse("SendMessage", "ServiceUnavailable", times=1)
    turn(portal, import_id)
    assert counts(clinician, import_id) == {"rows": 1, "created": 1, "invitations_waiting": 1}
    turn(portal, import_id)
    assert counts(clinician, import_id) == {"rows": 1, "created": 1, "invited": 1}
    assert portal.deliver() == 1


@pytest.mark.usefixtures("pace")
def test_somebody_acts_between_the_row_and_its_invitation(portal: Portal, clinician: ClinicianApi) -> None:
    import_id = accepted(clinician, people(5))
    turn(portal, import_id)
    erased, invited = (clinician.client_with(f"person{number}@example.com") for number in (3, 4))
    clinician.request("DELETE", "/clients/{client}", client=erased)
    assert clinician.post("/clients/{client}/invitations", client=invited).status == 201
    portal.now += 60
    turn(portal, import_id)
    rows = clinician.get("/imports/{id}/rows", id=import_id).document["rows"]
    assert [(row["invitation"], row["code"]) for row in rows[3:]] == [
        ("refused", "erased"), ("refused", "already_invited"),
    ]  # fmt: skip
    assert "person3" not in json.dumps(portal.at_rest()["Imports"])


def test_a_lost_answer_to_a_write_puts_nobody_on_file_twice(portal: Portal, clinician: ClinicianApi) -> None:
    """B184"""
    import_id = accepted(clinician, csv("Tom Reed,tom@example.com,yes,,yes,,", "Noa Becker,,,M-2,,,"))
    portal.aws.repeat("TransactWriteItems")
    turn(portal, import_id)
    assert counts(clinician, import_id) == {"rows": 2, "created": 2, "invited": 1}
    assert len([name for name in names(clinician) if name in {"Tom Reed", "Noa Becker"}]) == 2


def test_an_import_during_an_outage_is_queued_for_later(
    portal: Portal, clinician: ClinicianApi, delays: list[int]
) -> None:
    import_id = accepted(clinician, csv("Tom Reed,,,M-2,,,"))
    portal.aws.refuse("TransactWriteItems", "InternalServerError", times=9)
    turn(portal, import_id)
    assert delays == [0, 30]
    portal.aws.refuse("TransactWriteItems", "InternalServerError", times=0)
    turn(portal, import_id)
    assert counts(clinician, import_id) == {"rows": 1, "created": 1}


def test_an_import_can_be_stopped(portal: Portal, clinician: ClinicianApi) -> None:
    """B186"""
    import_id = accepted(clinician, csv("Noa Becker,noa@example.com,yes,,yes,,", "Tom Reed,,,M-2,,,"))
    assert clinician.request("DELETE", "/imports/{id}", id=import_id).status == 204
    assert clinician.get("/imports/{id}", id=import_id).document["status"] == "stopped"
    turn(portal, import_id)
    assert answers(clinician, import_id) == [(2, "refused", "stopped"), (3, "refused", "stopped")]
    assert "noa@example.com" not in json.dumps(portal.at_rest()["Imports"])
    assert "Tom Reed" not in names(clinician)
    assert portal.deliver() == 0


def test_a_thousand_rows_are_checked_in_few_calls(portal: Portal, clinician: ClinicianApi) -> None:
    """B183: a request has 10 seconds. Ids and accounts are read in batches of 100, and addresses in one query."""
    text = csv(*(f"Person {n},person{n}@example.com,yes,M-{n},yes,," for n in range(MAX_ROWS)))
    before = len(portal.aws.calls)
    checked = send(clinician, text, dry_run=True).document
    assert checked["counts"]["created"] == checked["counts"]["invitations_waiting"] == MAX_ROWS
    assert len(portal.aws.calls) - before < 45


def test_two_files_of_a_practice_are_worked_on_one_after_the_other(
    portal: Portal, clinician: ClinicianApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither has ids, so only the order keeps the person from being there twice."""
    text = csv("Tom Reed,tom@example.com,,,,,")
    first, second = accepted(clinician, text), accepted(clinician, text)
    usual: Callable[..., Any] = import_rows.read_on_file

    def read_meanwhile(*arguments: Any) -> Any:
        monkeypatch.undo()
        assert import_work.work("willow", second, portal.now * 1000).name == "busy"  # type: ignore[arg-type]
        return usual(*arguments)

    monkeypatch.setattr(import_rows, "read_on_file", read_meanwhile)
    turn(portal, first)
    turn(portal, second)
    assert answers(clinician, second) == [(2, "unchanged", None)]


def test_an_import_is_of_its_practice_and_expires(portal: Portal, clinician: ClinicianApi) -> None:
    import_id = accepted(clinician, csv("Tom Reed,,,M-2,,,"))
    harbor = portal.clinician("dr-harbor", "harbor")
    portal.staff("dr-harbor", practice="harbor")
    for method, route in (("GET", "/imports/{id}"), ("GET", "/imports/{id}/rows"), ("DELETE", "/imports/{id}")):
        assert harbor.request(method, route, id=import_id).status == 404
    assert harbor.get("/imports").document["imports"] == []
    portal.now += KEEP_SECONDS
    assert clinician.get("/imports/{id}", id=import_id).status == 404
    turn(portal, import_id)
    assert "Tom Reed" not in names(clinician)


def test_a_practice_has_five_unfinished_imports(portal: Portal, clinician: ClinicianApi) -> None:
    ids = [accepted(clinician, csv(f"Person {number},,,M-{number},,,")) for number in range(MAX_UNFINISHED)]
    assert send(clinician, csv("Sixth,,,M-6,,,")).code == "too_many_imports"
    turn(portal, ids[0])
    accepted(clinician, csv("Sixth,,,M-6,,,"))


def test_a_queue_that_is_down_leaves_nothing(portal: Portal, clinician: ClinicianApi) -> None:
    portal.aws.refuse("SendMessage", "ServiceUnavailable")
    assert send(clinician, csv("Tom Reed,,,M-2,,,")).status == 503
    assert clinician.get("/imports").document["imports"] == []


def test_a_clinician_and_nobody_else_imports(portal: Portal, clinician: ClinicianApi) -> None:
    for api in (portal.clinician("stranger"), portal.clinician("dr-willow", "harbor")):
        assert send(api, csv("Tom,,,M-1,,,")).status in (403, 404)
    assert clinician.get("/clients/import").status == 405
