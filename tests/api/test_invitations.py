"""Tests of invitations: their recipients, limits and wording, and invitations that a share sends."""

from dataclasses import replace

import pytest

from latchkey.rules.addresses import canonical
from latchkey.store import accounts
from tests.api.cloud import MinistackCloud, link_in
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.http_response import HttpResponse


def invite(clinician: ClinicianApi, client: str, **body: object) -> HttpResponse:
    return clinician.request("POST", "/clients/{client}/invitations", body, client=client)


def share(clinician: ClinicianApi, client: str, **body: object) -> HttpResponse:
    return clinician.request("POST", "/clients/{client}/shares", {"items": ["Intake form"]} | body, client=client)


def test_a_client_is_invited_later_and_the_banner_says_so_until_they_sign_in(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud, clock: Clock
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com")
    assert clinician.access(client)["status"] == "none"
    clock.advance(3600)
    answer = invite(clinician, client)
    assert answer.status == 201
    assert answer.document == clinician.access(client)
    fields = answer.document
    assert (fields["status"], fields["invited_at"], fields["can_resend"]) == ("invited", "2026-03-03T13:00:00Z", True)
    assert fields["banner"] == "Kim Lee hasn't signed in yet."
    assert fields["guide_url"] == "https://portal.example.com/willow/guide?lang=en"
    (letter,) = cloud.deliver()
    assert browser.post(link_in(letter)).status == 200
    fields = clinician.access(client)
    assert (fields["status"], fields["can_resend"], fields["banner"]) == ("active", False, None)
    assert fields["first_sign_in_at"] == fields["last_sign_in_at"] == "2026-03-03T13:00:00Z"


def test_an_invitation_is_resent_until_the_first_sign_in_and_the_one_before_is_dead(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud, clock: Clock
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    (first,) = cloud.deliver()
    clock.advance(86_400)
    assert invite(clinician, client, resend=True).document["invited_at"] == "2026-03-04T12:00:00Z"
    (second,) = cloud.deliver()
    assert browser.post(link_in(first)).code == "link_replaced"
    assert browser.post(link_in(second)).status == 200
    for body in ({}, {"resend": True}):
        refused = invite(clinician, client, **body)
        assert (refused.status, refused.code) == (409, "already_signed_in")
    assert cloud.take_jobs() == []


def test_after_a_disable_the_client_can_be_reinvited_and_nothing_from_before_works(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    (letter,) = cloud.deliver()
    browser.post(link_in(letter))
    pin = clinician.pin(client)
    assert clinician.request("DELETE", "/clients/{client}/portal-access", client=client).status == 204
    assert browser.get("/willow/session").status == 401
    fields = clinician.access(client)
    assert (fields["status"], fields["has_live_pin"], fields["can_resend"], fields["banner"]) == (
        "disabled",
        False,
        False,
        None,
    )
    assert clinician.create_pin(client).code == "no_access"
    assert invite(clinician, client).status == 201
    assert clinician.access(client)["status"] == "invited"
    assert browser.get("/willow/session").status == 401
    assert browser.enter_pin("kim@example.com", pin).code == "pin_refused"
    assert clinician.request("DELETE", "/clients/{client}/portal-access", client=client).status == 204
    assert clinician.request("DELETE", "/clients/{client}/portal-access", client=client).status == 204


def test_a_queued_invitation_is_not_sent_once_access_has_ended(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    clinician.request("DELETE", "/clients/{client}/portal-access", client=client)
    assert cloud.deliver() == []


def test_an_invitation_can_be_worded_for_one_send(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com")
    fields = {"subject": "See you on Friday", "message": "Hello {name},\nhere is your key.", "items": ["Plan", "Forms"]}
    assert invite(clinician, client, **fields).status == 201
    (letter,) = cloud.deliver()
    assert letter.subject == "See you on Friday"
    assert "here is your key." in letter.text
    assert "Plan" in letter.text
    assert "Forms" in letter.html
    invite(clinician, client)
    (plain,) = cloud.deliver()
    assert plain.subject != letter.subject


def test_only_a_consented_address_of_the_clients_own_is_written_to(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    fields = {
        "name": "Kim Lee",
        "emails": [{"address": "work@example.com"}, {"address": "home@example.com", "email_ok": True}],
    }
    client = clinician.request("POST", "/clients", fields).document["id"]
    for email in ("work@example.com", "typed@example.com"):
        assert invite(clinician, client, email=email).code == "email_consent_required"
    assert invite(clinician, client, email="nobody").code == "email_invalid"
    assert cloud.take_jobs() == []
    assert invite(clinician, client, email="HOME@example.com").document["email"] == "home@example.com"


def test_inviting_another_of_the_clients_addresses_ends_the_sign_in_by_the_one_before(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "old@example.com", "new@example.com", invite={})
    (letter,) = cloud.deliver()
    browser.post(link_in(letter))
    answer = invite(clinician, client, email="new@example.com")
    assert (answer.status, answer.document["status"], answer.document["email"]) == (201, "invited", "new@example.com")
    assert browser.get("/willow/session").status == 401
    letters = {letter.to: letter for letter in cloud.deliver()}
    assert clinician.create_pin(client).document["email"] == "new@example.com"
    assert "/link/" in letters["new@example.com"].text
    assert "/link/" not in letters["old@example.com"].text
    assert browser.post(link_in(letters["new@example.com"])).status == 200


def test_one_address_is_one_clients_sign_in(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    clinician.add_client("Kim Lee", "home@example.com", invite={})
    other = clinician.add_client("Lee Kim", "home@example.com")
    refused = invite(clinician, other)
    assert (refused.status, refused.code) == (409, "email_in_use")
    used = {"name": "Kim", "emails": [{"address": "HOME@example.com", "email_ok": True}], "invite": {}}
    assert clinician.request("POST", "/clients", used).code == "email_in_use"
    assert cloud.clinician("dr-harbor", "harbor").add_client("Kim Lee", "home@example.com", invite={})


def test_an_ended_clients_address_can_become_anothers_and_stays_theirs(
    clinician: ClinicianApi, browser: Browser
) -> None:
    before = clinician.add_client("Kim Lee", "home@example.com", invite={})
    browser.enter_pin("home@example.com", clinician.pin(before))
    clinician.request("DELETE", "/clients/{client}/portal-access", client=before)
    after = clinician.add_client("Lee Kim", "home@example.com", invite={})
    assert clinician.access(before)["status"] == "disabled"
    assert clinician.access(after)["status"] == "invited"
    assert clinician.access(after)["first_sign_in_at"] is None
    # a change of one client does not change the other
    assert clinician.create_pin(before).code == "no_access"
    clinician.request("DELETE", "/clients/{client}/portal-access", client=before)
    clinician.request("DELETE", "/clients/{client}/sessions", client=before)
    browser.enter_pin("home@example.com", clinician.pin(after))
    assert [profile["id"] for profile in browser.get("/willow/session").document["profiles"]] == [after]
    assert invite(clinician, before).code == "email_in_use"
    clinician.request("DELETE", "/clients/{client}", client=before)
    assert browser.get("/willow/session").status == 200


def test_an_address_that_bounced_is_confirmed_before_it_is_written_to_anew(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    cloud.bounce("kim@example.com")
    assert clinician.access(client)["email_status"] == "bounced"
    refused = invite(clinician, client, resend=True)
    assert (refused.status, refused.code) == (409, "address_suppressed")
    cloud.take_jobs()
    confirmed = clinician.request(
        "PUT", "/clients/{client}/email", {"email": "kim@example.com", "email_ok": True}, client=client
    )
    assert confirmed.document["email_status"] == "none"
    assert cloud.take_jobs() == []
    assert invite(clinician, client, resend=True).document["email_status"] == "queued"
    assert [letter.to for letter in cloud.deliver()] == ["kim@example.com"]


def test_thirty_a_minute_are_enough_for_anyone(clinician: ClinicianApi, cloud: MinistackCloud, clock: Clock) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com")
    for _ in range(30):
        assert invite(clinician, client).status == 201
    refused = invite(clinician, client)
    assert (refused.status, refused.code) == (429, "wait")
    assert 0 < int(refused.headers["retry-after"]) == refused.document["retry_after"] <= 60
    assert clinician.create_pin(client).status == 429
    assert "limit_hit" in [row["kind"]["S"] for row in cloud.items()["Events"]]
    assert cloud.clinician("head-willow").create_pin(client).status == 201
    clock.advance(60)
    assert invite(clinician, client).status == 201


def test_what_is_refused_is_not_counted(clinician: ClinicianApi) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com")
    for _ in range(35):
        assert invite(clinician, client, email="typed@example.com").status == 422


def test_a_queue_that_does_not_answer_learns_and_a_retry_works(
    clinician: ClinicianApi, cloud: MinistackCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com")
    with monkeypatch.context() as broken:
        cloud.break_queue(broken)
        for ask in (invite, share):
            answer = ask(clinician, client)
            assert (answer.status, answer.code) == (503, "unavailable")
            assert clinician.access(client)["email_status"] == "none"
    assert share(clinician, client, dry_run=True).document["grants_access"] is True
    assert share(clinician, client).status == 201
    assert [job["kind"] for job in cloud.take_jobs()] == ["invitation"]
    assert share(clinician, client).document["grants_access"] is False


def test_sharing_gives_access_and_tells_so_beforehand(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com")
    dry = share(clinician, client, dry_run=True)
    assert (dry.status, dry.document["grants_access"], dry.document["items"]) == (200, True, [])
    assert dry.document["banner"] == "Kim Lee will also receive Client Portal access."
    assert clinician.access(client)["status"] == "none"
    assert cloud.take_jobs() == []
    done = share(clinician, client)
    assert (done.status, done.document["grants_access"], done.document["items"]) == (201, True, ["Intake form"])
    assert clinician.access(client)["status"] == "invited"
    (letter,) = cloud.deliver()
    assert "Intake form" in letter.text
    more = share(clinician, client, items=["Plan"])
    assert (more.status, more.document["grants_access"], more.document["banner"]) == (201, False, None)
    assert more.document["items"] == ["Intake form", "Plan"]
    assert more.document["notified"] is True
    assert [job["kind"] for job in cloud.take_jobs()] == ["waiting"]


def test_sharing_with_someone_without_access_does_not_give_it_back(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    clinician.request("DELETE", "/clients/{client}/portal-access", client=client)
    cloud.take_jobs()
    assert share(clinician, client).document["grants_access"] is False
    assert clinician.access(client)["status"] == "disabled"
    assert cloud.take_jobs() == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_sharing_needs_consent_where_it_gives_access(clinician: ClinicianApi, dry_run: bool) -> None:
    client = clinician.add_client("Kim Lee")
    assert share(clinician, client, dry_run=dry_run).code == "email_consent_required"


def test_sharing_nothing_is_no_sharing(clinician: ClinicianApi) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com")
    for items in ([], [""], None, "form"):
        assert share(clinician, client, items=items).code == "body_invalid"


def test_signing_out_everywhere_leaves_the_client_their_sign_in(clinician: ClinicianApi, browser: Browser) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    browser.enter_pin("kim@example.com", clinician.pin(client))
    assert clinician.request("DELETE", "/clients/{client}/sessions", client=client).status == 204
    assert browser.get("/willow/session").status == 401
    assert clinician.access(client)["status"] == "active"
    browser.enter_pin("kim@example.com", clinician.pin(client))
    assert browser.get("/willow/session").status == 200


def test_a_status_is_shown_as_suppressed_where_no_mail_goes_out(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    cloud.bounce("kim@example.com", status="sent")
    assert clinician.access(client)["email_status"] == "suppressed"


def test_another_google_account_can_sign_in_once_the_old_one_is_unbound(clinician: ClinicianApi) -> None:
    client = clinician.add_client("Kim Lee", "kim@gmail.com", invite={})
    key = accounts.key_of("willow", canonical("kim@gmail.com"))
    linked = accounts.find(key)
    assert linked
    accounts.save(replace(linked, identities={"google": "digest of an account"}))
    for _ in range(2):
        assert clinician.request("DELETE", "/clients/{client}/google", client=client).status == 204
        after = accounts.find(key)
        assert after
        assert after.identities == {}
    assert [event["kind"] for event in clinician.events(client)].count("google_unbound") == 1
