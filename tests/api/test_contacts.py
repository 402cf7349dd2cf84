"""Tests of contacts such as guardians and partners, who open clients' profiles with a sign-in of their own."""

from dataclasses import replace

from latchkey.rules.addresses import canonical
from latchkey.store import accounts
from tests.api.cloud import MinistackCloud, link_in
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.http_response import HttpResponse


def grant(
    clinician: ClinicianApi,
    client: str,
    name: str,
    email: str,
    email_ok: bool | None = True,
    relation: str = "guardian",
) -> HttpResponse:
    fields = {"name": name, "email": email, "relation": relation} | ({} if email_ok is None else {"email_ok": email_ok})
    return clinician.request("POST", "/clients/{client}/contacts", fields, client=client)


def revoke(clinician: ClinicianApi, client: str, contact: str) -> HttpResponse:
    return clinician.request("DELETE", "/clients/{client}/contacts/{contact}", client=client, contact=contact)


def asks_for_a_link(browser: Browser, cloud: MinistackCloud, email: str) -> list[str]:
    """Ask for a link six minutes later, and return the recipients of the mail. Fail unless the response says so if
    there is no recipient (B157).
    """
    cloud.clock.advance(6 * 60)
    answer = browser.request_link(email)
    mailed = [letter.to for letter in cloud.deliver()]
    assert answer.status == 202 if mailed else answer.code == "no_mail_possible"
    return mailed


def status_of(clinician: ClinicianApi, client: str) -> tuple[bool, str]:
    """Return the consent of the client's only contact, and their mail status."""
    (fields,) = clinician.request("GET", "/clients/{client}/contacts", client=client).document["contacts"]
    assert (
        clinician.request("GET", "/clients/{client}/contacts/{contact}", client=client, contact=fields["id"]).document
        == fields
    )
    return fields["email_ok"], fields["email_status"]


def pin_for(clinician: ClinicianApi, client: str, contact: str) -> str:
    answer = clinician.create_pin(client, contact=contact)
    assert answer.status == 201, answer.body
    return str(answer.document["pin"])


