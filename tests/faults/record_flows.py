"""What clinicians do about who is on file: contacts, what is shared, and what ends for good."""

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
"""Whoever ends something once more hears that it is not there."""


def add_a_contact(scene: Harness) -> FlowStep:
    """Someone new, who is invited."""
    desk, kim = scene.portal.clinician(), invited(scene)
    scene.deliver()

    def add() -> HttpResponse:
        return desk.request("POST", f"/clients/{kim}/contacts", jo(), key="one")

    def has_come(_: HttpResponse) -> None:
        assert [contact["name"] for contact in contacts(desk, kim)] == ["Jo Lee"]
        assert gets_in(scene).get("/willow/session").document["profile"] == kim
        each_row_once(scene, "profile_granted")

    return FlowStep(add, repeating(scene, add, has_come))


def remove_a_contact(scene: Harness) -> FlowStep:
    """Whoever had the profile open is out."""
    desk, kim = scene.portal.clinician(), invited(scene)
    jos, browser = a_contact(scene, desk, kim)

    def remove() -> HttpResponse:
        return desk.request("DELETE", f"/clients/{kim}/contacts/{jos}")

    def is_closed(_: HttpResponse) -> None:
        assert contacts(desk, kim) == []
        assert not browser.is_signed_in()
        one_row(scene, "profile_revoked")

    return FlowStep(remove, repeating(scene, remove, is_closed, done=GONE))


def make_a_pin_for_a_contact(scene: Harness) -> FlowStep:
    """To be read out to them."""
    desk, kim = scene.portal.clinician(), invited(scene)
    jos, _ = a_contact(scene, desk, kim)
    return making_a_pin(scene, f"/clients/{kim}/pin-codes", {"contact": jos}, JO)


def share(scene: Harness) -> FlowStep:
    """With someone who had no access, and is invited by it."""
    desk = scene.portal.clinician()
    kim = str(desk.request("POST", "/clients", new_client()).document["id"])

    def send() -> HttpResponse:
        return desk.request("POST", f"/clients/{kim}/shares", {"items": ["Plan"]}, key="one")

    def is_shared(_: HttpResponse) -> None:
        (client,) = scene.items("Clients")
        assert client["items"]["L"] == [{"S": "Plan"}]
        gets_in(scene)
        each_row_once(scene, "items_shared")

    return FlowStep(send, repeating(scene, send, is_shared))


def share_more(scene: Harness) -> FlowStep:
    """With someone who comes and goes."""
    desk, kim = scene.portal.clinician(), invited(scene)
    gets_in(scene)

    def send() -> HttpResponse:
        return desk.request("POST", f"/clients/{kim}/shares", {"items": ["Form", "Plan"]}, key="one")

    def is_shared(_: HttpResponse) -> None:
        (client,) = scene.items("Clients")
        assert client["items"]["L"] == [{"S": "Form"}, {"S": "Plan"}]
        assert scene.deliver() == []
        each_row_once(scene, "items_shared")

    return FlowStep(send, repeating(scene, send, is_shared))


def erase(scene: Harness) -> FlowStep:
    """Nothing tells who they were, and nobody opens their profile."""
    desk, kim = scene.portal.clinician(), invited(scene)
    own = gets_in(scene)
    _, contacts_own = a_contact(scene, desk, kim)

    def end() -> HttpResponse:
        return desk.request("DELETE", f"/clients/{kim}")

    def is_forgotten(_: HttpResponse) -> None:
        assert desk.request("GET", f"/clients/{kim}").status == 404
        assert not own.is_signed_in()
        assert not contacts_own.is_signed_in()
        rest = str([scene.items(table) for table in ("Clients", "Accounts", "Sessions", "Events")])
        assert [fields for fields in (KIM, JO, "Kim Lee", "Jo Lee") if fields in rest] == []
        one_row(scene, "client_erased")

    return FlowStep(end, repeating(scene, end, is_forgotten, done=GONE))


def sign_out_everywhere(scene: Harness) -> FlowStep:
    """And they may come again."""
    desk, kim = scene.portal.clinician(), invited(scene)
    browser = gets_in(scene)

    def end() -> HttpResponse:
        return desk.request("DELETE", f"/clients/{kim}/sessions")

    def is_out(_: HttpResponse) -> None:
        assert not browser.is_signed_in()
        one_row(scene, "session_ended")
        scene.portal.now += 60
        assert browser.request_link(KIM).status == 303
        gets_in(scene)

    return FlowStep(end, repeating(scene, end, is_out))


def unbind_google(scene: Harness) -> FlowStep:
    """Another Google Account can sign in by the address."""
    desk, kim = scene.portal.clinician(), invited(scene)
    key = key_of(scene.portal, "willow", KIM)
    account = accounts.find(key)
    assert account
    accounts.save(replace(account, identities={"google": "digest"}))

    def unbind() -> HttpResponse:
        return desk.request("DELETE", f"/clients/{kim}/google")

    def is_unbound(_: HttpResponse) -> None:
        found = accounts.find(key)
        assert found
        assert found.identities == {}
        one_row(scene, "google_unbound")

    return FlowStep(unbind, repeating(scene, unbind, is_unbound))


FLOWS: tuple[Flow, ...] = (
    add_a_contact,
    remove_a_contact,
    make_a_pin_for_a_contact,
    share,
    share_more,
    erase,
    sign_out_everywhere,
    unbind_google,
)


def jo() -> dict[str, Any]:
    """What is sent of the contact."""
    return {"name": "Jo Lee", "email": JO, "email_ok": True, "relation": "guardian"}


def a_contact(scene: Harness, desk: ClinicianApi, client: str) -> tuple[str, Browser]:
    """A client's contact who is signed in."""
    scene.deliver()
    answer = desk.request("POST", f"/clients/{client}/contacts", jo())
    assert answer.status == 201, answer.body
    browser = gets_in(scene)
    scene.portal.now += 60
    return str(answer.document["id"]), browser


def contacts(desk: ClinicianApi, client: str) -> list[dict[str, Any]]:
    """Who may open a client's profile."""
    found: list[dict[str, Any]] = desk.request("GET", f"/clients/{client}/contacts").document["contacts"]
    return found


def one_row(scene: Harness, kind: str) -> None:
    """What can be done once is written down once, however often it was asked for."""
    assert len(audit_of(scene, kind)) == 1


def each_row_once(scene: Harness, kind: str) -> None:
    """No request is written down twice, and none is missing."""
    references = [row["reference"]["S"] for row in audit_of(scene, kind)]
    assert references
    assert len(set(references)) == len(references)
