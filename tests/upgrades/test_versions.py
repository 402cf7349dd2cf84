"""Tests that this version works with the state of earlier versions, and with fields and values of a later one."""

import json
from typing import Any

import pytest

import latchkey
from latchkey.rules.access import AccessChange
from latchkey.rules.accounts import AccountStatus
from latchkey.rules.events import EventKind
from latchkey.rules.items import SharedItem
from latchkey.rules.members import Role
from latchkey.store import accounts, clients, events, idempotency, members, practices
from latchkey.tokens import base64url_encode
from tests.kit.browser import Browser
from tests.kit.clock import NOON
from tests.kit.cloud import Cloud
from tests.kit.portal import Portal
from tests.kit.seed import HARBOR, WILLOW, key_of, with_lookup_ring
from tests.upgrades import stored_state
from tests.upgrades.stored_state import StoredState

BEFORE_AND_AFTER = [*stored_state.versions(), "later"]


@pytest.fixture(params=BEFORE_AND_AFTER)
def left(portal: Portal, request: pytest.FixtureRequest) -> StoredState:
    """Store the state of each version, and return it. `later` has unknown fields."""
    newest = stored_state.versions()[-1]
    left = (
        stored_state.later(stored_state.read(newest)) if request.param == "later" else stored_state.read(request.param)
    )
    stored_state.put(portal.tables, left)
    return left


def browser(portal: Portal, cookies: dict[str, str]) -> Browser:
    """Return a browser with these cookies."""
    browser = portal.browser()
    browser.cookies |= cookies
    return browser


def test_a_session_stays_valid(portal: Portal, left: StoredState) -> None:
    if "Sessions" in left.tables:
        pytest.skip("sessions of 0.0 end once")
    assert browser(portal, left.session).is_signed_in()
    assert "Ana Reyes" in browser(portal, left.session).get("/willow/home").page.text


def test_sessions_of_the_table_before_end_once(portal: Portal) -> None:
    left = stored_state.read("0.0")
    stored_state.put(portal.tables, left)
    ana = browser(portal, left.session)

    assert not ana.is_signed_in()
    assert ana.get("/willow/home").location == "/willow/sign-in"
    portal.now += 60
    ana.sign_in("ana@example.com")
    assert ana.is_signed_in()
    stored = accounts.find(key_of(portal, "willow", "ana@example.com"))
    assert stored
    assert (len(stored.sessions), stored.last_sign_in_at) == (1, portal.now)


def test_the_last_sign_in_of_an_older_account_is_still_known(portal: Portal) -> None:
    left = stored_state.read("0.0")
    stored_state.put(portal.tables, left)
    key = {"S": base64url_encode(key_of(portal, "willow", "ana@example.com"))}
    (item,) = [one for one in left.tables["Accounts"] if one["key"] == key]

    stored = accounts.find(key_of(portal, "willow", "ana@example.com"))

    assert stored
    assert stored.last_sign_in_at == int(item["last_sign_in_at"]["N"])


def test_a_link_in_a_mailbox_opens_in_the_browser_that_requested_it(portal: Portal, left: StoredState) -> None:
    lee = browser(portal, left.requesting_browser)

    assert lee.get(left.link).location.endswith("/willow/home")
    assert lee.is_signed_in()


def test_a_pin_that_was_read_out_opens(portal: Portal, left: StoredState) -> None:
    luis = portal.browser()

    assert luis.post("/willow/pin", {"email": "luis@example.com", "pin": left.pin}).status == 303
    assert luis.is_signed_in()


def test_a_mail_job_of_an_older_version_is_sent(portal: Portal, left: StoredState) -> None:
    assert portal.work(*left.jobs) == []
    (letter,) = portal.letters
    assert letter.to == ["sam@example.com"]
    assert portal.browser().post(letter.path).status == 303


def test_rate_limits_go_on_after_an_upgrade(portal: Portal, left: StoredState) -> None:
    """Sam requested a link less than a minute ago."""
    waiting = len(portal.waiting())
    portal.browser().request_link("sam@example.com")

    assert left.tables["Budgets"]
    assert len(portal.waiting()) == waiting


@pytest.mark.usefixtures("portal")
def test_everything_else_is_read(left: StoredState) -> None:
    client = clients.find("willow", left.client)

    assert (client.name, client.items, client.contacts[0].name) == ("Kim Lee", (SharedItem("Intake form"),), "Pat Lee")
    assert (practices.get("willow"), practices.get("harbor")) == (WILLOW, HARBOR)
    assert (members.role_of("willow", "dr"), members.role_of("willow", "you")) == (Role.CLINICIAN, Role.OPERATOR)
    assert idempotency.save_in_progress("place", "digest", NOON) == idempotency.StoredResponse(201, "{}")
    audit = events.newest("willow", [client.audit_key], 10)
    assert [event.kind for _, event in audit] == [EventKind.PROFILE_GRANTED]


