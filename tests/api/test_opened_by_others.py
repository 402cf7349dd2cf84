"""Tests of ending access to a profile that other people open too (B154). A success never leaves them with access."""

import threading
from typing import Any

import pytest

from latchkey.store import clients
from tests.api.cloud import MinistackCloud, link_in
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse

ENDINGS = ("portal-access", "sessions")

every_revocation = pytest.mark.parametrize("what", ENDINGS)


def end(
    clinician: ClinicianApi, client: str, what: str, *, everyone: bool = False, people: list[str] | None = None
) -> HttpResponse:
    return clinician.request(
        "DELETE",
        f"/clients/{{client}}/{what}",
        None if people is None else {"people": people},
        query={"everyone": "true"} if everyone else None,
        client=client,
    )


def open_to(clinician: ClinicianApi, client: str, name: str, email: str, relation: str = "guardian") -> str:
    fields = {"name": name, "email": email, "email_ok": True, "relation": relation}
    answer = clinician.request("POST", "/clients/{client}/contacts", fields, client=client)
    assert answer.status == 201, answer.body
    return str(answer.document["id"])


def close_to(clinician: ClinicianApi, client: str, contact: str) -> None:
    answer = clinician.request("DELETE", "/clients/{client}/contacts/{contact}", client=client, contact=contact)
    assert answer.status == 204, answer.body


def signed_in(clinician: ClinicianApi, cloud: MinistackCloud, client: str, contact: str | None = None) -> Browser:
    """Return a browser that is signed in by PIN."""
    made = clinician.create_pin(client, **({"contact": contact} if contact else {})).document
    browser = cloud.browser()
    assert browser.enter_pin(made["email"], made["pin"]).status == 200
    return browser


def at_rest(cloud: MinistackCloud) -> dict[str, Any]:
    """Return every stored item, except counters of rate limits."""
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


def offered(browser: Browser) -> list[str]:
    """Return the names in the chooser of a browser, or an empty list if it is signed out."""
    answer = browser.get("/willow/session")
    return [profile["name"] for profile in answer.document["profiles"]] if answer.status == 200 else []


@pytest.mark.parametrize("by", ["query", "body"])
@every_revocation
def test_a_profile_is_closed_to_everyone_at_once_and_their_own_profiles_stay(
    clinician: ClinicianApi, cloud: MinistackCloud, what: str, by: str
) -> None:
    """A custody case (B154): one guardian is a client too, and one is not."""
    maria = clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = clinician.add_client("Leo Gomez", kind="minor")
    contacts = [open_to(clinician, leo, name, f"{name.lower()}@example.com") for name in ("Maria", "Jon")]
    of_leo, of_maria = (signed_in(clinician, cloud, leo, contacts[0]) for _ in range(2))
    jon = signed_in(clinician, cloud, leo, contacts[1])
    assert of_leo.post("/willow/profiles", {"profile": leo}).status == 200
    assert of_maria.post("/willow/profiles", {"profile": maria}).status == 200
    clinician.create_pin(leo, contact=contacts[1])

    answer = end(clinician, leo, what, everyone=by == "query", people=contacts if by == "body" else None)

    assert answer.status == 204, answer.body
    assert [browser.get("/willow/session").status for browser in (of_leo, of_maria, jon)] == [401, 200, 401]
    stays = what == "sessions"
    assert offered(of_maria) == (["Maria Gomez", "Leo Gomez"] if stays else ["Maria Gomez"])
    assert clinician.create_pin(leo, contact=contacts[1]).status == (201 if stays else 409)
    assert clinician.access(maria)["status"] == "active"
    kind = "session_ended" if stays else "profile_revoked"
    rows = [row for row in clinician.events(leo) if row["kind"] == kind]
    assert [(row["actor"], row["reason"]) for row in rows] == [("dr-willow", leo)] * 2
    assert [row["reason"] for row in clinician.events(maria) if row["kind"] == kind] == [leo]
    assert end(clinician, leo, what).status == (409 if stays else 204)


@every_revocation
def test_a_client_of_their_own_and_a_partner_both_end(
    clinician: ClinicianApi, cloud: MinistackCloud, what: str
) -> None:
    """A couple has separated."""
    kim = clinician.add_client("Kim & Jo", "kim@example.com", kind="couple", invite={})
    jo = open_to(clinician, kim, "Jo Lee", "jo@example.com", "partner")
    browsers = [signed_in(clinician, cloud, kim), signed_in(clinician, cloud, kim, jo)]
    assert end(clinician, kim, what, everyone=True).status == 204
    assert [browser.get("/willow/session").status for browser in browsers] == [401, 401]


@every_revocation
def test_a_person_whom_the_body_does_not_name_is_still_in_the_way(
    clinician: ClinicianApi, cloud: MinistackCloud, what: str
) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    contacts = [open_to(clinician, leo, name, f"{name.lower()}@example.com") for name in ("Maria", "Jon")]
    browser = signed_in(clinician, cloud, leo, contacts[0])
    refused = end(clinician, leo, what, people=contacts[:1])
    assert (refused.status, refused.code) == (409, "opened_by_others")
    assert [person["contact"] for person in refused.document["people"]] == contacts[1:]
    assert browser.get("/willow/session").status == 200


@every_revocation
def test_a_session_that_was_ended_stays_dead_after_the_profile_is_granted_once_more(
    clinician: ClinicianApi, cloud: MinistackCloud, what: str
) -> None:
    clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = clinician.add_client("Leo Gomez", kind="minor")
    contact = open_to(clinician, leo, "Maria", "maria@example.com")
    browser = signed_in(clinician, cloud, leo, contact)
    assert browser.post("/willow/profiles", {"profile": leo}).status == 200
    assert end(clinician, leo, what, everyone=True).status == 204
    assert open_to(clinician, leo, "Maria", "maria@example.com") == contact
    assert browser.get("/willow/session").status == 401
    other = signed_in(clinician, cloud, leo, contact)
    assert other.post("/willow/profiles", {"profile": leo}).status == 200


def test_a_link_that_was_sent_before_lands_on_what_is_left(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    leo, emma = (clinician.add_client(name, kind="minor") for name in ("Leo Gomez", "Emma Gomez"))
    for child in (leo, emma):
        open_to(clinician, child, "Maria", "maria@example.com")
    link = link_in(cloud.deliver()[0])
    assert end(clinician, leo, "portal-access", everyone=True).status == 204
    browser = cloud.browser()
    assert browser.post(link).status == 200
    assert offered(browser) == ["Emma Gomez"]


def test_a_link_of_a_person_without_another_profile_is_dead(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    open_to(clinician, leo, "Maria", "maria@example.com")
    link = link_in(cloud.deliver()[0])
    assert end(clinician, leo, "portal-access", everyone=True).status == 204
    assert cloud.browser().post(link).status == 410


@pytest.mark.parametrize("query", [{"everyone": "perhaps"}, {"everyone": ""}])
@every_revocation
def test_a_word_that_is_no_yes_ends_nothing(clinician: ClinicianApi, what: str, query: dict[str, str]) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    open_to(clinician, leo, "Maria", "maria@example.com")
    answer = clinician.request("DELETE", f"/clients/{{client}}/{what}", query=query, client=leo)
    assert (answer.status, answer.code) == (400, "body_invalid")


@every_revocation
def test_everyone_who_could_still_open_the_profile_is_named(clinician: ClinicianApi, what: str) -> None:
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
def test_a_contact_who_is_added_at_the_same_moment_is_named(
    clinician: ClinicianApi, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Another clinician adds a contact after the client was read and before the change is written."""
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
