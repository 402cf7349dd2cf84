"""Calls to AWS before the first byte of each page of the console, by name and number.

The practice's settings and the keys are cached, as in a warm function.
"""

from collections.abc import Callable
from typing import Any

import pytest

from latchkey.rules.members import Role
from tests.kit.browser import Browser
from tests.kit.portal import Portal

SESSION = "TransactGet Members Members StaffSessions"
"""The session and both rows that give a role, in one call."""


@pytest.fixture
def staff(portal: Portal) -> Browser:
    portal.parameters["PracticeCacheSeconds"] = "300"
    browser = portal.staff(role=Role.ADMIN)
    browser.get("/admin/willow")
    return browser


@pytest.fixture
def client(portal: Portal, staff: Browser) -> str:
    """The path of a client who was invited."""
    token = staff.get("/admin/willow/clients/new").body.partition('name="form" value="')[2].partition('"')[0]
    fields = {"name": "Ida Moss", "kind": "individual", "client_language": "en", "email": "ida@example.com"}
    added = staff.post("/admin/willow/clients/new", {"form": token, "email_ok": "yes", **fields})
    path = added.location.removesuffix("/email")
    token = staff.get(f"{path}/email").body.partition('name="form" value="')[2].partition('"')[0]
    assert staff.post(f"{path}/email", {"form": token, "email": "ida@example.com"}).status == 303
    portal.deliver()
    return path


def calls(portal: Portal, act: Callable[[], Any]) -> list[str]:
    """What is called for it."""
    before = len(portal.aws.calls)
    assert act().status == 200
    return portal.aws.summary(before)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ["Query Clients", "BatchGet"]),
        ("/clients/new", []),
        ("/clients?q=ida", ["Query Clients", "BatchGet", "BatchGet"]),
        ("/settings", ["Get Practices"]),
        ("/staff", ["Query Members"]),
        ("/history", ["Query Events"]),
    ],
)
@pytest.mark.usefixtures("client")
def test_a_page_of_the_practice_takes_these_calls(
    portal: Portal, staff: Browser, path: str, expected: list[str]
) -> None:
    assert calls(portal, lambda: staff.get(f"/admin/willow{path}")) == [SESSION, *expected]


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        ("/email", ["Get Clients", "BatchGet", "Get Pins", "Get Clients", "BatchGet"]),
        ("/address", ["Get Clients", "BatchGet", "Get Pins"]),
        ("/share", ["Get Clients", "BatchGet", "Get Pins"]),
    ],
)
def test_a_page_of_a_client_takes_these_calls(
    portal: Portal, staff: Browser, client: str, below: str, expected: list[str]
) -> None:
    assert calls(portal, lambda: staff.get(client + below)) == [SESSION, *expected]


def test_the_clients_page_reads_the_session_the_client_and_the_diagnosis(
    portal: Portal, staff: Browser, client: str
) -> None:
    """More than the three of the goal: the diagnosis reads locks and events one by one (docs/decisions/0021)."""
    assert calls(portal, lambda: staff.get(client)) == [
        SESSION,
        "Get Clients",
        "BatchGet",
        "BatchGet",
        *["Query Events"] * 2,
        *["Get Budgets"] * 4,
        "Get Pins",
    ]


def test_the_first_page_without_a_session_calls_nothing(portal: Portal) -> None:
    browser = portal.browser()
    assert calls(portal, lambda: browser.get("/admin")) == []


def test_activity_is_recorded_once_a_minute(portal: Portal, staff: Browser) -> None:
    portal.now += 60
    assert calls(portal, lambda: staff.get("/admin/willow/clients/new")) == [SESSION, "Update StaffSessions"]
    assert calls(portal, lambda: staff.get("/admin/willow/clients/new")) == [SESSION]
