"""Tests of the address that a client signs in with: saved, confirmed, changed."""

import pytest

from tests.api.cloud import MinistackCloud, link_in
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.http_response import HttpResponse


def save(clinician: ClinicianApi, client: str, email: str, email_ok: object = True, **body: object) -> HttpResponse:
    fields = {"email": email, "email_ok": email_ok, **body}
    return clinician.request("PUT", "/clients/{client}/email", fields, client=client)


def test_changing_the_address_of_a_live_sign_in_needs_confirmation(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "old@example.com", invite={})
    browser.enter_pin("old@example.com", clinician.pin(client))
    before = cloud.items()["Clients"]
    question = save(clinician, client, "new@example.com")
    assert (question.status, question.code) == (409, "confirm_disable_and_resend")
    assert question.document["title"] == "Update Client Portal access?"
    assert browser.get("/willow/session").status == 200
    assert cloud.items()["Clients"] == before


def test_disable_and_resend_kills_what_was_live_and_invites_the_new_address(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "old@example.com", invite={})
    (invitation,) = cloud.deliver()
    browser.enter_pin("old@example.com", clinician.pin(client))
    pin = clinician.pin(client)
    cloud.deliver()
    moved = save(clinician, client, "new@example.com", disable_and_resend=True)
    assert moved.status == 200
    fields = moved.document
    assert (fields["email"], fields["status"], fields["email_status"], fields["has_live_pin"]) == (
        "new@example.com",
        "invited",
        "queued",
        False,
    )
    assert [email["address"] for email in fields["emails"]] == ["new@example.com"]
    assert browser.get("/willow/session").status == 401
    assert browser.post(link_in(invitation)).code == "link_expired"
    assert browser.enter_pin("old@example.com", pin).code == "pin_refused"
    assert browser.request_link("old@example.com").code == "email_unknown"
    letters = {letter.to: letter for letter in cloud.deliver()}
    assert set(letters) == {"old@example.com", "new@example.com"}
    assert "new@example.com" not in letters["old@example.com"].text
    assert browser.post(link_in(letters["new@example.com"])).status == 200
    kinds = [event["kind"] for event in clinician.events(client)]
    assert {"address_changed", "consent_changed", "access_disabled", "access_enabled"} <= set(kinds)


