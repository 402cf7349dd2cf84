"""Flows of administrators and operators: members, letters, practices."""

from typing import Any

from latchkey.rules.members import Role
from latchkey.store import members
from tests.faults.client_flows import Flow
from tests.faults.clinician_flows import repeating
from tests.faults.harness import FlowStep, Harness
from tests.faults.record_flows import each_row_once
from tests.kit.http_response import HttpResponse


def admit_a_member(harness: Harness) -> FlowStep:
    """Add a member."""
    head = harness.portal.clinician("head-willow")

    def admit() -> HttpResponse:
        return head.request("PUT", "/members/dr-new", {"role": "clinician"})

    def is_allowed(_: HttpResponse) -> None:
        assert harness.portal.clinician("dr-new").request("GET", "/clients").status == 200
        each_row_once(harness, "member_changed")

    return FlowStep(admit, repeating(harness, admit, is_allowed))


def remove_a_member(harness: Harness) -> FlowStep:
    """Remove a member."""
    head = harness.portal.clinician("head-willow")

    def remove() -> HttpResponse:
        return head.request("DELETE", "/members/dr-willow")

    def is_not_allowed(_: HttpResponse) -> None:
        assert harness.portal.clinician().request("GET", "/clients").status == 404
        each_row_once(harness, "member_changed")

    return FlowStep(remove, repeating(harness, remove, is_not_allowed))


def write_a_letter(harness: Harness) -> FlowStep:
    """Save the wording of one letter."""
    head = harness.portal.clinician("head-willow")
    words = {"greeting": "Dear {name},", "body": "Come in: {link}", "footer": "{practice}"}
    before = head.get("").document

    def write() -> HttpResponse:
        return head.request("PUT", "/letters/sign_in/en", words)

    def is_written(_: HttpResponse) -> None:
        assert head.request("GET", "/letters/sign_in/en").document == words
        assert head.get("").document == before
        each_row_once(harness, "practice_changed")

    return FlowStep(write, repeating(harness, write, is_written))


def found_a_practice(harness: Harness) -> FlowStep:
    """Create a practice."""
    return put(harness, "elm", {"name": "Elm Street Therapy", "phone": "(555) 010-0111"})


def replace_the_settings(harness: Harness) -> FlowStep:
    """Replace all settings. Letters keep their wording."""
    words = {"greeting": "Dear {name},", "body": "", "footer": ""}
    assert harness.portal.clinician("head-willow").request("PUT", "/letters/sign_in/en", words).status == 200
    harness.portal.now += 60
    act = put(harness, "willow", {"name": "Willow Family Therapy", "phone": "(555) 010-0111"})
    as_before = act.recover

    def recover(answer: HttpResponse) -> None:
        as_before(answer)
        assert harness.portal.clinician("head-willow").request("GET", "/letters/sign_in/en").document == words

    act.recover = recover
    return act


def put(harness: Harness, slug: str, settings: dict[str, Any]) -> FlowStep:
    """Send a practice as an operator."""
    members.set_role(slug, "operator", Role.OPERATOR)
    operator = harness.portal.clinician("operator", slug)

    def write() -> HttpResponse:
        return operator.request("PUT", "", settings)

    def is_there(_: HttpResponse) -> None:
        stored = operator.get("").document
        assert stored | settings == stored
        assert stored["welcome"] is None
        each_row_once(harness, "practice_changed")

    return FlowStep(write, repeating(harness, write, is_there))


FLOWS: tuple[Flow, ...] = (
    admit_a_member,
    remove_a_member,
    write_a_letter,
    found_a_practice,
    replace_the_settings,
)
