"""Tests of clients on file."""

import json
from dataclasses import replace
from typing import Any

import pytest

from latchkey.rules.access import AccessChange
from latchkey.rules.accounts import Account, AccountStatus
from latchkey.rules.addresses import canonical
from latchkey.rules.events import Event
from latchkey.rules.times import millis
from latchkey.store import accounts, clients
from tests.api.cloud import MinistackCloud, link_in
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock

EVERYTHING_ON = {"appointments": True, "messages": True, "documents": True, "payments": True}


def test_a_client_is_put_on_file_without_any_sign_in(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    answer = clinician.request("POST", "/clients", {"name": "Kim Lee", "emails": [{"address": "Kim@Example.com"}]})
    assert answer.status == 201
    body = answer.document
    assert (body["name"], body["kind"], body["language"], body["features"]) == (
        "Kim Lee",
        "individual",
        "en",
        EVERYTHING_ON,
    )
    assert body["emails"][0]["address"] == "Kim@example.com"
    assert body["emails"][0]["email_ok"] is False
    assert body["portal_access"]["status"] == "none"
    assert body["portal_access"]["banner"] is None
    assert clinician.request("GET", "/clients/{client}", client=body["id"]).document == body
    assert cloud.take_jobs() == []
    assert cloud.items()["Accounts"] == []


def test_a_client_is_invited_while_being_put_on_file(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    emails = [{"address": "old@example.com", "email_ok": False}, {"address": "sofia@example.com", "email_ok": True}]
    answer = clinician.request(
        "POST", "/clients", {"name": "Sofía Marín", "language": "es", "emails": emails, "invite": {"items": ["Plan"]}}
    )
    assert answer.document["portal_access"]["email"] == "sofia@example.com"
    assert answer.document["portal_access"]["email_status"] == "queued"
    (letter,) = cloud.deliver()
    assert letter.to == "sofia@example.com"
    assert dict(letter.headers)["Content-Language"] == "es"
    assert "Plan" in letter.text
    assert clinician.access(answer.document["id"])["email_status"] == "sent"


@pytest.mark.parametrize(
    ("emails", "invite"),
    [
        ([], {}),
        ([{"address": "kim@example.com", "email_ok": False}], {}),
        ([{"address": "kim@example.com", "email_ok": False}], {"email": "kim@example.com"}),
        ([{"address": "kim@example.com", "email_ok": True}], {"email": "typed@example.com"}),
    ],
)
def test_without_consent_nobody_is_invited_nor_put_on_file(
    clinician: ClinicianApi, cloud: MinistackCloud, emails: list[Any], invite: dict[str, Any]
) -> None:
    answer = clinician.request("POST", "/clients", {"name": "Kim Lee", "emails": emails, "invite": invite})
    assert (answer.status, answer.code) == (422, "email_consent_required")
    assert clinician.request("GET", "/clients").document == {"clients": [], "next": None}
    assert cloud.take_jobs() == []


@pytest.mark.parametrize(
    "address", ["", "kim", "kim@", "kim@ex ample.com", "kim@example.com\r\nBcc: x@y.com", "x" * 300]
)
def test_what_is_no_address_is_reported(clinician: ClinicianApi, address: str) -> None:
    answer = clinician.request("POST", "/clients", {"name": "Kim", "emails": [{"address": address, "email_ok": True}]})
    assert (answer.status, answer.code) == (422, "email_invalid")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Kim\nLee"},
        {"name": "Kim\x00"},
        {"name": "x" * 201},
        {"name": {"first": "Kim"}},
        {"kind": "dog"},
        {"language": "de"},
        {"emails": {"address": "a@b.com"}},
        {"emails": [{"address": "kim@example.com", "email_ok": "yes"}]},
        {"emails": [{"address": "kim@example.com"}, {"address": "KIM@example.com"}]},
        {"emails": [{"address": f"kim{n}@example.com"} for n in range(11)]},
        {"emails": [None]},
        {"invite": {"subject": "Hello\r\nBcc: all@example.com"}},
        {"invite": {"subject": "x" * 151}},
        {"invite": {"message": "x" * 2001}},
        {"invite": {"items": ["a\nb"]}},
        {"invite": {"items": ["x"] * 51}},
        {"invite": {"resend": True}},
        {"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
        {"practice": "harbor"},
        {"access": "x"},
        {"revision": 0},
    ],
)
def test_what_makes_no_sense_is_refused(clinician: ClinicianApi, wrong: dict[str, Any]) -> None:
    answer = clinician.request("POST", "/clients", {"name": "Kim Lee"} | wrong)
    assert (answer.status, answer.code) == (400, "body_invalid")
    assert clinician.request("GET", "/clients").document["clients"] == []


@pytest.mark.parametrize(
    "raw",
    [
        "{",
        "[]",
        "null",
        '"name"',
        '[{"name": "Kim Lee"}]',
        '{"name": "Kim", "name": "Lee"}',
        '{"name": "\\ud800"}',
        '{"name": "Kim", "kind": NaN}',
        "[" * 30_000,
        '{"name":' * 3_000,
        '{"name": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}}',
        '{"name": ' + "1" * 5_000 + "}",
    ],
)
def test_what_is_no_document_is_refused(clinician: ClinicianApi, raw: str) -> None:
    answer = clinician.request("POST", "/clients", raw=raw.encode())
    assert (answer.status, answer.code) == (400, "body_invalid")
    assert answer.document["errors"]


def test_nobody_sends_that_much(clinician: ClinicianApi) -> None:
    for raw in (json.dumps({"name": "x" * 32_768}), "x" * 10_000_000):
        answer = clinician.request("POST", "/clients", raw=raw.encode())
        assert (answer.status, answer.code) == (413, "body_too_large")


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_a_form_is_no_document(clinician: ClinicianApi, media: str) -> None:
    answer = clinician.request("POST", "/clients", raw=b"name=Kim", headers={"content-type": media})
    assert (answer.status, answer.code) == (400, "body_invalid")


def test_clients_are_listed_by_pages(clinician: ClinicianApi, clock: Clock) -> None:
    names = [f"Client {number}" for number in range(5)]
    for name in names:
        clock.advance(1)
        clinician.add_client(name)
    first = clinician.request("GET", "/clients", query={"limit": "2"}).document
    second = clinician.request("GET", "/clients", query={"limit": "2", "cursor": first["next"]}).document
    third = clinician.request("GET", "/clients", query={"limit": "2", "cursor": second["next"]}).document
    assert [c["name"] for page in (first, second, third) for c in page["clients"]] == names
    assert third["next"] is None


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"cursor": "x"}, {"cursor": "é"}, {"cursor": "x" * 99}]
)
def test_a_page_that_cannot_be_is_refused(clinician: ClinicianApi, query: dict[str, str]) -> None:
    assert clinician.request("GET", "/clients", query=query).code == "body_invalid"


