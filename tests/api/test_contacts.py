"""Guardians, partners and contacts: whose profiles someone may open by a sign-in of their own."""

from dataclasses import replace

from latchkey.store import accounts
from tests.api.cloud import MinistackCloud, link_in
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.http_response import HttpResponse


def grant(
    desk: ClinicianApi, client: str, name: str, email: str, email_ok: bool | None = True, relation: str = "guardian"
) -> HttpResponse:
    fields = {"name": name, "email": email, "relation": relation} | ({} if email_ok is None else {"email_ok": email_ok})
    return desk.request("POST", "/clients/{client}/contacts", fields, client=client)


def revoke(desk: ClinicianApi, client: str, contact: str) -> HttpResponse:
    return desk.request("DELETE", "/clients/{client}/contacts/{contact}", client=client, contact=contact)


def asks_for_a_link(browser: Browser, cloud: MinistackCloud, email: str) -> list[str]:
    """Whom mail goes to when someone asks for a link, some minutes later than the last one. If to nobody, they are told
    so (B157)."""
    cloud.clock.advance(6 * 60)
    answer = browser.request_link(email)
    mailed = [letter.to for letter in cloud.deliver()]
    assert answer.status == 202 if mailed else answer.code == "no_mail_possible"
    return mailed


def status_of(desk: ClinicianApi, client: str) -> tuple[bool, str]:
    """Consent of the client's only contact, and what became of the newest mail to them."""
    (fields,) = desk.request("GET", "/clients/{client}/contacts", client=client).document["contacts"]
    assert (
        desk.request("GET", "/clients/{client}/contacts/{contact}", client=client, contact=fields["id"]).document
        == fields
    )
    return fields["email_ok"], fields["email_status"]


def pin_for(desk: ClinicianApi, client: str, contact: str) -> str:
    answer = desk.create_pin(client, contact=contact)
    assert answer.status == 201, answer.body
    return str(answer.document["pin"])