def test_the_stored_state_of_this_version_is_current(expected: StoredState) -> None:
    """After a change of the stored form, delete this version's file and run the test again. The test then writes the
    file.
    """
    assert stored_state.shape(expected) == stored_state.shape(stored_state.read(latchkey.__version__))


# ── what only a later version knows ──


@pytest.fixture
def newest(portal: Portal) -> StoredState:
    """Store the state of the newest version with unknown fields, and return it."""
    left = stored_state.later(stored_state.read(stored_state.versions()[-1]))
    stored_state.put(portal.tables, left)
    return left


def known_fields(portal: Portal, table: str) -> list[bool]:
    """Return for each item of a table if it still has the unknown field."""
    return ["later" in item for item in portal.at_rest()[table]]


def test_fields_that_nobody_knows_here_stay(portal: Portal, newest: StoredState) -> None:
    browser(portal, newest.requesting_browser).get(newest.link)
    portal.browser().post("/willow/pin", {"email": "luis@example.com", "pin": "000000"})
    client = clients.find("willow", newest.client)
    change = AccessChange(client.with_shared_items([SharedItem("Bill")]))
    with with_lookup_ring(portal):
        clients.apply(client, lambda *_: change, set(), lambda *_: pytest.fail("no event"))
    practices.update("willow", {"phone": "(555) 010-0143"})

    assert clients.find("willow", newest.client).items == (SharedItem("Intake form"), SharedItem("Bill"))
    for table in ("Accounts", "Clients", "Practices", "Links", "Pins"):
        assert all(known_fields(portal, table)), table


def change(portal: Portal, table: str, name: str, value: dict[str, Any], **where: str) -> None:
    """Write a value of a later version into all items with these attributes."""
    for item in portal.at_rest()[table]:
        if all(item[key] == {"S": wanted} for key, wanted in where.items()):
            portal.tables.put_item(TableName=table, Item=item | {name: value})


def test_a_status_that_nobody_knows_lets_nobody_in(portal: Portal, newest: StoredState) -> None:
    change(portal, "Accounts", "status", {"S": "paused"})

    assert not browser(portal, newest.session).is_signed_in()
    assert browser(portal, newest.requesting_browser).get(newest.link).status == 410
    assert portal.browser().post("/willow/pin", {"email": "luis@example.com", "pin": newest.pin}).status == 422
    assert portal.work(*newest.jobs) == []
    assert portal.letters == []
    assert AccountStatus("paused") is AccountStatus.DISABLED


def test_an_unknown_language_falls_back_to_english(portal: Portal, newest: StoredState) -> None:
    change(portal, "Accounts", "language", {"S": "fr"})
    change(portal, "Practices", "language", {"S": "fr"})

    assert portal.work(*newest.jobs) == []
    assert "Sign in" in portal.letters[0].text
    assert portal.browser().get("/willow/sign-in").status == 200


def test_an_answer_that_nobody_knows_tells_strangers_nothing(portal: Portal, newest: StoredState) -> None:
    change(portal, "Practices", "unknown_address", {"S": "ask_first"}, slug="willow")

    assert newest
    assert portal.browser().request_link("nobody@example.com").status == 303


def test_what_nobody_knows_in_the_audit_is_still_shown(portal: Portal, newest: StoredState) -> None:
    change(portal, "Events", "kind", {"S": "teleported"})

    assert {event.kind for _, event in events.newest("willow", [newest.client.encode()], 10)} == {EventKind.OTHER}
    assert portal


def test_a_role_that_nobody_knows_is_none(portal: Portal, newest: StoredState) -> None:
    change(portal, "Members", "role", {"S": "auditor"}, subject="dr")

    assert newest
    assert members.role_of("willow", "dr") is None


def test_a_job_of_a_kind_that_nobody_knows_is_redelivered_and_mails_nothing(
    portal: Portal, newest: StoredState
) -> None:
    (job,) = newest.jobs

    assert portal.work(json.dumps(json.loads(job) | {"kind": "greeting"})) == [0]
    assert portal.letters == []


@pytest.mark.parametrize("ring", ["LinkKey", "CookieKey", "PinPepper"])
def test_links_cookies_and_pins_of_a_dropped_key_are_refused(
    portal: Portal, cloud: Cloud, newest: StoredState, ring: str
) -> None:
    """A rotation has dropped a key that the earlier version still used."""
    stored_state.keep_ring(cloud, ring, {"current": "2", "2": "n" * 64})
    portal.start_cold()
    lee = browser(portal, newest.requesting_browser)
    opened = lee.get(newest.link)
    typed = portal.browser().post("/willow/pin", {"email": "luis@example.com", "pin": newest.pin})

    assert opened.status == {"LinkKey": 404, "CookieKey": 200, "PinPepper": 303}[ring]
    assert typed.status == (422 if ring == "PinPepper" else 303)