def test_a_change_is_seen_by_an_open_session_at_once(clinician: ClinicianApi, browser: Browser) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite=True)
    browser.enter_pin("kim@example.com", clinician.pin(client))
    changed = clinician.request(
        "PATCH",
        "/clients/{client}",
        {"name": "Kim Lee-Park", "language": "es", "features": {"payments": False}},
        client=client,
    )
    assert changed.status == 200
    assert (changed.document["name"], changed.document["language"]) == ("Kim Lee-Park", "es")
    session = browser.get("/willow/session").document
    assert session["profiles"][0]["name"] == "Kim Lee-Park"
    assert session["features"] == EVERYTHING_ON | {"payments": False}


def test_mail_comes_in_the_language_that_was_changed_to(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite=True)
    clinician.request("PATCH", "/clients/{client}", {"language": "es"}, client=client)
    (letter,) = cloud.deliver()
    assert dict(letter.headers)["Content-Language"] == "es"


def test_a_practices_switch_is_over_a_clients(clinician: ClinicianApi, admin: ClinicianApi, browser: Browser) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite=True)
    browser.enter_pin("kim@example.com", clinician.pin(client))
    admin.request("PATCH", "", {"features": {"messages": False}})
    assert browser.get("/willow/session").document["features"] == EVERYTHING_ON | {"messages": False}


