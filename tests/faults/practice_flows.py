"""What is done about a practice itself: who works there, its settings, its words."""

from typing import Any

from latchkey.rules.members import Role
from latchkey.store import members
from tests.faults.client_flows import Flow
from tests.faults.clinician_flows import repeating
from tests.faults.harness import FlowStep, Harness
from tests.faults.record_flows import each_row_once
from tests.kit.http_response import HttpResponse


def admit_a_member(scene: Harness) -> FlowStep:
    """They may act from then on."""
    head = scene.portal.clinician("head-willow")

    def admit() -> HttpResponse:
        return head.request("PUT", "/members/dr-new", {"role": "clinician"})

    def is_allowed(_: HttpResponse) -> None:
        assert scene.portal.clinician("dr-new").request("GET", "/clients").status == 200
        each_row_once(scene, "member_changed")

    return FlowStep(admit, repeating(scene, admit, is_allowed))


def remove_a_member(scene: Harness) -> FlowStep:
    """They may act no more."""
    head = scene.portal.clinician("head-willow")

    def remove() -> HttpResponse:
        return head.request("DELETE", "/members/dr-willow")

    def is_not_allowed(_: HttpResponse) -> None:
        assert scene.portal.clinician().request("GET", "/clients").status == 404
        each_row_once(scene, "member_changed")

    return FlowStep(remove, repeating(scene, remove, is_not_allowed))


def write_a_letter(scene: Harness) -> FlowStep:
    """In the practice's own words, and all else stays."""
    head = scene.portal.clinician("head-willow")
    words = {"greeting": "Dear {name},", "body": "Come in: {link}", "footer": "{practice}"}
    before = head.get("").document

    def write() -> HttpResponse:
        return head.request("PUT", "/letters/sign_in/en", words)

    def is_written(_: HttpResponse) -> None:
        assert head.request("GET", "/letters/sign_in/en").document == words
        assert head.get("").document == before
        each_row_once(scene, "practice_changed")

    return FlowStep(write, repeating(scene, write, is_written))


def found_a_practice(scene: Harness) -> FlowStep:
    """One that was not there."""
    return put(scene, "elm", {"name": "Elm Street Therapy", "phone": "(555) 010-0111"})


def replace_the_settings(scene: Harness) -> FlowStep:
    """All of them; the letters stay."""
    words = {"greeting": "Dear {name},", "body": "", "footer": ""}
    assert scene.portal.clinician("head-willow").request("PUT", "/letters/sign_in/en", words).status == 200
    scene.portal.now += 60
    act = put(scene, "willow", {"name": "Willow Family Therapy", "phone": "(555) 010-0111"})
    as_before = act.go_on

    def go_on(answer: HttpResponse) -> None:
        as_before(answer)
        assert scene.portal.clinician("head-willow").request("GET", "/letters/sign_in/en").document == words

    act.go_on = go_on
    return act


def put(scene: Harness, slug: str, settings: dict[str, Any]) -> FlowStep:
    """An operator puts a practice."""
    members.set_role(slug, "operator", Role.OPERATOR)
    operator = scene.portal.clinician("operator", slug)

    def write() -> HttpResponse:
        return operator.request("PUT", "", settings)

    def is_there(_: HttpResponse) -> None:
        stored = operator.get("").document
        assert stored | settings == stored
        assert stored["welcome"] is None
        each_row_once(scene, "practice_changed")

    return FlowStep(write, repeating(scene, write, is_there))


FLOWS: tuple[Flow, ...] = (
    admit_a_member,
    remove_a_member,
    write_a_letter,
    found_a_practice,
    replace_the_settings,
)
