"""Invitations: to whom, how often, in whose words; and what sharing does."""

from dataclasses import replace

import pytest

from latchkey.store import accounts
from tests.api.scene import Answer, Clock, Desk, Portal, Stage


def invite(desk: Desk, client: str, **body: object) -> Answer:
    return desk.ask("POST", "/clients/{client}/invitations", body, client=client)


def share(desk: Desk, client: str, **body: object) -> Answer:
    return desk.ask("POST", "/clients/{client}/shares", {"items": ["Intake form"]} | body, client=client)


def test_a_client_is_invited_later_and_the_banner_says_so_until_they_sign_in(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    client = desk.add("Kim Lee", "kim@example.com")
    assert desk.access(client)["status"] == "none"
    Clock.advance(3600)
    answer = invite(desk, client)
    assert answer.status == 201
    assert answer.document == desk.access(client)
    told = answer.document
    assert (told["status"], told["invited_at"], told["can_resend"]) == ("invited", "2026-03-03T13:00:00Z", True)
    assert told["banner"] == "Kim Lee hasn't signed in yet."
    (letter,) = stage.deliver()
    assert portal.open_letter(letter).status == 200
    told = desk.access(client)
    assert (told["status"], told["can_resend"], told["banner"]) == ("active", False, None)
    assert told["first_sign_in_at"] == told["last_sign_in_at"] == "2026-03-03T13:00:00Z"


def test_an_invitation_is_sent_again_until_the_first_sign_in_and_the_one_before_is_dead(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    (first,) = stage.deliver()
    Clock.advance(86_400)
    assert invite(desk, client, resend=True).document["invited_at"] == "2026-03-04T12:00:00Z"
    (second,) = stage.deliver()
    assert portal.open_letter(first).code == "link_replaced"
    assert portal.open_letter(second).status == 200
    for body in ({}, {"resend": True}):
        refused = invite(desk, client, **body)
        assert (refused.status, refused.code) == (409, "already_signed_in")
    assert stage.promises() == []


def test_after_a_disable_the_client_can_be_invited_again_and_nothing_from_before_works(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    (letter,) = stage.deliver()
    portal.open_letter(letter)
    pin = desk.pin(client).document["pin"]
    assert desk.ask("DELETE", "/clients/{client}/portal-access", client=client).status == 204
    assert portal.session().status == 401
    told = desk.access(client)
    assert (told["status"], told["has_live_pin"], told["can_resend"], told["banner"]) == (
        "disabled",
        False,
        False,
        None,
    )
    assert desk.pin(client).code == "no_access"
    assert invite(desk, client).status == 201
    assert desk.access(client)["status"] == "invited"
    assert portal.session().status == 401
    assert portal.sign_in_by_pin("kim@example.com", pin).code == "pin_refused"
    assert desk.ask("DELETE", "/clients/{client}/portal-access", client=client).status == 204
    assert desk.ask("DELETE", "/clients/{client}/portal-access", client=client).status == 204


def test_a_promised_invitation_is_not_sent_once_access_has_ended(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    desk.ask("DELETE", "/clients/{client}/portal-access", client=client)
    assert stage.deliver() == []


def test_an_invitation_can_be_worded_for_one_send(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com")
    told = {"subject": "See you on Friday", "message": "Hello {name},\nhere is your key.", "items": ["Plan", "Forms"]}
    assert invite(desk, client, **told).status == 201
    (letter,) = stage.deliver()
    assert letter.subject == "See you on Friday"
    assert "here is your key." in letter.text
    assert "Plan" in letter.text
    assert "Forms" in letter.html
    invite(desk, client)
    (plain,) = stage.deliver()
    assert plain.subject != letter.subject


def test_only_a_consented_address_of_the_clients_own_is_written_to(desk: Desk, stage: Stage) -> None:
    told = {
        "name": "Kim Lee",
        "emails": [{"address": "work@example.com"}, {"address": "home@example.com", "email_ok": True}],
    }
    client = desk.ask("POST", "/clients", told).document["id"]
    for email in ("work@example.com", "typed@example.com"):
        assert invite(desk, client, email=email).code == "email_consent_required"
    assert invite(desk, client, email="nobody").code == "email_invalid"
    assert stage.promises() == []
    assert invite(desk, client, email="HOME@example.com").document["email"] == "home@example.com"


def test_inviting_another_of_the_clients_addresses_ends_the_sign_in_by_the_one_before(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    client = desk.add("Kim Lee", "old@example.com", "new@example.com", invite={})
    (letter,) = stage.deliver()
    portal.open_letter(letter)
    answer = invite(desk, client, email="new@example.com")
    assert (answer.status, answer.document["status"], answer.document["email"]) == (201, "invited", "new@example.com")
    assert portal.session().status == 401
    letters = {letter.to: letter for letter in stage.deliver()}
    assert desk.pin(client).document["email"] == "new@example.com"
    assert "/link/" in letters["new@example.com"].text
    assert "/link/" not in letters["old@example.com"].text
    assert portal.open_letter(letters["new@example.com"]).status == 200


def test_one_address_is_one_clients_sign_in(desk: Desk) -> None:
    desk.add("Kim Lee", "home@example.com", invite={})
    other = desk.add("Lee Kim", "home@example.com")
    refused = invite(desk, other)
    assert (refused.status, refused.code) == (409, "email_in_use")
    taken = {"name": "Kim", "emails": [{"address": "HOME@example.com", "email_ok": True}], "invite": {}}
    assert desk.ask("POST", "/clients", taken).code == "email_in_use"
    assert Desk("dr-harbor", practice="harbor").add("Kim Lee", "home@example.com", invite={})


def test_an_ended_clients_address_can_become_anothers_and_stays_theirs(desk: Desk, portal: Portal) -> None:
    before = desk.add("Kim Lee", "home@example.com", invite={})
    portal.sign_in_by_pin("home@example.com", desk.pin(before).document["pin"])
    desk.ask("DELETE", "/clients/{client}/portal-access", client=before)
    after = desk.add("Lee Kim", "home@example.com", invite={})
    assert desk.access(before)["status"] == "disabled"
    assert desk.access(after)["status"] == "invited"
    assert desk.access(after)["first_sign_in_at"] is None
    # what is done about the one does not touch the other
    assert desk.pin(before).code == "no_access"
    desk.ask("DELETE", "/clients/{client}/portal-access", client=before)
    desk.ask("DELETE", "/clients/{client}/sessions", client=before)
    portal.sign_in_by_pin("home@example.com", desk.pin(after).document["pin"])
    assert [profile["id"] for profile in portal.session().document["profiles"]] == [after]
    assert invite(desk, before).code == "email_in_use"
    desk.ask("DELETE", "/clients/{client}", client=before)
    assert portal.session().status == 200


def test_an_address_that_bounced_is_confirmed_before_it_is_written_to_again(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    stage.bounce("kim@example.com")
    assert desk.access(client)["email_status"] == "bounced"
    refused = invite(desk, client, resend=True)
    assert (refused.status, refused.code) == (409, "address_suppressed")
    stage.promises()
    confirmed = desk.ask(
        "PUT", "/clients/{client}/email", {"email": "kim@example.com", "email_ok": True}, client=client
    )
    assert confirmed.document["email_status"] == "none"
    assert stage.promises() == []
    assert invite(desk, client, resend=True).document["email_status"] == "queued"
    assert [letter.to for letter in stage.deliver()] == ["kim@example.com"]


def test_thirty_a_minute_are_enough_for_anyone(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com")
    for _ in range(30):
        assert invite(desk, client).status == 201
    refused = invite(desk, client)
    assert (refused.status, refused.code) == (429, "wait")
    assert 0 < int(refused.headers["retry-after"]) == refused.document["retry_after"] <= 60
    assert desk.pin(client).status == 429
    assert "limit_hit" in [row["kind"]["S"] for row in stage.items()["Events"]]
    assert Desk("head-willow").pin(client).status == 201
    Clock.advance(60)
    assert invite(desk, client).status == 201


def test_what_is_refused_is_not_counted(desk: Desk) -> None:
    client = desk.add("Kim Lee", "kim@example.com")
    for _ in range(35):
        assert invite(desk, client, email="typed@example.com").status == 422


def test_a_queue_that_does_not_answer_is_told_and_asking_again_works(
    desk: Desk, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = desk.add("Kim Lee", "kim@example.com")
    with monkeypatch.context() as broken:
        stage.break_queue(broken)
        for ask in (invite, share):
            answer = ask(desk, client)
            assert (answer.status, answer.code) == (503, "unavailable")
            assert desk.access(client)["email_status"] == "none"
    assert share(desk, client, dry_run=True).document["grants_access"] is True
    assert share(desk, client).status == 201
    assert [job["kind"] for job in stage.promises()] == ["invitation"]
    assert share(desk, client).document["grants_access"] is False


def test_sharing_gives_access_and_tells_so_beforehand(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com")
    dry = share(desk, client, dry_run=True)
    assert (dry.status, dry.document["grants_access"], dry.document["items"]) == (200, True, [])
    assert dry.document["banner"] == "Kim Lee will also receive Client Portal access."
    assert desk.access(client)["status"] == "none"
    assert stage.promises() == []
    done = share(desk, client)
    assert (done.status, done.document["grants_access"], done.document["items"]) == (201, True, ["Intake form"])
    assert desk.access(client)["status"] == "invited"
    (letter,) = stage.deliver()
    assert "Intake form" in letter.text
    more = share(desk, client, items=["Plan"])
    assert (more.status, more.document["grants_access"], more.document["banner"]) == (201, False, None)
    assert more.document["items"] == ["Intake form", "Plan"]
    assert stage.promises() == []


def test_sharing_with_someone_whose_access_was_ended_does_not_give_it_back(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    desk.ask("DELETE", "/clients/{client}/portal-access", client=client)
    stage.promises()
    assert share(desk, client).document["grants_access"] is False
    assert desk.access(client)["status"] == "disabled"
    assert stage.promises() == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_sharing_needs_consent_where_it_gives_access(desk: Desk, dry_run: bool) -> None:
    client = desk.add("Kim Lee")
    assert share(desk, client, dry_run=dry_run).code == "email_consent_required"


def test_sharing_nothing_is_no_sharing(desk: Desk) -> None:
    client = desk.add("Kim Lee", "kim@example.com")
    for items in ([], [""], None, "form"):
        assert share(desk, client, items=items).code == "body_invalid"


def test_signing_out_everywhere_leaves_the_client_their_sign_in(desk: Desk, portal: Portal) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    portal.sign_in_by_pin("kim@example.com", desk.pin(client).document["pin"])
    assert desk.ask("DELETE", "/clients/{client}/sessions", client=client).status == 204
    assert portal.session().status == 401
    assert desk.access(client)["status"] == "active"
    portal.sign_in_by_pin("kim@example.com", desk.pin(client).document["pin"])
    assert portal.session().status == 200


def test_a_status_is_shown_as_suppressed_where_no_mail_goes_out(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    stage.bounce("kim@example.com", status="sent")
    assert desk.access(client)["email_status"] == "suppressed"


def test_another_google_account_can_sign_in_once_the_old_one_is_unbound(desk: Desk) -> None:
    client = desk.add("Kim Lee", "kim@gmail.com", invite={})
    key = accounts.key_of("willow", "kim@gmail.com")
    bound = accounts.find(key)
    assert bound
    accounts.save(replace(bound, identities={"google": "digest of an account"}))
    for _ in range(2):
        assert desk.ask("DELETE", "/clients/{client}/google", client=client).status == 204
        after = accounts.find(key)
        assert after
        assert after.identities == {}
    assert [event["kind"] for event in desk.events(client)].count("google_unbound") == 1