def test_a_guardian_of_two_minors_chooses_between_them_and_loses_one_at_once(
    desk: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo, emma = desk.add_client("Leo Gomez", kind="minor"), desk.add_client("Emma Gomez", kind="minor")
    first = grant(desk, leo, "Maria Gomez", "maria@example.com")
    assert first.status == 201
    fields = first.document
    assert (fields["name"], fields["email"], fields["email_ok"], fields["relation"]) == (
        "Maria Gomez",
        "maria@example.com",
        True,
        "guardian",
    )
    grant(desk, emma, "Maria Gomez", "Maria@example.com")
    (letter,) = cloud.deliver()
    browser.post(link_in(letter))
    profiles = browser.get("/willow/session").document["profiles"]
    assert {(profile["id"], profile["kind"]) for profile in profiles} == {(leo, "minor"), (emma, "minor")}
    assert browser.get("/willow/session").document["profile"] is None

    assert browser.post("/willow/profiles", {"profile": leo}).status == 200
    assert browser.get("/willow/session").document["profile"] == leo
    assert revoke(desk, leo, fields["id"]).status == 204
    assert browser.get("/willow/session").status == 401

    browser.enter_pin("maria@example.com", desk.create_pin(emma, contact=contact_of(desk, emma)).document["pin"])
    assert [profile["id"] for profile in browser.get("/willow/session").document["profiles"]] == [emma]
    assert browser.post("/willow/profiles", {"profile": leo}).status == 404


def test_losing_a_profile_that_is_not_open_leaves_the_session(
    desk: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo, emma = desk.add_client("Leo Gomez", kind="minor"), desk.add_client("Emma Gomez", kind="minor")
    contact = grant(desk, leo, "Maria Gomez", "maria@example.com").document["id"]
    grant(desk, emma, "Maria Gomez", "maria@example.com")
    browser.post(link_in(cloud.deliver()[0]))
    browser.post("/willow/profiles", {"profile": emma})
    revoke(desk, leo, contact)
    assert browser.get("/willow/session").document["profile"] == emma


def test_a_contact_who_loses_the_last_profile_cannot_sign_in_any_more(
    desk: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo = desk.add_client("Leo Gomez", kind="minor")
    contact = grant(desk, leo, "Maria Gomez", "maria@example.com").document["id"]
    browser.post(link_in(cloud.deliver()[0]))
    assert revoke(desk, leo, contact).status == 204
    assert browser.get("/willow/session").status == 401
    assert browser.request_link("maria@example.com").code == "email_unknown"
    repeated = grant(desk, leo, "Maria Gomez", "maria@example.com")
    assert repeated.status == 201
    assert browser.get("/willow/session").status == 401
    assert [job["kind"] for job in cloud.take_jobs()] == ["invitation"]


def test_a_client_who_is_a_guardian_too_has_their_own_profile_and_the_childs(
    desk: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    maria = desk.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = desk.add_client("Leo Gomez", kind="minor")
    browser.post(link_in(cloud.deliver()[0]))
    contact = grant(desk, leo, "Maria", "maria@example.com").document["id"]
    assert cloud.take_jobs() == []
    names = {profile["name"] for profile in browser.get("/willow/session").document["profiles"]}
    assert names == {"Maria Gomez", "Leo Gomez"}
    assert desk.access(maria)["status"] == "active"
    assert desk.access(leo)["status"] == "none"
    revoke(desk, leo, contact)
    assert [profile["name"] for profile in browser.get("/willow/session").document["profiles"]] == ["Maria Gomez"]


def test_a_couple_is_opened_by_both_partners(desk: ClinicianApi, cloud: MinistackCloud) -> None:
    couple = desk.add_client("Kim & Lee", kind="couple")
    browsers = {}
    for name in ("kim", "lee"):
        grant(desk, couple, name.title(), f"{name}@example.com", relation="partner")
        browsers[name] = cloud.browser()
        browsers[name].post(link_in(cloud.deliver()[0]))
        (profile,) = browsers[name].get("/willow/session").document["profiles"]
        assert (profile["id"], profile["kind"]) == (couple, "couple")
    (kim, lee) = desk.request("GET", "/clients/{client}/contacts", client=couple).document["contacts"]
    revoke(desk, couple, kim["id"])
    assert browsers["kim"].get("/willow/session").status == 401
    assert browsers["lee"].get("/willow/session").status == 200
    assert desk.request("GET", "/clients/{client}/contacts/{contact}", client=couple, contact=kim["id"]).status == 404
    fields = desk.request("GET", "/clients/{client}/contacts/{contact}", client=couple, contact=lee["id"])
    assert fields.document == lee


def test_a_contact_without_consent_gets_no_mail_and_signs_in_by_pin(
    desk: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo = desk.add_client("Leo Gomez", kind="minor")
    contact = grant(desk, leo, "Maria Gomez", "maria@example.com", email_ok=False).document["id"]
    pin = pin_for(desk, leo, contact)
    assert cloud.deliver() == []
    assert browser.enter_pin("maria@example.com", pin).status == 200


def test_a_repeated_address_changes_the_contact(desk: ClinicianApi, cloud: MinistackCloud) -> None:
    leo = desk.add_client("Leo Gomez", kind="minor")
    first = grant(desk, leo, "Maria", "maria@example.com", email_ok=False).document
    assert cloud.take_jobs() == []
    second = grant(desk, leo, "Maria Gomez", "maria@example.com").document
    assert second["id"] == first["id"]
    assert [job["kind"] for job in cloud.take_jobs()] == ["invitation"]
    contacts = desk.request("GET", "/clients/{client}/contacts", client=leo).document["contacts"]
    assert [one["name"] for one in contacts] == ["Maria Gomez"]


def test_a_contact_takes_their_consent_back_and_restores_it(
    desk: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo = desk.add_client("Leo Gomez", kind="minor")
    grant(desk, leo, "Maria Gomez", "maria@example.com")
    cloud.deliver()
    for email_ok, reason, mailed in ((False, "withdrawn", []), (True, "given", ["maria@example.com"])):
        fields = grant(desk, leo, "Maria Gomez", "maria@example.com", email_ok)
        assert fields.document["email_ok"] is email_ok
        changes = [event for event in desk.events(leo) if event["kind"] == "consent_changed"]
        assert (changes[0]["reason"], changes[0]["actor"]) == (reason, "dr-willow")
        assert asks_for_a_link(browser, cloud, "maria@example.com") == mailed
        desk.create_pin(leo, contact=fields.document["id"])
        assert [letter.to for letter in cloud.deliver()] == mailed
    assert len(changes) == 2


def test_the_last_word_on_consent_counts_for_every_child_and_saying_nothing_is_none(
    desk: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo, emma = desk.add_client("Leo Gomez", kind="minor"), desk.add_client("Emma Gomez", kind="minor")
    assert grant(desk, leo, "Maria", "maria@example.com", None).document["email_ok"] is False
    grant(desk, leo, "Maria", "maria@example.com")
    cloud.deliver()
    assert grant(desk, emma, "Maria", "maria@example.com", None).document["email_ok"] is True
    assert asks_for_a_link(browser, cloud, "maria@example.com") == ["maria@example.com"]
    grant(desk, emma, "Maria", "maria@example.com", email_ok=False)
    assert asks_for_a_link(browser, cloud, "maria@example.com") == []


def test_a_clients_own_consent_is_not_changed_by_a_contacts_entry(
    desk: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    maria = desk.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = desk.add_client("Leo Gomez", kind="minor")
    cloud.deliver()
    for own, mailed in ((True, ["maria@example.com"]), (False, [])):
        fields = {"email": "maria@example.com", "email_ok": own}
        desk.request("PUT", "/clients/{client}/email", fields, client=maria)
        before = consents(desk, maria)
        grant(desk, leo, "Maria", "maria@example.com", email_ok=not own)
        assert consents(desk, maria) == before
        assert desk.access(maria)["emails"][0]["email_ok"] is own
        assert asks_for_a_link(browser, cloud, "maria@example.com") == mailed


def test_an_address_that_mail_came_back_from_is_shown_and_confirmed_by_a_repeated_contact(
    desk: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo, emma = desk.add_client("Leo Gomez", kind="minor"), desk.add_client("Emma Gomez", kind="minor")
    assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "queued"
    cloud.deliver()
    assert status_of(desk, leo) == (True, "sent")
    cloud.bounce("maria@example.com")
    assert status_of(desk, leo) == (True, "bounced")
    # neither someone else's entry, nor one that was taken away and made anew, is word that the address is right
    assert grant(desk, emma, "Maria", "maria@example.com").document["email_status"] == "bounced"
    revoke(desk, emma, contact_of(desk, emma))
    revoke(desk, leo, contact_of(desk, leo))
    assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "bounced"
    assert grant(desk, leo, "Maria", "maria@example.com", email_ok=False).document["email_status"] == "bounced"
    assert asks_for_a_link(browser, cloud, "maria@example.com") == []
    # nobody has signed in yet: confirmed, they are invited once more
    assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "queued"
    (letter,) = cloud.deliver()
    browser.post(link_in(letter))
    cloud.bounce("maria@example.com", "complained")
    assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "none"
    assert cloud.take_jobs() == []
    assert asks_for_a_link(cloud.browser(), cloud, "maria@example.com") == ["maria@example.com"]


def test_a_clients_own_address_is_confirmed_by_no_contacts_entry(desk: ClinicianApi, cloud: MinistackCloud) -> None:
    maria = desk.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = desk.add_client("Leo Gomez", kind="minor")
    cloud.bounce("maria@example.com")
    for _ in range(2):
        assert grant(desk, leo, "Maria", "maria@example.com").document["email_status"] == "bounced"
    assert desk.access(maria)["email_status"] == "bounced"


def test_a_contact_who_is_removed_and_added_anew_may_bring_another_google_account(desk: ClinicianApi) -> None:
    leo, emma = desk.add_client("Leo Gomez", kind="minor"), desk.add_client("Emma Gomez", kind="minor")
    key = accounts.key_of("willow", "maria@gmail.com")
    contacts = [(child, grant(desk, child, "Maria", "maria@gmail.com").document["id"]) for child in (leo, emma)]
    account = accounts.find(key)
    assert account
    accounts.save(replace(account, identities={"google": "first"}))
    linked = []
    for child, contact in contacts:
        revoke(desk, child, contact)
        account = accounts.find(key)
        assert account
        linked.append(account.identities.get("google"))
    assert linked == ["first", None]
    grant(desk, leo, "Maria", "maria@gmail.com")
    account = accounts.find(key)
    assert account
    assert (account.identities, account.may_sign_in) == ({}, True)


def test_a_contacts_address_can_become_a_clients_own_and_the_other_way_round(
    desk: ClinicianApi, browser: Browser
) -> None:
    leo = desk.add_client("Leo Gomez", kind="minor")
    contact = grant(desk, leo, "Maria", "maria@example.com").document["id"]
    browser.enter_pin("maria@example.com", pin_for(desk, leo, contact))
    maria = desk.add_client("Maria Gomez", "maria@example.com", invite={})
    assert desk.access(maria)["status"] == "active"
    assert {profile["id"] for profile in browser.get("/willow/session").document["profiles"]} == {leo, maria}
    other = {"name": "Not Maria", "emails": [{"address": "maria@example.com", "email_ok": True}], "invite": {}}
    assert desk.request("POST", "/clients", other).code == "email_in_use"


def test_disabling_a_clients_own_access_ends_what_else_their_address_opens_until_it_is_restored(
    desk: ClinicianApi, browser: Browser
) -> None:
    maria = desk.add_client("Maria Gomez", "maria@example.com", invite={})
    leo, emma = desk.add_client("Leo Gomez", kind="minor"), desk.add_client("Emma Gomez", kind="minor")
    contact = grant(desk, leo, "Maria", "maria@example.com").document["id"]
    desk.request("DELETE", "/clients/{client}/portal-access", client=maria)
    assert desk.create_pin(leo, contact=contact).code == "no_access"
    # a new grant gives the children back, and not her own profile, which was ended
    contact = grant(desk, emma, "Maria", "maria@example.com").document["id"]
    browser.enter_pin("maria@example.com", pin_for(desk, emma, contact))
    assert {profile["id"] for profile in browser.get("/willow/session").document["profiles"]} == {leo, emma}
    assert desk.access(maria)["status"] == "disabled"
    desk.request("POST", "/clients/{client}/invitations", {}, client=maria)
    assert {profile["id"] for profile in browser.get("/willow/session").document["profiles"]} == {leo, emma, maria}


def test_moving_a_guardians_own_address_leaves_the_childs_profile_with_the_old_one(
    desk: ClinicianApi, browser: Browser
) -> None:
    maria = desk.add_client("Maria Gomez", "old@example.com", invite={})
    leo = desk.add_client("Leo Gomez", kind="minor")
    contact = grant(desk, leo, "Maria", "old@example.com").document["id"]
    browser.enter_pin("old@example.com", desk.pin(maria))
    fields = {"email": "new@example.com", "email_ok": True, "disable_and_resend": True}
    desk.request("PUT", "/clients/{client}/email", fields, client=maria)
    assert browser.get("/willow/session").status == 401
    browser.enter_pin("old@example.com", pin_for(desk, leo, contact))
    assert [profile["id"] for profile in browser.get("/willow/session").document["profiles"]] == [leo]


def test_an_erased_child_is_nobodys_profile(desk: ClinicianApi, browser: Browser) -> None:
    leo, emma = desk.add_client("Leo Gomez", kind="minor"), desk.add_client("Emma Gomez", kind="minor")
    grant(desk, leo, "Maria", "maria@example.com")
    contact = grant(desk, emma, "Maria", "maria@example.com").document["id"]
    browser.enter_pin("maria@example.com", pin_for(desk, emma, contact))
    browser.post("/willow/profiles", {"profile": emma})
    desk.request("DELETE", "/clients/{client}", client=leo)
    assert [profile["id"] for profile in browser.get("/willow/session").document["profiles"]] == [emma]


def test_a_contact_is_one_of_this_client(desk: ClinicianApi) -> None:
    leo, emma = desk.add_client("Leo Gomez", kind="minor"), desk.add_client("Emma Gomez", kind="minor")
    contact = grant(desk, leo, "Maria", "maria@example.com").document["id"]
    assert revoke(desk, emma, contact).status == 404
    assert desk.create_pin(emma, contact=contact).status == 404
    assert desk.create_pin(leo, contact="nobody").status == 400


def test_there_is_an_end_to_contacts(desk: ClinicianApi, clock: Clock) -> None:
    leo = desk.add_client("Leo Gomez", kind="minor")
    for number in range(20):
        clock.advance(3)
        assert grant(desk, leo, "Someone", f"someone{number}@example.com", email_ok=False).status == 201
    assert grant(desk, leo, "Someone", "else@example.com").code == "body_invalid"
    assert grant(desk, leo, "Someone", "someone3@example.com").status == 201


def consents(desk: ClinicianApi, client: str) -> list[str]:
    """Reasons of what was written down about consent."""
    return [event["reason"] for event in desk.events(client) if event["kind"] == "consent_changed"]


def contact_of(desk: ClinicianApi, client: str) -> str:
    return str(desk.request("GET", "/clients/{client}/contacts", client=client).document["contacts"][0]["id"])
