"""Ending the sign-in of a profile that other people open too (B154): never a yes that leaves them in."""

import threading
from typing import Any

import pytest

from latchkey.store import clients
from tests.api.cloud import MinistackCloud
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse

ENDINGS = ("portal-access", "sessions")

every_revocation = pytest.mark.parametrize("what", ENDINGS)


def end(clinician: ClinicianApi, client: str, what: str) -> HttpResponse:
    return clinician.request("DELETE", f"/clients/{{client}}/{what}", client=client)


def open_to(clinician: ClinicianApi, client: str, name: str, email: str, relation: str = "guardian") -> str:
    fields = {"name": name, "email": email, "email_ok": True, "relation": relation}
    answer = clinician.request("POST", "/clients/{client}/contacts", fields, client=client)
    assert answer.status == 201, answer.body
    return str(answer.document["id"])


def close_to(clinician: ClinicianApi, client: str, contact: str) -> None:
    answer = clinician.request("DELETE", "/clients/{client}/contacts/{contact}", client=client, contact=contact)
    assert answer.status == 204, answer.body


def signed_in(clinician: ClinicianApi, cloud: MinistackCloud, client: str, contact: str | None = None) -> Browser:
    """The browser of someone who came in by PIN."""
    made = clinician.create_pin(client, **({"contact": contact} if contact else {})).document
    browser = cloud.browser()
    assert browser.enter_pin(made["email"], made["pin"]).status == 200
    return browser


def at_rest(cloud: MinistackCloud) -> dict[str, Any]:
    """Everything in the tables but for limits."""
    return {table: items for table, items in cloud.items().items() if table != "Budgets"}


@every_revocation
def test_a_childs_profile_that_a_guardian_opens_is_refused_with_who_they_are(
    clinician: ClinicianApi, cloud: MinistackCloud, what: str
) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    maria = open_to(clinician, leo, "Maria Gomez", "maria@example.com")
    browser = signed_in(clinician, cloud, leo, maria)
    before = at_rest(cloud)

    refused = end(clinician, leo, what)

    assert (refused.status, refused.code) == (409, "opened_by_others")
    person = {"contact": maria, "name": "Maria Gomez", "email": "maria@example.com", "relation": "guardian"}
    assert refused.document["people"] == [person]
    assert at_rest(cloud) == before
    assert browser.get("/willow/session").status == 200


@every_revocation
def test_a_client_with_a_sign_in_of_their_own_stays_signed_in_while_a_partner_would(
    clinician: ClinicianApi, cloud: MinistackCloud, what: str
) -> None:
    kim = clinician.add_client("Kim Lee", "kim@example.com", kind="couple", invite={})
    jo = open_to(clinician, kim, "Jo Lee", "jo@example.com", "partner")
    browsers = [signed_in(clinician, cloud, kim), signed_in(clinician, cloud, kim, jo)]

    refused = end(clinician, kim, what)

    assert refused.code == "opened_by_others"
    assert [person["contact"] for person in refused.document["people"]] == [jo]
    assert [browser.get("/willow/session").status for browser in browsers] == [200, 200]
    assert clinician.access(kim)["status"] == "active"


@every_revocation
def test_closing_the_profile_to_everyone_else_first_makes_it_a_yes(
    clinician: ClinicianApi, cloud: MinistackCloud, what: str
) -> None:
    kim = clinician.add_client("Kim Lee", "kim@example.com", kind="couple", invite={})
    others = {name: open_to(clinician, kim, name.title(), f"{name}@example.com") for name in ("jo", "lee")}
    browsers = [signed_in(clinician, cloud, kim, contact) for contact in (None, *others.values())]
    for name, left in (("jo", [others["lee"]]), ("lee", [])):
        close_to(clinician, kim, others[name])
        refused = end(clinician, kim, what)
        assert (refused.status == 204) is (left == [])
        if left:
            assert [person["contact"] for person in refused.document["people"]] == left

    assert [browser.get("/willow/session").status for browser in browsers] == [401, 401, 401]
    assert clinician.access(kim)["status"] == ("disabled" if what == "portal-access" else "active")


@every_revocation
def test_everyone_who_still_would_is_named(clinician: ClinicianApi, what: str) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    contacts = [open_to(clinician, leo, name.title(), f"{name}@example.com") for name in ("maria", "jon", "rosa")]
    assert [person["contact"] for person in end(clinician, leo, what).document["people"]] == contacts


@every_revocation
def test_a_contact_without_own_access_does_not_stand_in_the_way(clinician: ClinicianApi, what: str) -> None:
    maria = clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = clinician.add_client("Leo Gomez", "leo@example.com", kind="minor", invite={})
    open_to(clinician, leo, "Maria", "maria@example.com")
    assert end(clinician, leo, what).status == 409
    assert end(clinician, maria, "portal-access").status == 204
    assert end(clinician, leo, what).status == 204


@every_revocation
def test_a_client_who_is_a_contact_of_their_own_profile_is_nobody_else(
    clinician: ClinicianApi, cloud: MinistackCloud, what: str
) -> None:
    kim = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    open_to(clinician, kim, "Kim", "kim@example.com", "self")
    browser = signed_in(clinician, cloud, kim)
    assert end(clinician, kim, what).status == 204
    assert browser.get("/willow/session").status == 401


@every_revocation
def test_a_guardians_own_sign_in_ends_although_they_open_a_childs_profile(clinician: ClinicianApi, what: str) -> None:
    maria = clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = clinician.add_client("Leo Gomez", kind="minor")
    open_to(clinician, leo, "Maria", "maria@example.com")
    assert end(clinician, maria, what).status == 204


def test_unbinding_google_where_only_others_sign_in_is_refused(clinician: ClinicianApi) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    maria = open_to(clinician, leo, "Maria Gomez", "maria@gmail.com")
    refused = end(clinician, leo, "google")
    assert refused.code == "opened_by_others"
    assert [person["contact"] for person in refused.document["people"]] == [maria]
    close_to(clinician, leo, maria)
    assert end(clinician, leo, "google").status == 204


def test_unbinding_a_clients_own_google_account_concerns_nobody_else(clinician: ClinicianApi) -> None:
    kim = clinician.add_client("Kim Lee", "kim@gmail.com", kind="couple", invite={})
    open_to(clinician, kim, "Jo Lee", "jo@gmail.com", "partner")
    assert [end(clinician, kim, "google").status for _ in range(2)] == [204, 204]


def test_erasing_a_child_ends_it_for_everyone_who_opens_the_profile(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    browser = signed_in(clinician, cloud, leo, open_to(clinician, leo, "Maria Gomez", "maria@example.com"))
    assert clinician.request("DELETE", "/clients/{client}", client=leo).status == 204
    assert browser.get("/willow/session").status == 401


@every_revocation
def test_a_contact_who_is_added_at_the_same_moment_is_not_passed_over(
    clinician: ClinicianApi, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The client was read without a contact; another clinician adds one before the change is written."""
    kim = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    read = clients.find
    added: list[str] = []

    def reads_too_early(practice: str, client: str) -> Any:
        found = read(practice, client)
        if not added:
            added.append("")
            other = threading.Thread(target=lambda: added.append(open_to(clinician, kim, "Jo", "jo@example.com")))
            other.start()
            other.join()
        return found

    monkeypatch.setattr(clients, "find", reads_too_early)
    refused = end(clinician, kim, what)
    assert refused.code == "opened_by_others"
    assert [person["contact"] for person in refused.document["people"]] == added[1:]
    assert clinician.access(kim)["status"] == "invited"
