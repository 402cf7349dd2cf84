"""Tests of the search for clients (B160). One query of an index reads the clients of one practice, however many there
are.
"""

from dataclasses import replace
from typing import Any

import pytest

from latchkey import aws
from latchkey.store.client_index import TermItem
from latchkey.store.clients import ClientItem
from tests.api.cloud import MinistackCloud
from tests.kit.aws_faults import AwsFaults
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock


def search(clinician: ClinicianApi, **query: str) -> list[str]:
    """Return the names on all pages of a search."""
    names: list[str] = []
    while True:
        answer = clinician.request("GET", "/clients", query=query)
        assert answer.status == 200, answer.body
        names += [client["name"] for client in answer.document["clients"]]
        if answer.document["next"] is None:
            return names
        query["cursor"] = answer.document["next"]


def add(clinician: ClinicianApi, *names: str) -> list[str]:
    return [clinician.add_client(name) for name in names]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("gom", ["Leo Gomez", "Maria Gómez"]),
        ("GÓM", ["Leo Gomez", "Maria Gómez"]),
        ("maria", ["Maria Gómez", "Maria Marín"]),
        ("mar gom", ["Maria Gómez"]),
        ("mar", ["Maria Gómez", "Maria Marín"]),
        ("aria", []),
        ("maria x", []),
        ("o'brien", ["Pat O'Brien"]),
        ("<script>", []),
        ("李", ["李 雷"]),
        ("#", []),
        ("gom#", ["Leo Gomez", "Maria Gómez"]),
    ],
)
def test_a_name_is_found_by_the_start_of_its_words(clinician: ClinicianApi, text: str, names: list[str]) -> None:
    add(clinician, "Maria Gómez", "Maria Marín", "Leo Gomez", "Pat O'Brien", "李 雷")
    for limit in ("1", "2", "50"):
        assert sorted(search(clinician, q=text, limit=limit)) == names


@pytest.mark.parametrize("text", ["kim@example.com", "KIM@Example.com", "second@example.com", "jo@example.com"])
def test_an_address_of_the_client_or_of_a_contact_finds_them(clinician: ClinicianApi, text: str) -> None:
    add(clinician, "Someone Else")
    kim = clinician.add_client("Kim Lee", "kim@example.com", "second@example.com")
    clinician.post("/clients/{client}/contacts", {"name": "Jo", "email": "jo@example.com"}, client=kim)
    assert search(clinician, q=text) == ["Kim Lee"]


@pytest.mark.parametrize("text", ["kim@", "@example.com", "ki@example.com", "no one@", "a@b@c"])
def test_a_part_of_an_address_finds_nobody(clinician: ClinicianApi, text: str) -> None:
    clinician.add_client("Kim Lee", "kim@example.com")
    assert search(clinician, q=text) == []


def test_former_names_and_addresses_are_not_found(clinician: ClinicianApi) -> None:
    kim = clinician.add_client("Kim Lee", "kim@example.com", external_id="MRN-1")
    clinician.request("PATCH", "/clients/{client}", {"name": "Kim Park", "external_id": None}, client=kim)
    clinician.request("PUT", "/clients/{client}/email", {"email": "new@example.com", "email_ok": True}, client=kim)
    assert search(clinician, q="lee") == search(clinician, q="kim@example.com") == []
    assert search(clinician, external_id="MRN-1") == []
    assert search(clinician, q="park") == search(clinician, q="new@example.com") == ["Kim Park"]


