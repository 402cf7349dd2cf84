"""Guardians, partners and contacts: whose profiles someone may open by a sign-in of their own."""

from dataclasses import replace

from latchkey.store import accounts
from tests.api.scene import Answer, Clock, Desk, Portal, Stage


def grant(
    desk: Desk, client: str, name: str, email: str, email_ok: bool | None = True, relation: str = "guardian"
) -> Answer:
    told = {"name": name, "email": email, "relation": relation} | ({} if email_ok is None else {"email_ok": email_ok})
    return desk.ask("POST", "/clients/{client}/contacts", told, client=client)


def revoke(desk: Desk, client: str, contact: str) -> Answer:
    return desk.ask("DELETE", "/clients/{client}/contacts/{contact}", client=client, contact=contact)


def asks_for_a_link(portal: Portal, stage: Stage, email: str) -> list[str]:
    """Whom mail goes to when someone asks for a link, some minutes later than the last one. If to nobody, they are told
    so (B157)."""
    Clock.advance(6 * 60)
    answer = portal.ask("request_link", "POST", "/sign-in", {"email": email})
    mailed = [letter.to for letter in stage.deliver()]
    assert answer.status == 202 if mailed else answer.code == "no_mail_possible"
    return mailed


def status_of(desk: Desk, client: str) -> tuple[bool, str]:
    """Consent of the client's only contact, and what became of the newest mail to them."""
    (told,) = desk.ask("GET", "/clients/{client}/contacts", client=client).document["contacts"]
    assert desk.ask("GET", "/clients/{client}/contacts/{contact}", client=client, contact=told["id"]).document == told
    return told["email_ok"], told["email_status"]


def pin_for(desk: Desk, client: str, contact: str) -> str:
    answer = desk.pin(client, contact=contact)
    assert answer.status == 201, answer.body
    return str(answer.document["pin"])


