"""Calls to AWS before the first byte of each page of the console, by name and number.

The practice's settings and the keys are cached, as in a warm function.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from latchkey.rules.members import Role
from tests.functions.console_forms import press
from tests.kit.browser import Browser
from tests.kit.portal import Portal

SESSION = "TransactGet Members Members StaffSessions"
"""One read of the session and of both items that can give a role."""
CLIENT = "TransactGet Clients Members Members StaffSessions"
"""The same read, with the client of the page."""


@pytest.fixture
def staff(portal: Portal) -> Browser:
    portal.parameters["PracticeCacheSeconds"] = "300"
    browser = portal.staff(role=Role.ADMIN)
    browser.get("/admin/willow")
    return browser


@pytest.fixture
def client(portal: Portal, staff: Browser) -> str:
    """Return the path of a client who was invited."""
    token = staff.get("/admin/willow/clients/new").body.partition('name="form" value="')[2].partition('"')[0]
    fields = {"name": "Ida Moss", "kind": "individual", "client_language": "en", "email": "ida@example.com"}
    added = staff.post("/admin/willow/clients/new", {"form": token, "email_ok": "yes", **fields})
    path = added.location.removesuffix("/email")
    token = staff.get(f"{path}/email").body.partition('name="form" value="')[2].partition('"')[0]
    assert staff.post(f"{path}/email", {"form": token, "email": "ida@example.com"}).status == 303
    portal.deliver()
    staff.get(path)  # the keys are cached from now on
    del staff.cookies["__Host-opened-willow"]
    return path


def calls(portal: Portal, act: Callable[[], Any]) -> list[str]:
    """Return the calls to AWS of this flow, in order."""
    before = len(portal.aws.calls)
    assert act().status == 200
    return portal.aws.summary(before)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ["Query Accounts"]),
        ("/clients?show=attention", ["Query Accounts"]),
        ("/clients/new", []),
        ("/clients?q=ida", ["Query Clients", "BatchGet"]),
        ("/clients?q=ida%40example.org", ["Query Clients"]),
        ("/brand", ["Get Practices"]),
        ("/letters/invitation/en", ["Get Practices"]),
        ("/settings", ["Get Practices"]),
        ("/staff", ["Query Members"]),
        ("/history", ["Query Events"]),
        ("/systems", ["Query Integrations"]),
        ("/webhooks", ["Query Integrations"]),
        ("/imports", ["Query Imports"]),
    ],
)
@pytest.mark.usefixtures("client")
def test_a_page_of_the_practice_takes_these_calls(
    portal: Portal, staff: Browser, path: str, expected: list[str]
) -> None:
    assert calls(portal, lambda: staff.get(f"/admin/willow{path}")) == [SESSION, *expected]


def test_a_page_of_a_system_or_webhook_takes_up_to_three_calls(portal: Portal, staff: Browser) -> None:
    """B173, B175: a system with the name of its maker, a webhook with what was sent to it."""
    home = "/admin/willow"
    assert press(staff, f"{home}/systems", name="Booking").status == 200
    assert press(staff, f"{home}/webhooks", url="https://system.example/", kind="client_erased").status == 200
    system = staff.get(f"{home}/systems").page.links["Booking"]
    webhook = staff.get(f"{home}/webhooks").page.links["https://system.example/"]
    listed = [SESSION, "Query Integrations", "BatchGet"]
    for path in (f"{home}/systems", system, f"{system}/revoke"):
        assert calls(portal, partial(staff.get, path)) == listed
    assert calls(portal, lambda: staff.get(webhook)) == [SESSION, "Get Integrations", "Query Integrations"]
    for path in (f"{home}/webhooks", f"{webhook}/secret", f"{webhook}/remove"):
        assert calls(portal, partial(staff.get, path)) == [SESSION, "Query Integrations"]


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        ("", ["BatchGet", "Query Events"]),
        ("/email", ["BatchGet", "BatchGet"]),
        ("/address", ["BatchGet"]),
        ("/share", ["BatchGet"]),
        ("/details", ["BatchGet"]),
        ("/people", ["BatchGet"]),
        ("/end", ["BatchGet"]),
        ("/pin", ["BatchGet"]),
        ("/history", ["Query Events", "BatchGet"]),
        ("/history?part=record", ["Query Events", "BatchGet"]),
        ("/signed-in", ["Query Events", "BatchGet"]),
        ("/devices", ["BatchGet"]),
    ],
)
def test_a_page_of_a_client_takes_these_calls(
    portal: Portal, staff: Browser, client: str, below: str, expected: list[str]
) -> None:
    """B172: three at most. The history is read in parts: the record, and each address."""
    assert calls(portal, lambda: staff.get(client + below)) == [CLIENT, *expected]


def test_the_clients_page_reads_the_events_of_each_person_who_signs_in(
    portal: Portal, staff: Browser, client: str
) -> None:
    """One call reads all accounts, PINs and rate limits, however many people there are (docs/decisions/0021)."""
    for name in ("Gus", "Eve"):
        page = staff.get(f"{client}/people").body
        token = page.partition(f'action="{client}/people"')[2].partition('name="form" value="')[2].partition('"')[0]
        fields = {"person_name": name, "person_email": f"{name}@example.com", "relation": "partner"}
        assert staff.post(f"{client}/people", {"form": token, "person_ok": "yes", **fields}).status == 303
    assert calls(portal, lambda: staff.get(client)) == [CLIENT, "BatchGet", *["Query Events"] * 3]


def test_the_first_page_reads_who_is_stuck_and_who_was_opened(portal: Portal, staff: Browser, client: str) -> None:
    """The clients that were opened last are part of the read of the session."""
    staff.get(client)
    portal.now += 4 * 24 * 3600
    later = portal.staff(role=Role.ADMIN)
    later.cookies |= {name: value for name, value in staff.cookies.items() if name == "__Host-opened-willow"}
    later.get("/admin/willow/clients/new")
    assert calls(portal, lambda: later.get("/admin/willow")) == [CLIENT, "Query Accounts", "BatchGet"]


def test_the_first_page_without_a_session_calls_nothing(portal: Portal) -> None:
    browser = portal.browser()
    assert calls(portal, lambda: browser.get("/admin")) == []


def test_activity_is_recorded_once_a_minute(portal: Portal, staff: Browser) -> None:
    portal.now += 60
    assert calls(portal, lambda: staff.get("/admin/willow/clients/new")) == [SESSION, "Update StaffSessions"]
    assert calls(portal, lambda: staff.get("/admin/willow/clients/new")) == [SESSION]