def test_a_client_of_the_version_before_is_found_after_a_change_of_the_name(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    kim = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    for item in cloud.items()["Clients"]:
        if "#" in item["practice"]["S"]:
            TermItem(item["practice"]["S"], item["id"]["S"]).delete()
    ClientItem("willow", kim).update([ClientItem.terms.remove()])
    assert clinician.request("DELETE", "/clients/{client}/portal-access", client=kim).status == 204
    assert search(clinician, q="kim") == []
    clinician.request("PATCH", "/clients/{client}", {"name": "Kim Park"}, client=kim)
    assert search(clinician, q="park") == search(clinician, q="kim@example.com") == ["Kim Park"]


def test_a_contact_who_is_removed_is_found_no_more(clinician: ClinicianApi) -> None:
    kim = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    for name in ("kim", "jo"):
        fields = {"name": name, "email": f"{name}@example.com"}
        contact = clinician.post("/clients/{client}/contacts", fields, client=kim).document["id"]
        clinician.request("DELETE", "/clients/{client}/contacts/{contact}", client=kim, contact=contact)
    assert search(clinician, q="jo@example.com") == []
    assert search(clinician, q="kim@example.com") == ["Kim Lee"]


def test_an_erased_client_leaves_no_term(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    kim = clinician.add_client("Kim Lee", "kim@example.com", external_id="MRN-1")
    assert len(cloud.items()["Clients"]) == 6
    assert clinician.request("DELETE", "/clients/{client}", client=kim).status == 204
    assert cloud.items()["Clients"] == []


def test_an_external_id_is_unique_in_a_practice(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    first = clinician.add_client("Kim Lee", external_id="MRN-1")
    refused = clinician.post("/clients", {"name": "Lee Kim", "external_id": "MRN-1"})
    assert (refused.status, refused.code) == (409, "external_id_in_use")
    other = clinician.add_client("Lee Kim")
    answer = clinician.request("PATCH", "/clients/{client}", {"external_id": "MRN-1"}, client=other)
    assert answer.code == "external_id_in_use"
    harbor = cloud.clinician("dr-harbor", "harbor")
    assert harbor.add_client("Kim Lee", external_id="MRN-1")
    assert clinician.request("DELETE", "/clients/{client}", client=first).status == 204
    answer = clinician.request("PATCH", "/clients/{client}", {"external_id": "MRN-1"}, client=other)
    assert answer.document["external_id"] == "MRN-1"
    assert search(clinician, external_id="MRN-1") == ["Lee Kim"]


def test_the_order_is_by_age_or_by_name(clinician: ClinicianApi) -> None:
    add(clinician, "Zoe", "ana", "Ébert", "Maria")
    for limit in ("1", "3", "50"):
        assert search(clinician, limit=limit) == ["Zoe", "ana", "Ébert", "Maria"]
        assert search(clinician, order="-created", limit=limit) == ["Maria", "Ébert", "ana", "Zoe"]
        assert search(clinician, order="name", limit=limit) == ["ana", "Ébert", "Maria", "Zoe"]


def test_a_status_leaves_out_every_other_client(clinician: ClinicianApi) -> None:
    clinician.add_client("Ana", "ana@example.com", invite={})
    ben = clinician.add_client("Ben", "ben@example.com", invite={})
    clinician.request("DELETE", "/clients/{client}/portal-access", client=ben)
    clinician.add_client("Cy")
    for order in ("created", "name"):
        for status, names in (("none", ["Cy"]), ("invited", ["Ana"]), ("disabled", ["Ben"]), ("active", [])):
            assert search(clinician, status=status, order=order, limit="1") == names


@pytest.mark.parametrize(
    "query",
    [
        {"q": ""},
        {"q": "x" * 255},
        {"status": "asleep"},
        {"order": "random"},
        {"external_id": "a b"},
        {"name": "kim"},
        {"Q": "kim"},
        {"cursor": "x"},
        {"q": "kim", "cursor": "AAAA"},
        {"order": "name", "cursor": "a" * 1001},
    ],
)
def test_a_query_that_cannot_be_is_refused(clinician: ClinicianApi, query: dict[str, str]) -> None:
    answer = clinician.request("GET", "/clients", query=query)
    assert (answer.status, answer.code) == (400, "body_invalid")
    for value in query.values():
        assert not value or len(value) < 4 or value not in answer.body


def test_a_cursor_of_another_practice_or_search_shows_nobody_else(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    add(clinician, "Kim One", "Kim Two")
    harbor = cloud.clinician("dr-harbor", "harbor")
    add(harbor, "Kim Three", "Kim Four", "Zed Five")
    cursor = clinician.request("GET", "/clients", query={"q": "kim", "limit": "1"}).document["next"]
    found = harbor.request("GET", "/clients", query={"q": "kim", "cursor": cursor}).document["clients"]
    assert {client["name"] for client in found} <= {"Kim Three", "Kim Four"}
    found = harbor.request("GET", "/clients", query={"q": "zed", "cursor": cursor}).document["clients"]
    assert [client["name"] for client in found] == ["Zed Five"]
    assert replace(clinician, practice="harbor").request("GET", "/clients", query={"q": "kim"}).status == 404


@pytest.mark.parametrize(
    "query",
    [{"q": "kim"}, {"q": "kim@example.com"}, {"external_id": "MRN-1"}, {"order": "name"}, {"status": "none"}, {}],
)
def test_a_search_takes_the_same_calls_for_3_and_for_30_clients(clinician: ClinicianApi, query: Any) -> None:
    calls = []
    for count in (3, 27):
        for number in range(count):
            clinician.add_client(
                f"Kim {count} {number}", **({"external_id": "MRN-1"} if (count, number) == (3, 0) else {})
            )
        with AwsFaults().listening(aws.client("dynamodb")) as aws_calls:
            assert clinician.request("GET", "/clients", query=query | {"limit": "2"}).status == 200
        calls.append(aws_calls.summary())
    assert calls[0] == calls[1]
    assert not any(call.startswith("Scan") for call in calls[0])
    assert sum(call == "Query Clients" for call in calls[0]) <= 1


class TestEmails:
    """Addresses on file besides the one for sign-in (B159)."""

    def test_an_address_is_added_with_its_own_consent_and_removed(self, clinician: ClinicianApi) -> None:
        kim = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        added = clinician.post("/clients/{client}/emails", {"address": "Home@example.com"}, client=kim)
        assert (added.status, added.document["address"], added.document["email_ok"]) == (201, "Home@example.com", False)
        repeated = {"address": "home@example.com", "email_ok": True}
        assert clinician.post("/clients/{client}/emails", repeated, client=kim).status == 201
        found = clinician.access(kim)
        assert [(it["address"], it["email_ok"]) for it in found["emails"]] == [
            ("kim@example.com", True),
            ("home@example.com", True),
        ]
        assert (found["email"], found["status"]) == ("kim@example.com", "invited")
        for status in (204, 404):
            gone = clinician.request("DELETE", "/clients/{client}/emails/HOME%40example.com", client=kim)
            assert gone.status == status
        assert len(clinician.access(kim)["emails"]) == 1

    def test_an_invitation_chooses_among_them(self, clinician: ClinicianApi) -> None:
        kim = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        clinician.post("/clients/{client}/emails", {"address": "home@example.com", "email_ok": True}, client=kim)
        chosen = clinician.post("/clients/{client}/invitations", {"email": "home@example.com"}, client=kim)
        assert (chosen.status, chosen.document["email"]) == (201, "home@example.com")
        refused = clinician.request("DELETE", "/clients/{client}/emails/home@example.com", client=kim)
        assert (refused.status, refused.code) == (409, "access_address")
        assert clinician.request("DELETE", "/clients/{client}/emails/kim@example.com", client=kim).status == 204

    def test_another_clients_own_address_is_in_use(self, clinician: ClinicianApi) -> None:
        clinician.add_client("Ana", "ana@example.com", invite={})
        kim = clinician.add_client("Kim Lee", "kim@example.com")
        answer = clinician.post("/clients/{client}/emails", {"address": "ana@example.com"}, client=kim)
        assert (answer.status, answer.code) == (409, "email_in_use")

    def test_a_tenth_address_is_added_and_an_eleventh_is_not(self, clinician: ClinicianApi) -> None:
        kim = clinician.add_client("Kim Lee", *(f"kim{number}@example.com" for number in range(9)))
        for name, status in (("ten", 201), ("eleven", 400), ("ten", 201)):
            body = {"address": f"{name}@example.com"}
            assert clinician.post("/clients/{client}/emails", body, client=kim).status == status

    @pytest.mark.parametrize("address", ["nobody", "", "a b@example.com", "<b>@example.com"])
    def test_what_is_no_address_is_refused(self, clinician: ClinicianApi, address: str) -> None:
        kim = clinician.add_client("Kim Lee")
        assert clinician.post("/clients/{client}/emails", {"address": address}, client=kim).code == "email_invalid"

    def test_a_removed_address_that_was_stored_for_an_invitation_is_not_invited(self, clinician: ClinicianApi) -> None:
        kim = clinician.add_client("Kim Lee")
        clinician.request("PUT", "/clients/{client}/email", {"email": "kim@example.com", "email_ok": True}, client=kim)
        assert clinician.request("DELETE", "/clients/{client}/emails/kim@example.com", client=kim).status == 204
        assert clinician.access(kim)["email"] is None
        assert clinician.post("/clients/{client}/invitations", client=kim).code == "email_consent_required"


@pytest.mark.parametrize("path", ["/admin/v1", "/admin/v1/secrets", "/admin/v1/practices/willow/secrets"])
def test_an_unknown_path_is_a_problem_document_for_a_browser_too(cloud: MinistackCloud, path: str) -> None:
    answer = cloud.send("GET", path, {"accept": "text/html"}, b"", "203.0.113.9")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.document["title"] == "Nothing is at this path"


def test_who_needs_attention_is_listed_with_the_reason(clinician: ClinicianApi, clock: Clock) -> None:
    """B165: the reason is part of each client on a page of the list."""
    for number in range(3):
        clinician.add_client(f"Client {number}", f"c{number}@example.com", invite={})
        clock.advance(60)
    add(clinician, "Nobody")
    assert not search(clinician, needs_attention="true")
    clock.advance(3 * 24 * 3600)
    for limit in ("1", "2", "50"):
        assert search(clinician, needs_attention="true", limit=limit) == ["Client 2", "Client 1", "Client 0"]
    answer = clinician.request("GET", "/clients", query={"needs_attention": "true", "status": "invited"})
    assert {entry["attention"] for entry in answer.document["clients"]} == {"not_signed_in"}
    assert not search(clinician, needs_attention="true", status="active")
    plain = clinician.request("GET", "/clients").document["clients"]
    assert {entry["attention"] for entry in plain} == {None}
