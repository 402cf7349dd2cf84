"""Tests of the audit events that clinicians read."""

from typing import Any

import pytest

from latchkey.rules.addresses import canonical
from latchkey.store import accounts, mail_status
from tests.api.cloud import MinistackCloud, link_in
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.http_response import HttpResponse


def diagnosis(clinician: ClinicianApi, client: str) -> Any:
    answer = clinician.request("GET", "/clients/{client}/diagnosis", client=client)
    assert answer.status == 200, answer.body
    return answer.document


def ask_for_link(browser: Browser, email: str) -> HttpResponse:
    return browser.request_link(email)


def test_everything_that_is_done_about_a_client_is_written_down(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    browser.post(link_in(cloud.deliver()[0]))
    browser.post("/willow/sign-out")
    contact = clinician.request(
        "POST",
        "/clients/{client}/contacts",
        {"name": "Jo", "email": "jo@example.com", "email_ok": False},
        client=client,
    ).document["id"]
    browser.enter_pin("kim@example.com", clinician.pin(client))
    browser.enter_pin("kim@example.com", "000000")
    clinician.request("POST", "/clients/{client}/shares", {"items": ["Plan"]}, client=client)
    clinician.request("PATCH", "/clients/{client}", {"name": "Kim Park"}, client=client)
    clinician.request("DELETE", "/clients/{client}/contacts/{contact}", client=client, contact=contact)
    clinician.request("DELETE", "/clients/{client}/sessions", client=client)
    fields = {"email": "new@example.com", "email_ok": True, "disable_and_resend": True}
    clinician.request("PUT", "/clients/{client}/email", fields, client=client)
    cloud.deliver()
    clinician.request("DELETE", "/clients/{client}/portal-access", client=client)

    events = clinician.events(client)
    assert {event["kind"] for event in events} >= {
        "client_added",
        "access_enabled",
        "invitation_requested",
        "link_sent",
        "session_started",
        "session_ended",
        "profile_granted",
        "profile_revoked",
        "pin_created",
        "pin_refused",
        "notice_sent",
        "items_shared",
        "client_changed",
        "consent_changed",
        "address_changed",
        "access_disabled",
    }
    assert [event["id"] for event in events] == sorted((event["id"] for event in events), reverse=True)
    by_clinician = {event["kind"] for event in events if event["actor"] == "dr-willow"}
    assert {"pin_created", "access_disabled", "consent_changed"} <= by_clinician
    assert all("@" not in str(event) for event in events)


def test_what_happened_is_read_by_pages(clinician: ClinicianApi, clock: Clock) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    for _ in range(4):
        clock.advance(60)
        clinician.request("POST", "/clients/{client}/invitations", {}, client=client)
    everything = [event["id"] for event in clinician.events(client)]
    found, cursor = [], None
    while True:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = clinician.request("GET", "/clients/{client}/events", query=query, client=client).document
        found += [event["id"] for event in page["events"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == everything


def test_one_clients_events_are_not_anothers(clinician: ClinicianApi) -> None:
    kim, lee = (clinician.add_client(name.title(), f"{name}@example.com", invite={}) for name in ("kim", "lee"))
    clinician.request("DELETE", "/clients/{client}/portal-access", client=kim)
    assert "access_disabled" in {event["kind"] for event in clinician.events(kim)}
    assert "access_disabled" not in {event["kind"] for event in clinician.events(lee)}


def test_an_address_that_has_become_another_clients_tells_of_that_one_alone(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud, clock: Clock
) -> None:
    kim = clinician.add_client("Kim Lee", "home@example.com", invite={})
    browser.post(link_in(cloud.deliver()[0]))
    fields = {"email": "kim@example.com", "email_ok": True, "disable_and_resend": True}
    clinician.request("PUT", "/clients/{client}/email", fields, client=kim)
    cloud.deliver()
    before = clinician.events(kim)
    assert "session_started" in {event["kind"] for event in before}
    clock.advance(60)
    jo = clinician.add_client("Jo Lee", "home@example.com", invite={})
    cloud.browser().post(link_in(cloud.deliver()[0]))
    known, kims, jos = (
        {event["id"] for event in fields} for fields in (before, clinician.events(kim), clinician.events(jo))
    )
    assert kims <= known
    assert not jos & known
    assert [event["kind"] for event in clinician.events(jo)].count("session_started") == 1


def test_events_of_a_contact_are_shown_for_each_profile_they_open(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = clinician.add_client("Leo Gomez", kind="minor")
    fields = {"name": "Maria", "email": "maria@example.com", "email_ok": True}
    clinician.request("POST", "/clients/{client}/contacts", fields, client=leo)
    browser.post(link_in(cloud.deliver()[0]))
    assert "session_started" in {event["kind"] for event in clinician.events(leo)}


def test_changes_of_practice_and_members_are_written_down_with_who_made_them(
    admin: ClinicianApi, operator: ClinicianApi, cloud: MinistackCloud
) -> None:
    admin.request("PATCH", "", {"phone": "555", "name": "Willow"})
    admin.request("PUT", "/letters/{kind}/{language}", {"body": "Hi"}, kind="sign_in", language="en")
    admin.request("PUT", "/members/{subject}", {"role": "admin"}, subject="new")
    admin.request("DELETE", "/members/{subject}", subject="new")
    operator.request("PUT", "", {"name": "Willow"})
    rows = [(row["kind"]["S"], row["actor"]["S"], row["reason"]["S"]) for row in cloud.items()["Events"]]
    assert sorted(rows) == sorted(
        [
            ("practice_changed", "head-willow", "name,phone"),
            ("practice_changed", "head-willow", "letter_sign_in_en"),
            ("member_changed", "head-willow", "admin:new"),
            ("member_changed", "head-willow", "removed:new"),
            ("practice_changed", "operator", "put"),
        ]
    )


class TestDiagnosis:
    def test_no_address_and_no_access(self, clinician: ClinicianApi) -> None:
        fields = diagnosis(clinician, clinician.add_client("Kim Lee"))
        assert (fields["access"], fields["address"], fields["consent"], fields["email_status"]) == (
            "none",
            None,
            None,
            "none",
        )
        assert fields["note"][0] == (
            "There is no email address on file for Kim Lee. Save one, with their consent to be emailed."
        )
        assert fields["note"][1] == "Kim Lee has not been given Client Portal access yet."

    def test_no_consent(self, clinician: ClinicianApi) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        fields = {"email": "kim@example.com", "email_ok": False}
        clinician.request("PUT", "/clients/{client}/email", fields, client=client)
        found = diagnosis(clinician, client)
        assert found["consent"] is False
        assert any("have not agreed to get email" in sentence for sentence in found["advice"])

    def test_a_status_that_only_a_later_version_knows(self, clinician: ClinicianApi, clock: Clock) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        mail_status.write(accounts.key_of("willow", canonical("kim@example.com")), "postponed", clock.now)
        assert diagnosis(clinician, client)["email_status"] == clinician.access(client)["email_status"] == "none"

    def test_a_bounce(self, clinician: ClinicianApi, cloud: MinistackCloud) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        cloud.bounce("kim@example.com")
        found = diagnosis(clinician, client)
        assert found["email_status"] == "bounced"
        assert any("came back" in sentence for sentence in found["advice"])

    def test_an_invitation_that_waits(self, clinician: ClinicianApi, cloud: MinistackCloud) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        cloud.deliver()
        found = diagnosis(clinician, client)
        assert found["access"] == "invited"
        assert [mail["kind"] for mail in found["last_mails"]] == ["link_sent"]
        assert "Kim Lee was invited on March 3, 2026 at 6:00 AM and hasn’t signed in yet." in found["note"]
        assert any("Spam, Junk, Bulk, and Updates" in sentence for sentence in found["advice"])

    def test_ended_access(self, clinician: ClinicianApi, browser: Browser) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        clinician.request("DELETE", "/clients/{client}/portal-access", client=client)
        assert ask_for_link(browser, "kim@example.com").code == "email_unknown"
        found = diagnosis(clinician, client)
        assert found["access"] == "disabled"
        assert found["last_refusals"][0]["reason"] == "email_unknown"
        assert "Client Portal access is disabled. Send an invitation to give it again." in found["note"]
        assert "Someone asked for a link with this address while it had no access." in found["note"]

    def test_an_address_without_access_that_someone_tried(self, clinician: ClinicianApi, browser: Browser) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com")
        ask_for_link(browser, "kim@example.com")
        assert diagnosis(clinician, client)["last_refusals"][0]["reason"] == "email_unknown"

    def test_too_many_links_and_until_when(self, clinician: ClinicianApi, browser: Browser, clock: Clock) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        for _ in range(3):
            assert ask_for_link(browser, "kim@example.com").status == 202
            clock.advance(61)
        assert ask_for_link(browser, "kim@example.com").status == 429
        found = diagnosis(clinician, client)
        assert found["locks"] == [{"on": "links", "until": "2026-03-03T12:15:00Z", "known_browsers_until": None}]
        assert (
            "Links were asked for too often. This ends at 6:15 AM. It does not stop a browser that has signed in"
            " before. A Pin Code works now."
        ) in found["advice"]
        clock.advance(15 * 60)
        assert diagnosis(clinician, client)["locks"] == []

    def test_asking_does_not_count(self, clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        ask_for_link(browser, "kim@example.com")
        before = cloud.items()
        for _ in range(5):
            diagnosis(clinician, client)
        assert cloud.items() == before

    def test_too_many_wrong_pins_and_until_when(self, clinician: ClinicianApi, cloud: MinistackCloud) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        for _ in range(6):
            answer = cloud.browser().enter_pin("kim@example.com", "000000")
        assert answer.code == "pin_locked"
        found = diagnosis(clinician, client)
        assert found["locks"] == [{"on": "pins", "until": "2026-03-03T12:15:00Z", "known_browsers_until": None}]
        assert found["last_refusals"][0]["kind"] == "pin_locked"
        assert "Pin Codes were typed wrong too often for this address." in found["advice"]

    def test_a_link_that_was_not_the_newest(
        self, clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
    ) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        (first,) = cloud.deliver()
        clinician.request("POST", "/clients/{client}/invitations", {}, client=client)
        cloud.deliver()
        browser.post(link_in(first))
        found = diagnosis(clinician, client)
        assert found["last_refusals"][0]["reason"] == "link_replaced"
        assert any("Only the most recent email works" in sentence for sentence in found["advice"])

    def test_another_clients_address(self, clinician: ClinicianApi) -> None:
        clinician.add_client("Lee Kim", "home@example.com", invite={})
        client = clinician.add_client("Kim Lee", "home@example.com")
        found = diagnosis(clinician, client)
        assert found["last_mails"] == []
        assert any("Another client signs in with this address" in sentence for sentence in found["note"])

    def test_nothing_is_wrong(self, clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud) -> None:
        client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
        browser.post(link_in(cloud.deliver()[0]))
        assert diagnosis(clinician, client)["advice"][-1] == (
            "At https://portal.example.com/willow, you can ask for a new link, or sign in with a Pin Code that I read"
            " out."
        )


@pytest.mark.parametrize("query", [{"limit": "0"}, {"cursor": "../.."}])
def test_a_page_of_events_that_cannot_be_is_refused(clinician: ClinicianApi, query: dict[str, str]) -> None:
    client = clinician.add_client("Kim Lee")
    assert clinician.request("GET", "/clients/{client}/events", query=query, client=client).code == "body_invalid"


def test_the_history_is_read_in_parts(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    """Each part is one query. Together they are the whole."""
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    contact = clinician.request(
        "POST",
        "/clients/{client}/contacts",
        {"name": "Jo", "email": "jo@example.com", "email_ok": True},
        client=client,
    ).document["id"]
    fields = {"email": "new@example.com", "email_ok": True, "disable_and_resend": True}
    clinician.request("PUT", "/clients/{client}/email", fields, client=client)
    cloud.deliver()

    def ids(**query: str) -> list[str]:
        answer = clinician.request("GET", "/clients/{client}/events", query=query, client=client)
        assert answer.status == 200, answer.body
        return [event["id"] for event in answer.document["events"]]

    parts = {part: ids(part=part) for part in ("record", "sign-in", contact, "former-1")}
    assert all(parts.values())
    assert sorted(event for events in parts.values() for event in events) == sorted(ids())
    missing = clinician.request("GET", "/clients/{client}/events", query={"part": "former-2"}, client=client)
    assert missing.code == "not_found"
    refused = clinician.request("GET", "/clients/{client}/events", query={"part": "x"}, client=client)
    assert refused.code == "body_invalid"


def test_a_part_of_an_address_that_is_now_another_clients_is_empty(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    fields = {"email": "new@example.com", "email_ok": True, "disable_and_resend": True}
    clinician.request("PUT", "/clients/{client}/email", fields, client=client)
    clinician.add_client("Pat Moss", "kim@example.com", invite={})
    cloud.deliver()
    answer = clinician.request("GET", "/clients/{client}/events", query={"part": "former-1"}, client=client)
    assert answer.document["events"] == []