def test_a_guardian_of_two_minors_chooses_between_them_and_loses_one_at_once(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    leo, emma = desk.add("Leo Gomez", kind="minor"), desk.add("Emma Gomez", kind="minor")
    first = grant(desk, leo, "Maria Gomez", "maria@example.com")
    assert first.status == 201
    told = first.document
    assert (told["name"], told["email"], told["email_ok"], told["relation"]) == (
        "Maria Gomez",
        "maria@example.com",
        True,
        "guardian",
    )
    grant(desk, emma, "Maria Gomez", "Maria@example.com")
    (letter,) = stage.deliver()
    portal.open_letter(letter)
    profiles = portal.session().document["profiles"]
    assert {(profile["id"], profile["kind"]) for profile in profiles} == {(leo, "minor"), (emma, "minor")}
    assert portal.session().document["profile"] is None

    assert portal.choose(leo).status == 200
    assert portal.session().document["profile"] == leo
    assert revoke(desk, leo, told["id"]).status == 204
    assert portal.session().status == 401

    portal.sign_in_by_pin("maria@example.com", desk.pin(emma, contact=contact_of(desk, emma)).document["pin"])
    assert [profile["id"] for profile in portal.session().document["profiles"]] == [emma]
    assert portal.choose(leo).status == 404


def test_losing_a_profile_that_is_not_open_leaves_the_session(desk: Desk, portal: Portal, stage: Stage) -> None:
    leo, emma = desk.add("Leo Gomez", kind="minor"), desk.add("Emma Gomez", kind="minor")
    contact = grant(desk, leo, "Maria Gomez", "maria@example.com").document["id"]
    grant(desk, emma, "Maria Gomez", "maria@example.com")
    portal.open_letter(stage.deliver()[0])
    portal.choose(emma)
    revoke(desk, leo, contact)
    assert portal.session().document["profile"] == emma


def test_whoever_loses_the_last_profile_cannot_sign_in_any_more(desk: Desk, portal: Portal, stage: Stage) -> None:
    leo = desk.add("Leo Gomez", kind="minor")
    contact = grant(desk, leo, "Maria Gomez", "maria@example.com").document["id"]
    portal.open_letter(stage.deliver()[0])
    assert revoke(desk, leo, contact).status == 204
    assert portal.session().status == 401
    assert portal.ask("request_link", "POST", "/sign-in", {"email": "maria@example.com"}).code == "email_unknown"
    again = grant(desk, leo, "Maria Gomez", "maria@example.com")
    assert again.status == 201
    assert portal.session().status == 401
    assert [job["kind"] for job in stage.promises()] == ["invitation"]


def test_a_client_who_is_a_guardian_too_has_their_own_profile_and_the_childs(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    maria = desk.add("Maria Gomez", "maria@example.com", invite={})
    leo = desk.add("Leo Gomez", kind="minor")
    portal.open_letter(stage.deliver()[0])
    contact = grant(desk, leo, "Maria", "maria@example.com").document["id"]
    assert stage.promises() == []
    names = {profile["name"] for profile in portal.session().document["profiles"]}
    assert names == {"Maria Gomez", "Leo Gomez"}
    assert desk.access(maria)["status"] == "active"
    assert desk.access(leo)["status"] == "none"
    revoke(desk, leo, contact)
    assert [profile["name"] for profile in portal.session().document["profiles"]] == ["Maria Gomez"]


def test_a_couple_is_opened_by_both_partners(desk: Desk, stage: Stage) -> None:
    couple = desk.add("Kim & Lee", kind="couple")
    browsers = {}
    for name in ("kim", "lee"):
        grant(desk, couple, name.title(), f"{name}@example.com", relation="partner")
        browsers[name] = Portal(stage)
        browsers[name].open_letter(stage.deliver()[0])
        (profile,) = browsers[name].session().document["profiles"]
        assert (profile["id"], profile["kind"]) == (couple, "couple")
    (kim, lee) = desk.ask("GET", "/clients/{client}/contacts", client=couple).document["contacts"]
    revoke(desk, couple, kim["id"])
    assert browsers["kim"].session().status == 401
    assert browsers["lee"].session().status == 200
    assert desk.ask("GET", "/clients/{client}/contacts/{contact}", client=couple, contact=kim["id"]).status == 404
    told = desk.ask("GET", "/clients/{client}/contacts/{contact}", client=couple, contact=lee["id"])
    assert told.document == lee


def test_a_contact_without_consent_gets_no_mail_and_signs_in_by_pin(desk: Desk, portal: Portal, stage: Stage) -> None:
    leo = desk.add("Leo Gomez", kind="minor")
    contact = grant(desk, leo, "Maria Gomez", "maria@example.com", email_ok=False).document["id"]
    pin = pin_for(desk, leo, contact)
    assert stage.deliver() == []
    assert portal.sign_in_by_pin("maria@example.com", pin).status == 200


def test_the_same_address_again_changes_the_contact(desk: Desk, stage: Stage) -> None:
    leo = desk.add("Leo Gomez", kind="minor")
    first = grant(desk, leo, "Maria", "maria@example.com", email_ok=False).document
    assert stage.promises() == []
    second = grant(desk, leo, "Maria Gomez", "maria@example.com").document
    assert second["id"] == first["id"]
    assert [job["kind"] for job in stage.promises()] == ["invitation"]
    contacts = desk.ask("GET", "/clients/{client}/contacts", client=leo).document["contacts"]
    assert [one["name"] for one in contacts] == ["Maria Gomez"]


def test_a_contact_takes_their_consent_back_and_gives_it_again(desk: Desk, portal: Portal, stage: Stage) -> None:
    leo = desk.add("Leo Gomez", kind="minor")
    grant(desk, leo, "Maria Gomez", "maria@example.com")
    stage.deliver()
    for email_ok, reason, mailed in ((False, "withdrawn", []), (True, "given", ["maria@example.com"])):
        told = grant(desk, leo, "Maria Gomez", "maria@example.com", email_ok)
        assert told.document["email_ok"] is email_ok
        changes = [event for event in desk.events(leo) if event["kind"] == "consent_changed"]
        assert (changes[0]["reason"], changes[0]["actor"]) == (reason, desk.subject)
        assert asks_for_a_link(portal, stage, "maria@example.com") == mailed
        desk.pin(leo, contact=told.document["id"])
        assert [letter.to for letter in stage.deliver()] == mailed
    assert len(changes) == 2


def test_the_last_word_on_consent_counts_for_every_child_and_saying_nothing_is_none(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    leo, emma = desk.add("Leo Gomez", kind="minor"), desk.add("Emma Gomez", kind="minor")
    assert grant(desk, leo, "Maria", "maria@example.com", None).document["email_ok"] is False
    grant(desk, leo, "Maria", "maria@example.com")
    stage.deliver()
    assert grant(desk, emma, "Maria", "maria@example.com", None).document["email_ok"] is True
    assert asks_for_a_link(portal, stage, "maria@example.com") == ["maria@example.com"]
    grant(desk, emma, "Maria", "maria@example.com", email_ok=False)
    assert asks_for_a_link(portal, stage, "maria@example.com") == []


def test_a_clients_own_consent_is_not_changed_by_a_contacts_entry(desk: Desk, portal: Portal, stage: Stage) -> None:
    maria = desk.add("Maria Gomez", "maria@example.com", invite={})
    leo = desk.add("Leo Gomez", kind="minor")
    stage.deliver()
    for own, mailed in ((True, ["maria@example.com"]), (False, [])):
        told = {"email": "maria@example.com", "email_ok": own}
        desk.ask("PUT", "/clients/{client}/email", told, client=maria)
        before = consents(desk, maria)
        grant(desk, leo, "Maria", "maria@example.com", email_ok=not own)
        assert consents(desk, maria) == before
        assert desk.access(maria)["emails"][0]["email_ok"] is own
        assert asks_for_a_link(portal, stage, "maria@example.com") == mailed


def test_an_address_that_mail_came_back_from_is_shown_and_confirmed_by_the_same_contact_again(
    desk: Desk, portal: Portal, stage: Stage
) -> None:
    leo, emma = desk.add("Leo Gomez", kind="minor"), desk.add("Emma Gomez", kind="minor")
    assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "queued"
    stage.deliver()
    assert status_of(desk, leo) == (True, "sent")
    stage.bounce("maria@example.com")
    assert status_of(desk, leo) == (True, "bounced")
    # neither someone else's entry, nor one that was taken away and made anew, is word that the address is right
    assert grant(desk, emma, "Maria", "maria@example.com").document["email_status"] == "bounced"
    revoke(desk, emma, contact_of(desk, emma))
    revoke(desk, leo, contact_of(desk, leo))
    assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "bounced"
    assert grant(desk, leo, "Maria", "maria@example.com", email_ok=False).document["email_status"] == "bounced"
    assert asks_for_a_link(portal, stage, "maria@example.com") == []
    # nobody has signed in yet: confirmed, they are invited once more
    assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "queued"
    (letter,) = stage.deliver()
    portal.open_letter(letter)
    stage.bounce("maria@example.com", "complained")
    assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "none"
    assert stage.promises() == []
    assert asks_for_a_link(Portal(stage), stage, "maria@example.com") == ["maria@example.com"]


def test_a_clients_own_address_is_confirmed_by_no_contacts_entry(desk: Desk, stage: Stage) -> None:
    maria = desk.add("Maria Gomez", "maria@example.com", invite={})
    leo = desk.add("Leo Gomez", kind="minor")
    stage.bounce("maria@example.com")
    for _ in range(2):
        assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "bounced"
    assert desk.access(maria)["email_status"] == "bounced"


def test_whose_contact_ends_and_begins_anew_may_bring_another_google_account(desk: Desk) -> None:
    leo, emma = desk.add("Leo Gomez", kind="minor"), desk.add("Emma Gomez", kind="minor")
    key = accounts.key_of("willow", "maria@gmail.com")
    contacts = [(child, grant(desk, child, "Maria", "maria@gmail.com").document["id"]) for child in (leo, emma)]
    account = accounts.find(key)
    assert account
    accounts.save(replace(account, identities={"google": "first"}))
    bound = []
    for child, contact in contacts:
        revoke(desk, child, contact)
        account = accounts.find(key)
        assert account
        bound.append(account.identities.get("google"))
    assert bound == ["first", None]
    grant(desk, leo, "Maria", "maria@gmail.com")
    account = accounts.find(key)
    assert account
    assert (account.identities, account.may_sign_in) == ({}, True)


def test_a_contacts_address_can_become_a_clients_own_and_the_other_way_round(desk: Desk, portal: Portal) -> None:
    leo = desk.add("Leo Gomez", kind="minor")
    contact = grant(desk, leo, "Maria", "maria@example.com").document["id"]
    portal.sign_in_by_pin("maria@example.com", pin_for(desk, leo, contact))
    maria = desk.add("Maria Gomez", "maria@example.com", invite={})
    assert desk.access(maria)["status"] == "active"
    assert {profile["id"] for profile in portal.session().document["profiles"]} == {leo, maria}
    other = {"name": "Not Maria", "emails": [{"address": "maria@example.com", "email_ok": True}], "invite": {}}
    assert desk.ask("POST", "/clients", other).code == "email_in_use"


def test_ending_a_clients_own_access_ends_what_else_their_address_opens_until_it_is_given_again(
    desk: Desk, portal: Portal
) -> None:
    maria = desk.add("Maria Gomez", "maria@example.com", invite={})
    leo, emma = desk.add("Leo Gomez", kind="minor"), desk.add("Emma Gomez", kind="minor")
    contact = grant(desk, leo, "Maria", "maria@example.com").document["id"]
    desk.ask("DELETE", "/clients/{client}/portal-access", client=maria)
    assert desk.pin(leo, contact=contact).code == "no_access"
    # a new grant gives the children back, and not her own profile, which was ended
    contact = grant(desk, emma, "Maria", "maria@example.com").document["id"]
    portal.sign_in_by_pin("maria@example.com", pin_for(desk, emma, contact))
    assert {profile["id"] for profile in portal.session().document["profiles"]} == {leo, emma}
    assert desk.access(maria)["status"] == "disabled"
    desk.ask("POST", "/clients/{client}/invitations", {}, client=maria)
    assert {profile["id"] for profile in portal.session().document["profiles"]} == {leo, emma, maria}


def test_moving_a_guardians_own_address_leaves_the_childs_profile_with_the_old_one(desk: Desk, portal: Portal) -> None:
    maria = desk.add("Maria Gomez", "old@example.com", invite={})
    leo = desk.add("Leo Gomez", kind="minor")
    contact = grant(desk, leo, "Maria", "old@example.com").document["id"]
    portal.sign_in_by_pin("old@example.com", desk.pin(maria).document["pin"])
    told = {"email": "new@example.com", "email_ok": True, "disable_and_resend": True}
    desk.ask("PUT", "/clients/{client}/email", told, client=maria)
    assert portal.session().status == 401
    portal.sign_in_by_pin("old@example.com", pin_for(desk, leo, contact))
    assert [profile["id"] for profile in portal.session().document["profiles"]] == [leo]


def test_an_erased_child_is_nobodys_profile(desk: Desk, portal: Portal) -> None:
    leo, emma = desk.add("Leo Gomez", kind="minor"), desk.add("Emma Gomez", kind="minor")
    grant(desk, leo, "Maria", "maria@example.com")
    contact = grant(desk, emma, "Maria", "maria@example.com").document["id"]
    portal.sign_in_by_pin("maria@example.com", pin_for(desk, emma, contact))
    portal.choose(emma)
    desk.ask("DELETE", "/clients/{client}", client=leo)
    assert [profile["id"] for profile in portal.session().document["profiles"]] == [emma]


def test_a_contact_is_one_of_this_client(desk: Desk) -> None:
    leo, emma = desk.add("Leo Gomez", kind="minor"), desk.add("Emma Gomez", kind="minor")
    contact = grant(desk, leo, "Maria", "maria@example.com").document["id"]
    assert revoke(desk, emma, contact).status == 404
    assert desk.pin(emma, contact=contact).status == 404
    assert desk.pin(leo, contact="nobody").status == 400


def test_there_is_an_end_to_contacts(desk: Desk) -> None:
    leo = desk.add("Leo Gomez", kind="minor")
    for number in range(20):
        Clock.advance(3)
        assert grant(desk, leo, "Someone", f"someone{number}@example.com", email_ok=False).status == 201
    assert grant(desk, leo, "Someone", "else@example.com").code == "body_invalid"
    assert grant(desk, leo, "Someone", "someone3@example.com").status == 201


def consents(desk: Desk, client: str) -> list[str]:
    """Reasons of what was written down about consent."""
    return [event["reason"] for event in desk.events(client) if event["kind"] == "consent_changed"]


def contact_of(desk: Desk, client: str) -> str:
    return str(desk.ask("GET", "/clients/{client}/contacts", client=client).document["contacts"][0]["id"])
