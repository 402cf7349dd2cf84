"""The role of a member, as another service asks for it (B219)."""

from typing import Any

import pytest

from latchkey.rules.members import Member, Role
from latchkey.store import members
from tests.kit.portal import Portal


@pytest.fixture(autouse=True)
def staff(portal: Portal) -> None:
    """Give a clinician, an administrator and an operator their roles."""
    assert portal.tables
    members.save(Member("willow", "dr-ito", Role.CLINICIAN, "Dr. Ito", "ito@example.com"))
    members.save(Member("willow", "desk", Role.ADMIN))
    members.set_role("", "engineer", Role.OPERATOR)


def answer(portal: Portal, practice: object, subject: object) -> Any:
    """Return the answer to a service's question."""
    return portal.invoke("Session", {"type": "MEMBER", "practice": practice, "subject": subject})


@pytest.mark.parametrize(("subject", "role"), [("dr-ito", "clinician"), ("desk", "admin"), ("engineer", "operator")])
def test_a_service_learns_the_role_and_nothing_else(portal: Portal, subject: str, role: str) -> None:
    assert answer(portal, "willow", subject) == {"role": role}


def test_a_member_who_was_removed_has_no_role_at_the_next_question(portal: Portal) -> None:
    assert answer(portal, "willow", "dr-ito") == {"role": "clinician"}
    members.remove("willow", "dr-ito")
    assert answer(portal, "willow", "dr-ito") == {"refused": "no_member"}


@pytest.mark.parametrize(
    ("practice", "subject"),
    [
        ("harbor", "dr-ito"),
        ("willow", "nobody"),
        ("nowhere", "dr-ito"),
        ("nowhere", "engineer"),
        ("*", "engineer"),
        ("willow", ""),
        ("willow", "x" * 256),
        ("willow", None),
        (None, "dr-ito"),
        (["willow"], "dr-ito"),
        ("willow", {"S": "dr-ito"}),
    ],
)
def test_nobody_else_has_a_role(portal: Portal, practice: object, subject: object) -> None:
    assert answer(portal, practice, subject) == {"refused": "no_member"}


def test_an_outage_gives_nobody_a_role(portal: Portal) -> None:
    portal.aws.refuse("GetItem", "InternalServerError", times=9)
    assert answer(portal, "willow", "desk") == {"refused": "unavailable"}


def test_a_request_of_a_browser_is_never_this_question(portal: Portal) -> None:
    response = portal.browser().get("/willow/session?type=MEMBER&practice=willow&subject=desk", accept="text/html")
    assert '"role"' not in response.body