def test_a_repeated_address_confirms_it_and_says_who_and_when(
    clinician: ClinicianApi, admin: ClinicianApi, cloud: MinistackCloud, clock: Clock
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    cloud.take_jobs()
    clock.advance(60)
    confirmed = save(admin, client, "KIM@example.com")
    assert confirmed.status == 200
    (email,) = confirmed.document["emails"]
    assert (email["address"], email["recorded_by"]) == ("KIM@example.com", "head-willow")
    assert email["recorded_at"] == "2026-03-03T12:01:00Z"
    assert confirmed.document["status"] == "invited"
    assert cloud.take_jobs() == []
    event = clinician.events(client)[0]
    assert (event["kind"], event["reason"], event["actor"]) == ("consent_changed", "given", "head-willow")


def test_a_withdrawn_consent_stops_every_mail(clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    cloud.take_jobs()
    assert save(clinician, client, "kim@example.com", email_ok=False).status == 200
    assert clinician.access(client)["emails"][0]["email_ok"] is False
    assert (
        clinician.request("POST", "/clients/{client}/invitations", {}, client=client).code == "email_consent_required"
    )
    assert browser.request_link("kim@example.com").code == "no_mail_possible"
    pin = clinician.create_pin(client)
    assert cloud.deliver() == []
    assert browser.enter_pin("kim@example.com", pin.document["pin"]).status == 200


def test_the_new_address_needs_consent_to_be_invited(clinician: ClinicianApi, browser: Browser) -> None:
    client = clinician.add_client("Kim Lee", "old@example.com", invite={})
    browser.enter_pin("old@example.com", clinician.pin(client))
    refused = save(clinician, client, "new@example.com", email_ok=False, disable_and_resend=True)
    assert (refused.status, refused.code) == (422, "email_consent_required")
    assert browser.get("/willow/session").status == 200


def test_an_address_that_is_anothers_sign_in_is_not_used(clinician: ClinicianApi, browser: Browser) -> None:
    clinician.add_client("Lee Kim", "lee@example.com", invite={})
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    browser.enter_pin("kim@example.com", clinician.pin(client))
    assert save(clinician, client, "lee@example.com").code == "confirm_disable_and_resend"
    assert save(clinician, client, "lee@example.com", disable_and_resend=True).code == "email_in_use"
    assert browser.get("/willow/session").status == 200
    nobody = clinician.add_client("Jo Lee")
    assert save(clinician, nobody, "lee@example.com").code == "email_in_use"


def test_without_a_sign_in_an_address_is_just_put_on_file(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", "old@example.com")
    saved = save(clinician, client, "new@example.com")
    assert (saved.status, saved.document["status"], saved.document["email"]) == (200, "none", "new@example.com")
    assert [email["address"] for email in saved.document["emails"]] == ["new@example.com"]
    assert cloud.take_jobs() == []
    invited = clinician.request("POST", "/clients/{client}/invitations", {}, client=client)
    assert invited.document["email"] == "new@example.com"


def test_an_address_saved_while_access_is_ended_is_the_one_invited_next(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "old@example.com", invite={})
    clinician.request("DELETE", "/clients/{client}/portal-access", client=client)
    saved = save(clinician, client, "new@example.com")
    assert (saved.status, saved.document["status"], saved.document["email"]) == (200, "disabled", "new@example.com")
    cloud.take_jobs()
    clinician.request("POST", "/clients/{client}/invitations", {}, client=client)
    letters = [letter for letter in cloud.deliver() if "/link/" in letter.text]
    assert [letter.to for letter in letters] == ["new@example.com"]
    assert browser.post(link_in(letters[0])).status == 200


def test_a_client_who_never_had_access_is_invited_on_request(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee")
    saved = save(clinician, client, "kim@example.com", disable_and_resend=True)
    assert saved.document["status"] == "invited"
    assert [job["kind"] for job in cloud.take_jobs()] == ["invitation"]


def test_a_mistyped_address_can_be_put_right_before_anyone_signed_in(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "kmi@example.com", invite={})
    cloud.bounce("kmi@example.com")
    cloud.take_jobs()
    assert save(clinician, client, "kim@example.com").code == "confirm_disable_and_resend"
    save(clinician, client, "kim@example.com", disable_and_resend=True)
    (letter,) = cloud.deliver()
    assert letter.to == "kim@example.com"
    assert browser.post(link_in(letter)).status == 200


def test_a_change_with_a_mail_that_could_not_be_queued_can_be_requested_anew(
    clinician: ClinicianApi, cloud: MinistackCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = clinician.add_client("Kim Lee", "old@example.com", invite={})
    cloud.take_jobs()
    with monkeypatch.context() as broken:
        cloud.break_queue(broken)
        assert save(clinician, client, "new@example.com", disable_and_resend=True).status == 503
    assert save(clinician, client, "new@example.com", disable_and_resend=True).document["email_status"] == "queued"
    assert [job["kind"] for job in cloud.take_jobs()] == ["invitation"]


def test_an_address_has_to_be_one(clinician: ClinicianApi) -> None:
    client = clinician.add_client("Kim Lee")
    assert save(clinician, client, "kim at example").code == "email_invalid"
    assert save(clinician, client, "kim@example.com", email_ok=None).code == "body_invalid"
    assert save(clinician, client, "kim@example.com\r\nBcc: all@example.com").code == "email_invalid"


def test_an_address_is_shown_as_it_was_saved_and_found_however_it_is_typed(
    clinician: ClinicianApi, browser: Browser
) -> None:
    client = clinician.add_client("Kim Lee", "Kim.Lee@Example.COM", invite={})
    pin = clinician.create_pin(client).document
    assert pin["email"] == "Kim.Lee@example.com"
    assert browser.enter_pin(" kim.lee@EXAMPLE.com ", pin["pin"]).status == 200
