"""What is done about a practice itself: who works there, its settings, its words."""

from typing import Any

from latchkey.rules.members import Role
from latchkey.store import members
from tests.faults.client_flows import Flow
from tests.faults.clinician_flows import repeating
from tests.faults.harness import Act, Scene
from tests.faults.record_flows import each_row_once
from tests.kit.portal import Answer


def admit_a_member(scene: Scene) -> Act:
    """They may act from then on."""
    head = scene.desk("head-willow")

    def admit() -> Answer:
        return head.ask("PUT", "/members/dr-new", {"role": "clinician"})

    def may_act(_: Answer) -> None:
        assert scene.desk("dr-new").ask("GET", "/clients").status == 200
        each_row_once(scene, "member_changed")

    return Act(admit, repeating(scene, admit, may_act))


def remove_a_member(scene: Scene) -> Act:
    """They may act no more."""
    head = scene.desk("head-willow")

    def remove() -> Answer:
        return head.ask("DELETE", "/members/dr-willow")

    def may_not_act(_: Answer) -> None:
        assert scene.desk().ask("GET", "/clients").status == 404
        each_row_once(scene, "member_changed")

    return Act(remove, repeating(scene, remove, may_not_act))


def write_a_letter(scene: Scene) -> Act:
    """In the practice's own words, and all else stays."""
    head = scene.desk("head-willow")
    words = {"greeting": "Dear {name},", "body": "Come in: {link}", "footer": "{practice}"}
    before = head.ask("GET").document

    def write() -> Answer:
        return head.ask("PUT", "/letters/sign_in/en", words)

    def is_written(_: Answer) -> None:
        assert head.ask("GET", "/letters/sign_in/en").document == words
        assert head.ask("GET").document == before
        each_row_once(scene, "practice_changed")

    return Act(write, repeating(scene, write, is_written))


def found_a_practice(scene: Scene) -> Act:
    """One that was not there."""
    return put(scene, "elm", {"name": "Elm Street Therapy", "phone": "(555) 010-0111"})


def replace_the_settings(scene: Scene) -> Act:
    """All of them; the letters stay."""
    words = {"greeting": "Dear {name},", "body": "", "footer": ""}
    assert scene.desk("head-willow").ask("PUT", "/letters/sign_in/en", words).status == 200
    scene.portal.now += 60
    act = put(scene, "willow", {"name": "Willow Family Therapy", "phone": "(555) 010-0111"})
    as_before = act.go_on

    def go_on(answer: Answer) -> None:
        as_before(answer)
        assert scene.desk("head-willow").ask("GET", "/letters/sign_in/en").document == words

    act.go_on = go_on
    return act


def put(scene: Scene, slug: str, settings: dict[str, Any]) -> Act:
    """An operator puts a practice."""
    members.set_role(slug, "operator", Role.OPERATOR)
    operator = scene.desk("operator", slug)

    def write() -> Answer:
        return operator.ask("PUT", "", settings)

    def is_there(_: Answer) -> None:
        kept = operator.ask("GET").document
        assert kept | settings == kept
        assert kept["welcome"] is None
        each_row_once(scene, "practice_changed")

    return Act(write, repeating(scene, write, is_there))


FLOWS: tuple[Flow, ...] = (
    admit_a_member,
    remove_a_member,
    write_a_letter,
    found_a_practice,
    replace_the_settings,
)
