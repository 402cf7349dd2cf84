"""What clinicians do about who is on file: contacts, what is shared, and what ends for good."""

from dataclasses import replace
from typing import Any

from latchkey.store import accounts
from tests.faults.client_flows import Flow
from tests.faults.clinician_flows import KIM, audit_of, gets_in, invited, making_a_pin, new_client, repeating
from tests.faults.harness import Act, Desk, Scene
from tests.kit.files import key_of
from tests.kit.portal import Answer, Browser

JO = "jo.lee@example.net"
GONE = "not_found"
"""Whoever ends something once more hears that it is not there."""


def add_a_contact(scene: Scene) -> Act:
    """Someone new, who is invited."""
    desk, kim = scene.desk(), invited(scene)
    scene.deliver()

    def add() -> Answer:
        return desk.ask("POST", f"/clients/{kim}/contacts", jo(), key="one")

    def has_come(_: Answer) -> None:
        assert [contact["name"] for contact in contacts(desk, kim)] == ["Jo Lee"]
        assert gets_in(scene).get("/willow/session").document["profile"] == kim
        each_row_once(scene, "profile_granted")

    return Act(add, repeating(scene, add, has_come))


def remove_a_contact(scene: Scene) -> Act:
    """Whoever had the profile open is out."""
    desk, kim = scene.desk(), invited(scene)
    jos, browser = a_contact(scene, desk, kim)

    def remove() -> Answer:
        return desk.ask("DELETE", f"/clients/{kim}/contacts/{jos}")

    def is_closed(_: Answer) -> None:
        assert contacts(desk, kim) == []
        assert not browser.is_in()
        one_row(scene, "profile_revoked")

    return Act(remove, repeating(scene, remove, is_closed, done=GONE))


def make_a_pin_for_a_contact(scene: Scene) -> Act:
    """To be read out to them."""
    desk, kim = scene.desk(), invited(scene)
    jos, _ = a_contact(scene, desk, kim)
    return making_a_pin(scene, f"/clients/{kim}/pin-codes", {"contact": jos}, JO)


def share(scene: Scene) -> Act:
    """With someone who had no access, and is invited by it."""
    desk = scene.desk()
    kim = str(desk.ask("POST", "/clients", new_client()).document["id"])

    def send() -> Answer:
        return desk.ask("POST", f"/clients/{kim}/shares", {"items": ["Plan"]}, key="one")

    def is_shared(_: Answer) -> None:
        (client,) = scene.items("Clients")
        assert client["items"]["L"] == [{"S": "Plan"}]
        gets_in(scene)
        each_row_once(scene, "items_shared")

    return Act(send, repeating(scene, send, is_shared))


def share_more(scene: Scene) -> Act:
    """With someone who comes and goes."""
    desk, kim = scene.desk(), invited(scene)
    gets_in(scene)

    def send() -> Answer:
        return desk.ask("POST", f"/clients/{kim}/shares", {"items": ["Form", "Plan"]}, key="one")

    def is_shared(_: Answer) -> None:
        (client,) = scene.items("Clients")
        assert client["items"]["L"] == [{"S": "Form"}, {"S": "Plan"}]
        assert scene.deliver() == []
        each_row_once(scene, "items_shared")

    return Act(send, repeating(scene, send, is_shared))


def erase(scene: Scene) -> Act:
    """Nothing tells who they were, and nobody opens their profile."""
    desk, kim = scene.desk(), invited(scene)
    own = gets_in(scene)
    _, contacts_own = a_contact(scene, desk, kim)

    def end() -> Answer:
        return desk.ask("DELETE", f"/clients/{kim}")

    def is_forgotten(_: Answer) -> None:
        assert desk.ask("GET", f"/clients/{kim}").status == 404
        assert not own.is_in()
        assert not contacts_own.is_in()
        rest = str([scene.items(table) for table in ("Clients", "Accounts", "Sessions", "Events")])
        assert [told for told in (KIM, JO, "Kim Lee", "Jo Lee") if told in rest] == []
        one_row(scene, "client_erased")

    return Act(end, repeating(scene, end, is_forgotten, done=GONE))


def sign_out_everywhere(scene: Scene) -> Act:
    """And they may come again."""
    desk, kim = scene.desk(), invited(scene)
    browser = gets_in(scene)

    def end() -> Answer:
        return desk.ask("DELETE", f"/clients/{kim}/sessions")

    def is_out(_: Answer) -> None:
        assert not browser.is_in()
        one_row(scene, "session_ended")
        scene.portal.now += 60
        assert browser.ask(KIM).status == 303
        gets_in(scene)

    return Act(end, repeating(scene, end, is_out))


def unbind_google(scene: Scene) -> Act:
    """Another Google Account can sign in by the address."""
    desk, kim = scene.desk(), invited(scene)
    key = key_of(scene.portal, "willow", KIM)
    account = accounts.find(key)
    assert account
    accounts.save(replace(account, identities={"google": "digest"}))

    def unbind() -> Answer:
        return desk.ask("DELETE", f"/clients/{kim}/google")

    def is_unbound(_: Answer) -> None:
        found = accounts.find(key)
        assert found
        assert found.identities == {}
        one_row(scene, "google_unbound")

    return Act(unbind, repeating(scene, unbind, is_unbound))


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


def a_contact(scene: Scene, desk: Desk, client: str) -> tuple[str, Browser]:
    """A client's contact who is signed in."""
    scene.deliver()
    answer = desk.ask("POST", f"/clients/{client}/contacts", jo())
    assert answer.status == 201, answer.body
    browser = gets_in(scene)
    scene.portal.now += 60
    return str(answer.document["id"]), browser


def contacts(desk: Desk, client: str) -> list[dict[str, Any]]:
    """Who may open a client's profile."""
    found: list[dict[str, Any]] = desk.ask("GET", f"/clients/{client}/contacts").document["contacts"]
    return found


def one_row(scene: Scene, kind: str) -> None:
    """What can be done once is written down once, however often it was asked for."""
    assert len(audit_of(scene, kind)) == 1


def each_row_once(scene: Scene, kind: str) -> None:
    """No request is written down twice, and none is missing."""
    references = [row["reference"]["S"] for row in audit_of(scene, kind)]
    assert references
    assert len(set(references)) == len(references)
