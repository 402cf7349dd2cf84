"""The address by which a client signs in: saved, confirmed, changed."""

import pytest

from tests.api.scene import Answer, Clock, Desk, Portal, Stage


def save(desk: Desk, client: str, email: str, email_ok: object = True, **body: object) -> Answer:
    told = {"email": email, "email_ok": email_ok, **body}
    return desk.ask("PUT", "/clients/{client}/email", told, client=client)


def test_changing_the_address_of_a_live_sign_in_is_asked_about_first(desk: Desk, portal: Portal, stage: Stage) -> None:
    client = desk.add("Kim Lee", "old@example.com", invite={})
    portal.sign_in_by_pin("old@example.com", desk.pin(client).document["pin"])
    before = stage.items()["Clients"]
    asked = save(desk, client, "new@example.com")
    assert (asked.status, asked.code) == (409, "confirm_disable_and_resend")
    assert asked.document["title"] == "Update Client Portal access?"
    assert portal.session().status == 200
    assert stage.items()["Clients"] == before


def test_disable_and_resend_kills_what_was_live_and_invites_the_new_address(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    client = desk.add("Kim Lee", "old@example.com", invite={})
    (invitation,) = stage.deliver()
    portal.sign_in_by_pin("old@example.com", desk.pin(client).document["pin"])
    pin = desk.pin(client).document["pin"]
    stage.deliver()
    moved = save(desk, client, "new@example.com", disable_and_resend=True)
    assert moved.status == 200
    told = moved.document
    assert (told["email"], told["status"], told["email_status"], told["has_live_pin"]) == (
        "new@example.com",
        "invited",
        "queued",
        False,
    )
    assert [email["address"] for email in told["emails"]] == ["new@example.com"]
    assert portal.session().status == 401
    assert portal.open_letter(invitation).code == "link_expired"
    assert portal.sign_in_by_pin("old@example.com", pin).code == "pin_refused"
    assert portal.ask("request_link", "POST", "/sign-in", {"email": "old@example.com"}).code == "email_unknown"
    letters = {letter.to: letter for letter in stage.deliver()}
    assert set(letters) == {"old@example.com", "new@example.com"}
    assert "new@example.com" not in letters["old@example.com"].text
    assert portal.open_letter(letters["new@example.com"]).status == 200
    kinds = [event["kind"] for event in desk.events(client)]
    assert {"address_changed", "consent_changed", "access_disabled", "access_enabled"} <= set(kinds)


def test_the_same_address_again_confirms_it_and_says_who_and_when(desk: Desk, head: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    stage.promises()
    Clock.advance(60)
    confirmed = save(head, client, "KIM@example.com")
    assert confirmed.status == 200
    (email,) = confirmed.document["emails"]
    assert (email["address"], email["recorded_by"]) == ("KIM@example.com", "head-willow")
    assert email["recorded_at"] == "2026-03-03T12:01:00Z"
    assert confirmed.document["status"] == "invited"
    assert stage.promises() == []
    event = desk.events(client)[0]
    assert (event["kind"], event["reason"], event["actor"]) == ("consent_changed", "given", "head-willow")


def test_a_withdrawn_consent_stops_every_mail(desk: Desk, portal: Portal, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    stage.promises()
    assert save(desk, client, "kim@example.com", email_ok=False).status == 200
    assert desk.access(client)["emails"][0]["email_ok"] is False
    assert desk.ask("POST", "/clients/{client}/invitations", {}, client=client).code == "email_consent_required"
    assert portal.ask("request_link", "POST", "/sign-in", {"email": "kim@example.com"}).code == "no_mail_possible"
    pin = desk.pin(client)
    assert stage.deliver() == []
    assert portal.sign_in_by_pin("kim@example.com", pin.document["pin"]).status == 200


def test_the_new_address_needs_consent_to_be_invited(desk: Desk, portal: Portal) -> None:
    client = desk.add("Kim Lee", "old@example.com", invite={})
    portal.sign_in_by_pin("old@example.com", desk.pin(client).document["pin"])
    refused = save(desk, client, "new@example.com", email_ok=False, disable_and_resend=True)
    assert (refused.status, refused.code) == (422, "email_consent_required")
    assert portal.session().status == 200


def test_an_address_that_is_anothers_sign_in_is_not_taken(desk: Desk, portal: Portal) -> None:
    desk.add("Lee Kim", "lee@example.com", invite={})
    client = desk.add("Kim Lee", "kim@example.com", invite={})
    portal.sign_in_by_pin("kim@example.com", desk.pin(client).document["pin"])
    assert save(desk, client, "lee@example.com").code == "confirm_disable_and_resend"
    assert save(desk, client, "lee@example.com", disable_and_resend=True).code == "email_in_use"
    assert portal.session().status == 200
    nobody = desk.add("Jo Lee")
    assert save(desk, nobody, "lee@example.com").code == "email_in_use"


def test_without_a_sign_in_an_address_is_just_put_on_file(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "old@example.com")
    saved = save(desk, client, "new@example.com")
    assert (saved.status, saved.document["status"], saved.document["email"]) == (200, "none", "new@example.com")
    assert [email["address"] for email in saved.document["emails"]] == ["new@example.com"]
    assert stage.promises() == []
    invited = desk.ask("POST", "/clients/{client}/invitations", {}, client=client)
    assert invited.document["email"] == "new@example.com"


def test_an_address_saved_while_access_is_ended_is_the_one_invited_next(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    client = desk.add("Kim Lee", "old@example.com", invite={})
    desk.ask("DELETE", "/clients/{client}/portal-access", client=client)
    saved = save(desk, client, "new@example.com")
    assert (saved.status, saved.document["status"], saved.document["email"]) == (200, "disabled", "new@example.com")
    stage.promises()
    desk.ask("POST", "/clients/{client}/invitations", {}, client=client)
    letters = [letter for letter in stage.deliver() if "/link/" in letter.text]
    assert [letter.to for letter in letters] == ["new@example.com"]
    assert portal.open_letter(letters[0]).status == 200


def test_a_client_who_never_had_access_is_invited_if_that_is_asked_for(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee")
    saved = save(desk, client, "kim@example.com", disable_and_resend=True)
    assert saved.document["status"] == "invited"
    assert [job["kind"] for job in stage.promises()] == ["invitation"]


def test_a_mistyped_address_can_be_put_right_before_anyone_signed_in(desk: Desk, portal: Portal, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kmi@example.com", invite={})
    stage.bounce("kmi@example.com")
    stage.promises()
    assert save(desk, client, "kim@example.com").code == "confirm_disable_and_resend"
    save(desk, client, "kim@example.com", disable_and_resend=True)
    (letter,) = stage.deliver()
    assert letter.to == "kim@example.com"
    assert portal.open_letter(letter).status == 200


def test_a_change_whose_mail_could_not_be_promised_is_asked_for_again(
    desk: Desk, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = desk.add("Kim Lee", "old@example.com", invite={})
    stage.promises()
    with monkeypatch.context() as broken:
        stage.break_queue(broken)
        assert save(desk, client, "new@example.com", disable_and_resend=True).status == 503
    assert save(desk, client, "new@example.com", disable_and_resend=True).document["email_status"] == "queued"
    assert [job["kind"] for job in stage.promises()] == ["invitation"]


def test_an_address_has_to_be_one(desk: Desk) -> None:
    client = desk.add("Kim Lee")
    assert save(desk, client, "kim at example").code == "email_invalid"
    assert save(desk, client, "kim@example.com", email_ok=None).code == "body_invalid"
    assert save(desk, client, "kim@example.com\r\nBcc: all@example.com").code == "email_invalid"


def test_an_address_is_shown_as_it_was_saved_and_found_however_it_is_typed(desk: Desk, portal: Portal) -> None:
    client = desk.add("Kim Lee", "Kim.Lee@Example.COM", invite={})
    pin = desk.pin(client).document
    assert pin["email"] == "Kim.Lee@example.com"
    assert portal.sign_in_by_pin(" kim.lee@EXAMPLE.com ", pin["pin"]).status == 200