def test_a_guardian_of_two_minors_chooses_between_them_and_loses_one_at_once(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo, emma = clinician.add_client("Leo Gomez", kind="minor"), clinician.add_client("Emma Gomez", kind="minor")
    first = grant(clinician, leo, "Maria Gomez", "maria@example.com")
    assert first.status == 201
    fields = first.document
    assert (fields["name"], fields["email"], fields["email_ok"], fields["relation"]) == (
        "Maria Gomez",
        "maria@example.com",
        True,
        "guardian",
    )
    grant(clinician, emma, "Maria Gomez", "Maria@example.com")
    (letter,) = cloud.deliver()
    browser.post(link_in(letter))
    profiles = browser.get("/willow/session").document["profiles"]
    assert {(profile["id"], profile["kind"]) for profile in profiles} == {(leo, "minor"), (emma, "minor")}
    assert browser.get("/willow/session").document["profile"] is None

    assert browser.post("/willow/profiles", {"profile": leo}).status == 200
    assert browser.get("/willow/session").document["profile"] == leo
    assert revoke(clinician, leo, fields["id"]).status == 204
    assert browser.get("/willow/session").status == 401

    browser.enter_pin(
        "maria@example.com", clinician.create_pin(emma, contact=contact_of(clinician, emma)).document["pin"]
    )
    assert [profile["id"] for profile in browser.get("/willow/session").document["profiles"]] == [emma]
    assert browser.post("/willow/profiles", {"profile": leo}).status == 404


def test_losing_a_profile_that_is_not_open_leaves_the_session(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo, emma = clinician.add_client("Leo Gomez", kind="minor"), clinician.add_client("Emma Gomez", kind="minor")
    contact = grant(clinician, leo, "Maria Gomez", "maria@example.com").document["id"]
    grant(clinician, emma, "Maria Gomez", "maria@example.com")
    browser.post(link_in(cloud.deliver()[0]))
    browser.post("/willow/profiles", {"profile": emma})
    revoke(clinician, leo, contact)
    assert browser.get("/willow/session").document["profile"] == emma


def test_a_contact_who_loses_the_last_profile_cannot_sign_in_any_more(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    contact = grant(clinician, leo, "Maria Gomez", "maria@example.com").document["id"]
    browser.post(link_in(cloud.deliver()[0]))
    assert revoke(clinician, leo, contact).status == 204
    assert browser.get("/willow/session").status == 401
    assert browser.request_link("maria@example.com").code == "email_unknown"
    repeated = grant(clinician, leo, "Maria Gomez", "maria@example.com")
    assert repeated.status == 201
    assert browser.get("/willow/session").status == 401
    assert [job["kind"] for job in cloud.take_jobs()] == ["invitation"]


def test_a_client_who_is_a_guardian_too_has_their_own_profile_and_the_childs(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    maria = clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = clinician.add_client("Leo Gomez", kind="minor")
    browser.post(link_in(cloud.deliver()[0]))
    contact = grant(clinician, leo, "Maria", "maria@example.com").document["id"]
    assert cloud.take_jobs() == []
    names = {profile["name"] for profile in browser.get("/willow/session").document["profiles"]}
    assert names == {"Maria Gomez", "Leo Gomez"}
    assert clinician.access(maria)["status"] == "active"
    assert clinician.access(leo)["status"] == "none"
    revoke(clinician, leo, contact)
    assert [profile["name"] for profile in browser.get("/willow/session").document["profiles"]] == ["Maria Gomez"]


def test_a_couple_is_opened_by_both_partners(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    couple = clinician.add_client("Kim & Lee", kind="couple")
    browsers = {}
    for name in ("kim", "lee"):
        grant(clinician, couple, name.title(), f"{name}@example.com", relation="partner")
        browsers[name] = cloud.browser()
        browsers[name].post(link_in(cloud.deliver()[0]))
        (profile,) = browsers[name].get("/willow/session").document["profiles"]
        assert (profile["id"], profile["kind"]) == (couple, "couple")
    (kim, lee) = clinician.request("GET", "/clients/{client}/contacts", client=couple).document["contacts"]
    revoke(clinician, couple, kim["id"])
    assert browsers["kim"].get("/willow/session").status == 401
    assert browsers["lee"].get("/willow/session").status == 200
    assert (
        clinician.request("GET", "/clients/{client}/contacts/{contact}", client=couple, contact=kim["id"]).status == 404
    )
    fields = clinician.request("GET", "/clients/{client}/contacts/{contact}", client=couple, contact=lee["id"])
    assert fields.document == lee


def test_a_contact_without_consent_gets_no_mail_and_signs_in_by_pin(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    contact = grant(clinician, leo, "Maria Gomez", "maria@example.com", email_ok=False).document["id"]
    pin = pin_for(clinician, leo, contact)
    assert cloud.deliver() == []
    assert browser.enter_pin("maria@example.com", pin).status == 200


def test_a_repeated_address_changes_the_contact(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    first = grant(clinician, leo, "Maria", "maria@example.com", email_ok=False).document
    assert cloud.take_jobs() == []
    second = grant(clinician, leo, "Maria Gomez", "maria@example.com").document
    assert second["id"] == first["id"]
    assert [job["kind"] for job in cloud.take_jobs()] == ["invitation"]
    contacts = clinician.request("GET", "/clients/{client}/contacts", client=leo).document["contacts"]
    assert [one["name"] for one in contacts] == ["Maria Gomez"]


def test_a_contact_takes_their_consent_back_and_restores_it(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    grant(clinician, leo, "Maria Gomez", "maria@example.com")
    cloud.deliver()
    for email_ok, reason, mailed in ((False, "withdrawn", []), (True, "given", ["maria@example.com"])):
        fields = grant(clinician, leo, "Maria Gomez", "maria@example.com", email_ok)
        assert fields.document["email_ok"] is email_ok
        changes = [event for event in clinician.events(leo) if event["kind"] == "consent_changed"]
        assert (changes[0]["reason"], changes[0]["actor"]) == (reason, "dr-willow")
        assert asks_for_a_link(browser, cloud, "maria@example.com") == mailed
        clinician.create_pin(leo, contact=fields.document["id"])
        assert [letter.to for letter in cloud.deliver()] == mailed
    assert len(changes) == 2


def test_the_last_word_on_consent_counts_for_every_child_and_saying_nothing_is_none(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo, emma = clinician.add_client("Leo Gomez", kind="minor"), clinician.add_client("Emma Gomez", kind="minor")
    assert grant(clinician, leo, "Maria", "maria@example.com", None).document["email_ok"] is False
    grant(clinician, leo, "Maria", "maria@example.com")
    cloud.deliver()
    assert grant(clinician, emma, "Maria", "maria@example.com", None).document["email_ok"] is True
    assert asks_for_a_link(browser, cloud, "maria@example.com") == ["maria@example.com"]
    grant(clinician, emma, "Maria", "maria@example.com", email_ok=False)
    assert asks_for_a_link(browser, cloud, "maria@example.com") == []


def test_a_clients_own_consent_is_not_changed_by_a_contacts_entry(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    maria = clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = clinician.add_client("Leo Gomez", kind="minor")
    cloud.deliver()
    for own, mailed in ((True, ["maria@example.com"]), (False, [])):
        fields = {"email": "maria@example.com", "email_ok": own}
        clinician.request("PUT", "/clients/{client}/email", fields, client=maria)
        before = consents(clinician, maria)
        grant(clinician, leo, "Maria", "maria@example.com", email_ok=not own)
        assert consents(clinician, maria) == before
        assert clinician.access(maria)["emails"][0]["email_ok"] is own
        assert asks_for_a_link(browser, cloud, "maria@example.com") == mailed


def test_an_address_that_mail_came_back_from_is_shown_and_confirmed_by_a_repeated_contact(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    leo, emma = clinician.add_client("Leo Gomez", kind="minor"), clinician.add_client("Emma Gomez", kind="minor")
    assert grant(clinician, leo, "Maria", "maria@example.com").document["email_status"] == "queued"
    cloud.deliver()
    assert status_of(clinician, leo) == (True, "sent")
    cloud.bounce("maria@example.com")
    assert status_of(clinician, leo) == (True, "bounced")
    # an entry of another client, or one that was removed and added again, does not confirm the address
    assert grant(clinician, emma, "Maria", "maria@example.com").document["email_status"] == "bounced"
    revoke(clinician, emma, contact_of(clinician, emma))
    revoke(clinician, leo, contact_of(clinician, leo))
    assert grant(clinician, leo, "Maria", "maria@example.com").document["email_status"] == "bounced"
    assert grant(clinician, leo, "Maria", "maria@example.com", email_ok=False).document["email_status"] == "bounced"
    assert asks_for_a_link(browser, cloud, "maria@example.com") == []
    # nobody has signed in yet, so a confirmed address gets one more invitation
    assert grant(clinician, leo, "Maria", "maria@example.com").document["email_status"] == "queued"
    (letter,) = cloud.deliver()
    browser.post(link_in(letter))
    cloud.bounce("maria@example.com", "complained")
    assert grant(clinician, leo, "Maria", "maria@example.com").document["email_status"] == "none"
    assert cloud.take_jobs() == []
    assert asks_for_a_link(cloud.browser(), cloud, "maria@example.com") == ["maria@example.com"]


def test_a_clients_own_address_is_confirmed_by_no_contacts_entry(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    maria = clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    leo = clinician.add_client("Leo Gomez", kind="minor")
    cloud.bounce("maria@example.com")
    for _ in range(2):
        assert grant(clinician, leo, "Maria", "maria@example.com").document["email_status"] == "bounced"
    assert clinician.access(maria)["email_status"] == "bounced"


def test_a_contact_who_is_removed_and_readded_may_use_another_google_account(clinician: ClinicianApi) -> None:
    leo, emma = clinician.add_client("Leo Gomez", kind="minor"), clinician.add_client("Emma Gomez", kind="minor")
    key = accounts.key_of("willow", canonical("maria@gmail.com"))
    contacts = [(child, grant(clinician, child, "Maria", "maria@gmail.com").document["id"]) for child in (leo, emma)]
    account = accounts.find(key)
    assert account
    accounts.save(replace(account, identities={"google": "first"}))
    linked = []
    for child, contact in contacts:
        revoke(clinician, child, contact)
        account = accounts.find(key)
        assert account
        linked.append(account.identities.get("google"))
    assert linked == ["first", None]
    grant(clinician, leo, "Maria", "maria@gmail.com")
    account = accounts.find(key)
    assert account
    assert (account.identities, account.may_sign_in) == ({}, True)


def test_a_contacts_address_can_become_a_clients_own_and_the_other_way_round(
    clinician: ClinicianApi, browser: Browser
) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    contact = grant(clinician, leo, "Maria", "maria@example.com").document["id"]
    browser.enter_pin("maria@example.com", pin_for(clinician, leo, contact))
    maria = clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    assert clinician.access(maria)["status"] == "active"
    assert {profile["id"] for profile in browser.get("/willow/session").document["profiles"]} == {leo, maria}
    other = {"name": "Not Maria", "emails": [{"address": "maria@example.com", "email_ok": True}], "invite": {}}
    assert clinician.request("POST", "/clients", other).code == "email_in_use"


def test_disabling_a_clients_own_access_ends_what_else_their_address_opens_until_it_is_restored(
    clinician: ClinicianApi, browser: Browser
) -> None:
    maria = clinician.add_client("Maria Gomez", "maria@example.com", invite={})
    leo, emma = clinician.add_client("Leo Gomez", kind="minor"), clinician.add_client("Emma Gomez", kind="minor")
    contact = grant(clinician, leo, "Maria", "maria@example.com").document["id"]
    clinician.request("DELETE", "/clients/{client}/portal-access", client=maria)
    assert clinician.create_pin(leo, contact=contact).code == "no_access"
    # a new grant reopens the children's profiles, but not her own, which was ended
    contact = grant(clinician, emma, "Maria", "maria@example.com").document["id"]
    browser.enter_pin("maria@example.com", pin_for(clinician, emma, contact))
    assert {profile["id"] for profile in browser.get("/willow/session").document["profiles"]} == {leo, emma}
    assert clinician.access(maria)["status"] == "disabled"
    clinician.request("POST", "/clients/{client}/invitations", {}, client=maria)
    assert {profile["id"] for profile in browser.get("/willow/session").document["profiles"]} == {leo, emma, maria}


def test_moving_a_guardians_own_address_leaves_the_childs_profile_with_the_old_one(
    clinician: ClinicianApi, browser: Browser
) -> None:
    maria = clinician.add_client("Maria Gomez", "old@example.com", invite={})
    leo = clinician.add_client("Leo Gomez", kind="minor")
    contact = grant(clinician, leo, "Maria", "old@example.com").document["id"]
    browser.enter_pin("old@example.com", clinician.pin(maria))
    fields = {"email": "new@example.com", "email_ok": True, "disable_and_resend": True}
    clinician.request("PUT", "/clients/{client}/email", fields, client=maria)
    assert browser.get("/willow/session").status == 401
    browser.enter_pin("old@example.com", pin_for(clinician, leo, contact))
    assert [profile["id"] for profile in browser.get("/willow/session").document["profiles"]] == [leo]


def test_an_erased_child_is_nobodys_profile(clinician: ClinicianApi, browser: Browser) -> None:
    leo, emma = clinician.add_client("Leo Gomez", kind="minor"), clinician.add_client("Emma Gomez", kind="minor")
    grant(clinician, leo, "Maria", "maria@example.com")
    contact = grant(clinician, emma, "Maria", "maria@example.com").document["id"]
    browser.enter_pin("maria@example.com", pin_for(clinician, emma, contact))
    browser.post("/willow/profiles", {"profile": emma})
    clinician.request("DELETE", "/clients/{client}", client=leo)
    assert [profile["id"] for profile in browser.get("/willow/session").document["profiles"]] == [emma]


def test_a_contact_is_one_of_this_client(clinician: ClinicianApi) -> None:
    leo, emma = clinician.add_client("Leo Gomez", kind="minor"), clinician.add_client("Emma Gomez", kind="minor")
    contact = grant(clinician, leo, "Maria", "maria@example.com").document["id"]
    assert revoke(clinician, emma, contact).status == 404
    assert clinician.create_pin(emma, contact=contact).status == 404
    assert clinician.create_pin(leo, contact="nobody").status == 400


def test_there_is_an_end_to_contacts(clinician: ClinicianApi, clock: Clock) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    for number in range(20):
        clock.advance(3)
        assert grant(clinician, leo, "Someone", f"someone{number}@example.com", email_ok=False).status == 201
    assert grant(clinician, leo, "Someone", "else@example.com").code == "body_invalid"
    assert grant(clinician, leo, "Someone", "someone3@example.com").status == 201


def consents(clinician: ClinicianApi, client: str) -> list[str]:
    """Return the reasons of audit events about consent."""
    return [event["reason"] for event in clinician.events(client) if event["kind"] == "consent_changed"]


def contact_of(clinician: ClinicianApi, client: str) -> str:
    return str(clinician.request("GET", "/clients/{client}/contacts", client=client).document["contacts"][0]["id"])
