"""Flows of clinicians on client records: contacts, shared items, erasure."""

from dataclasses import replace
from typing import Any

from latchkey.store import accounts
from tests.faults.client_flows import Flow
from tests.faults.clinician_flows import KIM, audit_of, gets_in, invited, making_a_pin, new_client, repeating
from tests.faults.harness import FlowStep, Harness
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse
from tests.kit.seed import key_of

JO = "jo.lee@example.net"
GONE = "not_found"
"""The problem code of a second removal."""


def add_a_contact(harness: Harness) -> FlowStep:
    """Add a contact, who is invited."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    harness.deliver()

    def add() -> HttpResponse:
        return clinician.request("POST", f"/clients/{kim}/contacts", jo(), key="one")

    def has_come(_: HttpResponse) -> None:
        assert [contact["name"] for contact in contacts(clinician, kim)] == ["Jo Lee"]
        assert gets_in(harness).get("/willow/session").document["profile"] == kim
        each_row_once(harness, "profile_granted")

    return FlowStep(add, repeating(harness, add, has_come))


def remove_a_contact(harness: Harness) -> FlowStep:
    """Remove a contact who has the profile open."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    jos, browser = a_contact(harness, clinician, kim)

    def remove() -> HttpResponse:
        return clinician.request("DELETE", f"/clients/{kim}/contacts/{jos}")

    def is_closed(_: HttpResponse) -> None:
        assert contacts(clinician, kim) == []
        assert not browser.is_signed_in()
        one_row(harness, "profile_revoked")

    return FlowStep(remove, repeating(harness, remove, is_closed, done=GONE))


def close_to_everyone(harness: Harness) -> FlowStep:
    """Disable a client together with a contact who has the profile open."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    _, browser = a_contact(harness, clinician, kim)

    def end() -> HttpResponse:
        return clinician.request("DELETE", f"/clients/{kim}/portal-access", query={"everyone": "true"})

    def is_closed(_: HttpResponse) -> None:
        assert [contact["status"] for contact in contacts(clinician, kim)] == ["disabled"]
        assert not browser.is_signed_in()
        one_row(harness, "profile_revoked")

    return FlowStep(end, repeating(harness, end, is_closed))


def make_a_pin_for_a_contact(harness: Harness) -> FlowStep:
    """Create a PIN for a contact."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    jos, _ = a_contact(harness, clinician, kim)
    return making_a_pin(harness, f"/clients/{kim}/pin-codes", {"contact": jos}, JO)


def share(harness: Harness) -> FlowStep:
    """Share items with a client without access, who is invited."""
    clinician = harness.portal.clinician()
    kim = str(clinician.request("POST", "/clients", new_client()).document["id"])

    def send() -> HttpResponse:
        return clinician.request("POST", f"/clients/{kim}/shares", {"items": ["Plan"]}, key="one")

    def is_shared(_: HttpResponse) -> None:
        (client,) = [item for item in harness.items("Clients") if "#" not in item["practice"]["S"]]
        assert client["items"]["L"] == [{"S": "Plan"}]
        gets_in(harness)
        each_row_once(harness, "items_shared")

    return FlowStep(send, repeating(harness, send, is_shared))


def share_more(harness: Harness) -> FlowStep:
    """Share items with a client who signs in."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    gets_in(harness)

    def send() -> HttpResponse:
        return clinician.request("POST", f"/clients/{kim}/shares", {"items": ["Form", "Plan"]}, key="one")

    def is_shared(_: HttpResponse) -> None:
        (client,) = [item for item in harness.items("Clients") if "#" not in item["practice"]["S"]]
        assert client["items"]["L"] == [{"S": "Form"}, {"S": "Plan"}]
        assert harness.deliver() == []
        each_row_once(harness, "items_shared")

    return FlowStep(send, repeating(harness, send, is_shared))


def erase(harness: Harness) -> FlowStep:
    """Erase a client. Nobody opens their profile, and nothing stored identifies them."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    own = gets_in(harness)
    _, contacts_own = a_contact(harness, clinician, kim)

    def end() -> HttpResponse:
        return clinician.request("DELETE", f"/clients/{kim}")

    def is_forgotten(_: HttpResponse) -> None:
        assert clinician.request("GET", f"/clients/{kim}").status == 404
        assert not own.is_signed_in()
        assert not contacts_own.is_signed_in()
        rest = str([harness.items(table) for table in ("Clients", "Accounts", "Links", "Events")])
        assert [fields for fields in (KIM, JO, "Kim Lee", "Jo Lee") if fields in rest] == []
        one_row(harness, "client_erased")

    return FlowStep(end, repeating(harness, end, is_forgotten, done=GONE))


def sign_out_everywhere(harness: Harness) -> FlowStep:
    """Sign a client out everywhere. They can sign in again."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    browser = gets_in(harness)

    def end() -> HttpResponse:
        return clinician.request("DELETE", f"/clients/{kim}/sessions")

    def is_out(_: HttpResponse) -> None:
        assert not browser.is_signed_in()
        one_row(harness, "session_ended")
        harness.portal.now += 60
        assert browser.request_link(KIM).status == 303
        gets_in(harness)

    return FlowStep(end, repeating(harness, end, is_out))


def unbind_google(harness: Harness) -> FlowStep:
    """Unlink an identity. Another Google Account can then sign in."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    key = key_of(harness.portal, "willow", KIM)
    account = accounts.find(key)
    assert account
    accounts.save(replace(account, identities={"google": "digest"}))

    def unbind() -> HttpResponse:
        return clinician.request("DELETE", f"/clients/{kim}/google")

    def is_unbound(_: HttpResponse) -> None:
        found = accounts.find(key)
        assert found
        assert found.identities == {}
        one_row(harness, "google_unbound")

    return FlowStep(unbind, repeating(harness, unbind, is_unbound))


FLOWS: tuple[Flow, ...] = (
    add_a_contact,
    remove_a_contact,
    close_to_everyone,
    make_a_pin_for_a_contact,
    share,
    share_more,
    erase,
    sign_out_everywhere,
    unbind_google,
)


def jo() -> dict[str, Any]:
    """Return the body of a new contact."""
    return {"name": "Jo Lee", "email": JO, "email_ok": True, "relation": "guardian"}


def a_contact(harness: Harness, clinician: ClinicianApi, client: str) -> tuple[str, Browser]:
    """Add a contact who signs in, and return their id and browser."""
    harness.deliver()
    answer = clinician.request("POST", f"/clients/{client}/contacts", jo())
    assert answer.status == 201, answer.body
    browser = gets_in(harness)
    harness.portal.now += 60
    return str(answer.document["id"]), browser


def contacts(clinician: ClinicianApi, client: str) -> list[dict[str, Any]]:
    """Return the contacts of a client from the API."""
    found: list[dict[str, Any]] = clinician.request("GET", f"/clients/{client}/contacts").document["contacts"]
    return found


def one_row(harness: Harness, kind: str) -> None:
    """Fail unless a change is audited once, however often it was requested."""
    assert len(audit_of(harness, kind)) == 1


def each_row_once(harness: Harness, kind: str) -> None:
    """Fail unless each request is audited once."""
    references = [row["reference"]["S"] for row in audit_of(harness, kind)]
    assert references
    assert len(set(references)) == len(references)