@pytest.mark.parametrize(
    "wrong",
    [
        {"epoch": 0},
        {"status": "active"},
        {"google_sub": "x"},
        {"practice_id": "P2"},
        {"owner": "x"},
        {"emails": []},
        {"access": None},
        {"name": None},
        {"language": None},
        {"features": {"payments": None}},
    ],
)
def test_nothing_but_what_is_named_can_be_changed(
    clinician: ClinicianApi, cloud: MinistackCloud, wrong: dict[str, Any]
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite=True)
    before = cloud.items()
    answer = clinician.request("PATCH", "/clients/{client}", wrong, client=client)
    assert (answer.status, answer.code) == (400, "body_invalid")
    assert cloud.items() == before


def test_an_erased_client_is_gone_with_their_sign_in(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite=True)
    browser.enter_pin("kim@example.com", clinician.pin(client))
    assert clinician.request("DELETE", "/clients/{client}", client=client).status == 204
    assert browser.get("/willow/session").status == 401
    assert clinician.request("GET", "/clients/{client}", client=client).status == 404
    assert clinician.request("DELETE", "/clients/{client}", client=client).status == 404
    rest = {table: rows for table, rows in cloud.items().items() if table != "Replays"}
    assert "kim@example.com" not in json.dumps(rest, default=str)
    assert "Kim Lee" not in json.dumps(rest, default=str)


def test_a_client_who_had_very_many_addresses_is_erased_with_all_of_them(
    clinician: ClinicianApi, cloud: MinistackCloud, clock: Clock
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    former = [accounts.key_of("willow", canonical(f"kim{n}@example.com")) for n in range(120)]
    for n, key in enumerate(former):
        accounts.save(Account(key, f"{n}", "willow", f"kim{n}@example.com", "Kim Lee", status=AccountStatus.DISABLED))
    clients.apply(
        clients.find("willow", client),
        lambda it, _: AccessChange(replace(it, former_keys=tuple(former))),
        set(),
        lambda row, kind: Event("willow", row, kind, millis(clock.now)),
    )
    assert clinician.request("DELETE", "/clients/{client}", client=client).status == 204
    assert [account["address"]["S"] for account in cloud.items()["Accounts"]] == [""] * 121
    assert cloud.items()["Clients"] == []


def test_an_address_of_an_erased_client_begins_anew_and_revives_nothing(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite=True)
    (letter,) = cloud.deliver()
    pin = clinician.pin(client)
    clinician.request("DELETE", "/clients/{client}", client=client)
    repeated = clinician.add_client("Kim Park", "kim@example.com", invite=True)
    assert clinician.access(repeated)["status"] == "invited"
    assert browser.post(link_in(letter)).code == "link_expired"
    assert browser.enter_pin("kim@example.com", pin).code == "pin_refused"


def test_a_queue_that_does_not_answer_leaves_nobody_half_on_file(
    clinician: ClinicianApi, cloud: MinistackCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"name": "Kim", "emails": [{"address": "kim@example.com", "email_ok": True}], "invite": {}}
    with monkeypatch.context() as broken:
        cloud.break_queue(broken)
        answer = clinician.request("POST", "/clients", body, headers={"idempotency-key": "one"})
        assert (answer.status, answer.code) == (503, "unavailable")
        assert answer.headers["retry-after"]
    assert clinician.request("GET", "/clients").document["clients"] == []
    repeated = clinician.request("POST", "/clients", body, headers={"idempotency-key": "one"})
    assert repeated.status == 201
    assert len(cloud.take_jobs()) == 1
