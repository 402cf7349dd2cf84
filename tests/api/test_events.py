"""What is written down, and what a clinician can read out of it."""

from typing import Any

import pytest

from latchkey.store import accounts
from tests.api.scene import Answer, Clock, Desk, Portal, Stage


def diagnosis(desk: Desk, client: str) -> Any:
    answer = desk.ask("GET", "/clients/{client}/diagnosis", client=client)
    assert answer.status == 200, answer.body
    return answer.document


def ask_for_link(portal: Portal, email: str) -> Answer:
    return portal.ask("request_link", "POST", "/sign-in", {"email": email})


def test_everything_that_is_done_about_a_client_is_written_down(desk: Desk, portal: Portal, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    portal.open_letter(stage.deliver()[0])
    portal.ask("session", "POST", "/sign-out", {})
    contact = desk.ask(
        "POST",
        "/clients/{client}/contacts",
        {"name": "Jo", "email": "jo@example.com", "email_ok": False},
        client=client,
    ).document["id"]
    portal.sign_in_by_pin("kim@example.com", desk.pin(client).document["pin"])
    portal.sign_in_by_pin("kim@example.com", "000000")
    desk.ask("POST", "/clients/{client}/shares", {"items": ["Plan"]}, client=client)
    desk.ask("PATCH", "/clients/{client}", {"name": "Kim Park"}, client=client)
    desk.ask("DELETE", "/clients/{client}/contacts/{contact}", client=client, contact=contact)
    desk.ask("DELETE", "/clients/{client}/sessions", client=client)
    told = {"email": "new@example.com", "email_ok": True, "disable_and_resend": True}
    desk.ask("PUT", "/clients/{client}/email", told, client=client)
    stage.deliver()
    desk.ask("DELETE", "/clients/{client}/portal-access", client=client)

    events = desk.events(client)
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
    by_clinician = {event["kind"] for event in events if event["actor"] == desk.subject}
    assert {"pin_created", "access_disabled", "consent_changed"} <= by_clinician
    assert all("@" not in str(event) for event in events)


def test_what_happened_is_read_by_pages(desk: Desk) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    for _ in range(4):
        Clock.advance(60)
        desk.ask("POST", "/clients/{client}/invitations", {}, client=client)
    everything = [event["id"] for event in desk.events(client)]
    found, cursor = [], None
    while True:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = desk.ask("GET", "/clients/{client}/events", query=query, client=client).document
        found += [event["id"] for event in page["events"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == everything


def test_one_clients_events_are_not_anothers(desk: Desk) -> None:
    kim, lee = (desk.add(name.title(), f"{name}@example.com", invite={}) for name in ("kim", "lee"))
    desk.ask("DELETE", "/clients/{client}/portal-access", client=kim)
    assert "access_disabled" in {event["kind"] for event in desk.events(kim)}
    assert "access_disabled" not in {event["kind"] for event in desk.events(lee)}


def test_an_address_that_has_become_another_clients_tells_of_that_one_alone(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    kim = desk.add("Kim Lee", "home@example.com", invite={})
    portal.open_letter(stage.deliver()[0])
    told = {"email": "kim@example.com", "email_ok": True, "disable_and_resend": True}
    desk.ask("PUT", "/clients/{client}/email", told, client=kim)
    stage.deliver()
    before = desk.events(kim)
    assert "session_started" in {event["kind"] for event in before}
    Clock.advance(60)
    jo = desk.add("Jo Lee", "home@example.com", invite={})
    Portal(stage).open_letter(stage.deliver()[0])
    known, kims, jos = ({event["id"] for event in told} for told in (before, desk.events(kim), desk.events(jo)))
    assert kims <= known
    assert not jos & known
    assert [event["kind"] for event in desk.events(jo)].count("session_started") == 1


def test_what_a_contact_does_is_told_of_whose_profile_they_open_also_if_they_are_a_client(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    desk.add("Maria Gomez", "maria@example.com", invite={})
    leo = desk.add("Leo Gomez", kind="minor")
    told = {"name": "Maria", "email": "maria@example.com", "email_ok": True}
    desk.ask("POST", "/clients/{client}/contacts", told, client=leo)
    portal.open_letter(stage.deliver()[0])
    assert "session_started" in {event["kind"] for event in desk.events(leo)}


def test_changes_of_practice_and_members_are_written_down_with_who_made_them(
    head: Desk, operator: Desk, stage: Stage
) -> None:
    head.ask("PATCH", "", {"phone": "555", "name": "Willow"})
    head.ask("PUT", "/letters/{kind}/{language}", {"body": "Hi"}, kind="sign_in", language="en")
    head.ask("PUT", "/members/{subject}", {"role": "admin"}, subject="new")
    head.ask("DELETE", "/members/{subject}", subject="new")
    operator.ask("PUT", "", {"name": "Willow"})
    rows = [(row["kind"]["S"], row["actor"]["S"], row["reason"]["S"]) for row in stage.items()["Events"]]
    assert sorted(rows) == sorted(
        [
            ("practice_changed", head.subject, "name,phone"),
            ("practice_changed", head.subject, "letter_sign_in_en"),
            ("member_changed", head.subject, "admin:new"),
            ("member_changed", head.subject, "removed:new"),
            ("practice_changed", operator.subject, "put"),
        ]
    )


class TestDiagnosis:
    def test_no_address_and_no_access(self, desk: Desk) -> None:
        told = diagnosis(desk, desk.add("Kim Lee"))
        assert (told["access"], told["address"], told["consent"], told["email_status"]) == ("none", None, None, "none")
        assert told["advice"][0] == (
            "There is no email address on file for Kim Lee. Save one, with their consent to be emailed."
        )
        assert told["advice"][1] == "Kim Lee has not been given Client Portal access yet. Send an invitation."

    def test_no_consent(self, desk: Desk) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        told = {"email": "kim@example.com", "email_ok": False}
        desk.ask("PUT", "/clients/{client}/email", told, client=client)
        found = diagnosis(desk, client)
        assert found["consent"] is False
        assert any("has not agreed to be emailed" in sentence for sentence in found["advice"])

    def test_a_status_that_only_a_later_version_knows(self, desk: Desk) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        accounts.set_mail_status(accounts.key_of("willow", "kim@example.com"), "postponed", Clock.now)
        assert diagnosis(desk, client)["email_status"] == desk.access(client)["email_status"] == "none"

    def test_a_bounce(self, desk: Desk, stage: Stage) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        stage.bounce("kim@example.com")
        found = diagnosis(desk, client)
        assert found["email_status"] == "bounced"
        assert any("came back" in sentence for sentence in found["advice"])

    def test_an_invitation_that_waits(self, desk: Desk, stage: Stage) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        stage.deliver()
        found = diagnosis(desk, client)
        assert found["access"] == "invited"
        assert [mail["kind"] for mail in found["last_mails"]] == ["link_sent"]
        assert "Kim Lee was invited on March 3, 2026 at 6:00 AM and hasn’t signed in yet." in found["advice"]
        assert any("Spam, Junk, Bulk, and Updates" in sentence for sentence in found["advice"])

    def test_ended_access(self, desk: Desk, portal: Portal) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        desk.ask("DELETE", "/clients/{client}/portal-access", client=client)
        assert ask_for_link(portal, "kim@example.com").code == "email_unknown"
        found = diagnosis(desk, client)
        assert found["access"] == "disabled"
        assert found["last_refusals"][0]["reason"] == "email_unknown"
        assert "Client Portal access is disabled. Send an invitation to give it again." in found["advice"]
        assert "Someone asked for a link with this address while it had no access." in found["advice"]

    def test_an_address_without_access_that_someone_tried(self, desk: Desk, portal: Portal) -> None:
        client = desk.add("Kim Lee", "kim@example.com")
        ask_for_link(portal, "kim@example.com")
        assert diagnosis(desk, client)["last_refusals"][0]["reason"] == "email_unknown"

    def test_too_many_links_and_until_when(self, desk: Desk, portal: Portal) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        for _ in range(3):
            assert ask_for_link(portal, "kim@example.com").status == 202
            Clock.advance(61)
        assert ask_for_link(portal, "kim@example.com").status == 429
        found = diagnosis(desk, client)
        assert found["locks"] == [{"on": "links", "until": "2026-03-03T12:15:00Z", "known_browsers_until": None}]
        assert (
            "Links were asked for too often. This ends at 6:15 AM. It does not stop a browser that has signed in"
            " before. A Pin Code works now."
        ) in found["advice"]
        Clock.advance(15 * 60)
        assert diagnosis(desk, client)["locks"] == []

    def test_asking_does_not_count(self, desk: Desk, portal: Portal, stage: Stage) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        ask_for_link(portal, "kim@example.com")
        before = stage.items()
        for _ in range(5):
            diagnosis(desk, client)
        assert stage.items() == before

    def test_too_many_wrong_pins_and_until_when(self, desk: Desk, stage: Stage) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        for _ in range(6):
            answer = Portal(stage).sign_in_by_pin("kim@example.com", "000000")
        assert answer.code == "pin_locked"
        found = diagnosis(desk, client)
        assert found["locks"] == [{"on": "pins", "until": "2026-03-03T12:15:00Z", "known_browsers_until": None}]
        assert found["last_refusals"][0]["kind"] == "pin_locked"
        assert "Pin Codes were typed wrong too often for this address." in found["advice"]

    def test_a_link_that_was_not_the_newest(self, desk: Desk, portal: Portal, stage: Stage) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        (first,) = stage.deliver()
        desk.ask("POST", "/clients/{client}/invitations", {}, client=client)
        stage.deliver()
        portal.open_letter(first)
        found = diagnosis(desk, client)
        assert found["last_refusals"][0]["reason"] == "link_replaced"
        assert any("Only the most recent email works" in sentence for sentence in found["advice"])

    def test_another_clients_address(self, desk: Desk) -> None:
        desk.add("Lee Kim", "home@example.com", invite={})
        client = desk.add("Kim Lee", "home@example.com")
        found = diagnosis(desk, client)
        assert found["last_mails"] == []
        assert any("Another client signs in with this address" in sentence for sentence in found["advice"])

    def test_nothing_is_wrong(self, desk: Desk, portal: Portal, stage: Stage) -> None:
        client = desk.add("Kim Lee", "kim@example.com", invite={})
        portal.open_letter(stage.deliver()[0])
        assert diagnosis(desk, client)["advice"][-1] == (
            "At https://portal.example.com/willow, the client can ask for a new link, or sign in with a Pin Code that"
            " you read out."
        )


@pytest.mark.parametrize("query", [{"limit": "0"}, {"cursor": "../.."}])
def test_a_page_of_events_that_cannot_be_is_refused(desk: Desk, query: dict[str, str]) -> None:
    client = desk.add("Kim Lee")
    assert desk.ask("GET", "/clients/{client}/events", query=query, client=client).code == "body_invalid"
