"""Tests of devices as clinicians see them: listed, ended one by one, and ended with access, sessions and the record."""

from typing import Any

import pytest

from latchkey import tokens
from tests.api.cloud import MinistackCloud
from tests.api.test_opened_by_others import open_to, signed_in
from tests.kit.browser import App, Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse

GIVE = "/willow/app/session"


def code_for(browser: Browser, verifier: str) -> str:
    """Return the code that a signed-in browser hands to an app."""
    back = browser.post("/willow/app", {"challenge": tokens.s256(verifier), "state": "s"})
    assert back.status == 303, back
    return back.location.partition("code=")[2].partition("&")[0]


def app_of(cloud: MinistackCloud) -> App:
    """Return an app. The clients of these tests send JSON."""
    return App(cloud, "203.0.113.9")


def device_of(cloud: MinistackCloud, browser: Browser, name: str = "") -> Any:
    """Return what an app gets that a signed-in browser lets in."""
    verifier = tokens.random_secret()
    sent = {"code": code_for(browser, verifier), "verifier": verifier, "device": name}
    answer = app_of(cloud).post(GIVE, sent)
    assert answer.status == 200, answer
    return answer.document


def is_in(cloud: MinistackCloud, document: Any) -> bool:
    answer = app_of(cloud).get("/willow/session", authorization=f"Bearer {document['session_token']}")
    return answer.status == 200


def renew(cloud: MinistackCloud, document: Any) -> HttpResponse:
    return app_of(cloud).post(GIVE, {"refresh_token": document["refresh_token"]})


@pytest.fixture
def kim(clinician: ClinicianApi) -> str:
    return clinician.add_client("Kim Lee", "kim@example.com", invite={})


def test_a_clinician_lists_the_devices_and_ends_a_lost_one(
    clinician: ClinicianApi, cloud: MinistackCloud, kim: str
) -> None:
    """B226"""
    jo = open_to(clinician, kim, "Jo Lee", "jo@example.com", "partner")
    browser = signed_in(clinician, cloud, kim)
    lost, second = device_of(cloud, browser, "Kim's phone"), device_of(cloud, signed_in(clinician, cloud, kim, jo))
    listed = clinician.get("/clients/{client}/devices", client=kim).document["devices"]
    assert [(one["id"], one["name"], one["contact"]) for one in listed] == [
        (lost["device"], "Kim's phone", None),
        (second["device"], "", jo),
    ]
    assert all(one["last_used_at"] == one["signed_in_at"] for one in listed)
    end = ("DELETE", "/clients/{client}/devices/{device}")
    assert clinician.request(*end, client=kim, device=lost["device"]).status == 204
    assert (is_in(cloud, lost), is_in(cloud, second)) == (False, True)
    assert renew(cloud, lost).code == "refresh_token_refused"
    assert browser.is_signed_in()
    assert clinician.request(*end, client=kim, device=lost["device"]).status == 404
    row = next(event for event in clinician.events(kim) if event["kind"] == "device_ended")
    assert (row["reason"], row["actor"]) == ("clinician", "dr-willow")


def test_a_clinician_ends_no_device_of_another_client_or_practice(
    clinician: ClinicianApi, cloud: MinistackCloud, kim: str
) -> None:
    other = clinician.add_client("Ana Reyes", "ana@example.com", invite={})
    document = device_of(cloud, signed_in(clinician, cloud, kim))
    end = ("DELETE", "/clients/{client}/devices/{device}")
    assert clinician.request(*end, client=other, device=document["device"]).status == 404
    assert cloud.clinician("dr-harbor").request(*end, client=kim, device=document["device"]).status == 404
    assert is_in(cloud, document)


@pytest.mark.parametrize("what", ["portal-access", "sessions", ""])
def test_what_a_clinician_ends_is_over_on_the_phone(
    clinician: ClinicianApi, admin: ClinicianApi, cloud: MinistackCloud, kim: str, what: str
) -> None:
    """B225: also for a code that was made before. An erased client leaves no name of a device."""
    browser, verifier = signed_in(clinician, cloud, kim), tokens.random_secret()
    document, code = device_of(cloud, browser, "Kim's phone"), code_for(browser, verifier)
    api = clinician if what else admin
    assert api.request("DELETE", f"/clients/{{client}}/{what}".rstrip("/"), client=kim).status == 204
    assert not is_in(cloud, document)
    assert renew(cloud, document).code == "refresh_token_refused"
    assert app_of(cloud).post(GIVE, {"code": code, "verifier": verifier}).code == "app_code_refused"
    if not what:
        assert "Kim's phone" not in str(cloud.items())


def test_a_device_ends_with_the_grant_of_the_profile_that_it_has_open(
    clinician: ClinicianApi, cloud: MinistackCloud, kim: str
) -> None:
    """B225: a contact who is signed out of a profile is not let in again by a refresh token."""
    leo = clinician.add_client("Leo Gomez", kind="minor")
    maria = open_to(clinician, leo, "Maria Gomez", "maria@example.com")
    open_to(clinician, kim, "Maria Gomez", "maria@example.com", "partner")
    document = device_of(cloud, signed_in(clinician, cloud, leo, maria))
    chosen = app_of(cloud).post(
        "/willow/profiles", {"profile": leo}, authorization=f"Bearer {document['session_token']}"
    )
    assert chosen.document["profile"] == leo
    ended = clinician.request("DELETE", "/clients/{client}/sessions", {"people": [maria]}, client=leo)
    assert ended.status == 204
    assert not is_in(cloud, document)
    assert renew(cloud, document).code == "refresh_token_refused"
