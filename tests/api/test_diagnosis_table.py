"""Tests that compare the diagnosis with the product for every account state, sign-in method and lock (B156). Each case
reads the diagnosis first. Then it asks for a link, enters a PIN and sends an invitation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from latchkey.identity import providers
from latchkey.rules.addresses import canonical
from latchkey.rules.identities import check_identity
from latchkey.rules.pins import MAX_CONSECUTIVE_WRONG
from latchkey.rules.practices import UnknownAddressPolicy
from latchkey.rules.refusals import Refusal
from latchkey.store import accounts, mail_status, practices
from latchkey.store.pins import PinItem
from latchkey.tokens import base64url_encode
from latchkey.usecases import diagnosis
from tests.api.cloud import MinistackCloud
from tests.api.test_diagnosis import KIM, fill
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.seed import WILLOW

GMAIL = "kim@gmail.com"
LOCKS: list[tuple[str, ...]] = [
    (),
    ("address",),
    ("address", "browser"),
    ("practice",),
    ("pin address",),
    ("pin address", "pin browser"),
    ("pin practice",),
    ("address", "browser", "pin address", "pin browser"),
]


@dataclass
class Person:
    """A client, or a contact of one, with a known browser."""

    clinician: ClinicianApi
    cloud: MinistackCloud
    client: str
    contact: str | None
    address: str
    known: Browser

    def route(self, what: str) -> str:
        return f"/clients/{self.client}" + (f"/contacts/{self.contact}" if self.contact else "") + what

    def diagnosis(self) -> Any:
        answer = self.clinician.get(self.route("/diagnosis"))
        assert answer.status == 200, answer.body
        return answer.document

    def pin(self) -> str | None:
        body = {"contact": self.contact} if self.contact else {}
        answer = self.clinician.create_pin(self.client, **body)
        return str(answer.document["pin"]) if answer.status == 201 else None

    def store(self, **facts: Any) -> None:
        account = accounts.find(accounts.key_of("willow", canonical(self.address)))
        assert account
        accounts.save(replace(account, **facts))


def _closed(person: Person) -> None:
    query = {"everyone": "true"}
    assert person.clinician.request("DELETE", f"/clients/{person.client}/portal-access", query=query).status == 204


def _without_consent(person: Person) -> None:
    if person.contact:
        fields = {"name": "Kim", "email": person.address, "email_ok": False, "relation": "guardian"}
        assert person.clinician.post(f"/clients/{person.client}/contacts", fields).status == 201
    else:
        fields = {"email": person.address, "email_ok": False}
        assert person.clinician.request("PUT", f"/clients/{person.client}/email", fields).status == 200


def _pin_failures(person: Person) -> None:
    assert person.pin()
    key = accounts.key_of("willow", canonical(person.address))
    PinItem(base64url_encode(key)).update([PinItem.failures.set(MAX_CONSECUTIVE_WRONG)])


STATES: dict[str, Callable[[Person], object]] = {
    "active": lambda _: None,
    "invited": lambda it: it.store(status="invited"),
    "closed": _closed,
    "no consent": _without_consent,
    "suppressed": lambda it: it.cloud.bounce(it.address),
    "complained": lambda it: it.cloud.bounce(it.address, "complained"),
    "soft bounce": lambda it: mail_status.write(accounts.key_of("willow", canonical(it.address)), "bounced", 0),
    "too many wrong PINs": _pin_failures,
}


@pytest.fixture(autouse=True)
def _with_google(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure the stack with an OAuth client at Google."""
    offered = SimpleNamespace(offered=lambda practice: providers.PROVIDERS if practice else ())
    monkeypatch.setattr(diagnosis, "providers", offered)


@pytest.fixture(params=["client", "contact"])
def person(request: pytest.FixtureRequest, clinician: ClinicianApi, cloud: MinistackCloud) -> Person:
    """Return Kim, a client or a guardian of one, after a sign-in."""
    return _person(clinician, cloud, KIM, as_contact=request.param == "contact")


def _person(clinician: ClinicianApi, cloud: MinistackCloud, address: str, *, as_contact: bool) -> Person:
    contact = None
    if as_contact:
        client = clinician.add_client("Leo Lee", kind="minor")
        fields = {"name": "Kim", "email": address, "email_ok": True, "relation": "guardian"}
        contact = str(clinician.post(f"/clients/{client}/contacts", fields).document["id"])
    else:
        client = clinician.add_client("Kim Lee", address, invite={})
    person = Person(clinician, cloud, client, contact, address, cloud.browser())
    pin = person.pin()
    assert pin
    assert person.known.enter_pin(address, pin).status == 200
    cloud.take_jobs()
    cloud.clock.advance(3600)
    return person


def links_work_in(person: Person) -> str:
    """Return the browsers in which a request for a link sends a mail now: `all`, `known_browsers` or `none`."""
    for browser, word in ((person.cloud.browser(), "all"), (person.known, "known_browsers")):
        browser.request_link(person.address)
        if [letter for letter in person.cloud.deliver() if "/link/" in letter.text]:
            return word
    return "none"


def pins_work_in(person: Person) -> str:
    """Return the browsers in which a new PIN starts a session now: `all`, `known_browsers` or `none`."""
    for browser, word in ((person.cloud.browser(), "all"), (person.known, "known_browsers")):
        pin = person.pin()
        if pin and browser.enter_pin(person.address, pin).status == 200:
            return word
    return "none"


@pytest.mark.parametrize("setting", UnknownAddressPolicy)
@pytest.mark.parametrize("full", LOCKS, ids=" + ".join)
@pytest.mark.parametrize("state", STATES)
def test_the_diagnosis_says_what_works_and_nothing_else(
    person: Person, state: str, full: tuple[str, ...], setting: UnknownAddressPolicy
) -> None:
    practices.save(replace(WILLOW, unknown_address=setting))
    STATES[state](person)
    fill(person.cloud.clock, full)
    found = person.diagnosis()
    works = {method["on"]: method["works_in"] for method in found["methods"]}
    say, note = " ".join(found["say"]), " ".join(found["note"])

    assert ("ask for a new link" in say) is (works["links"] != "none")
    assert ("Pin Code that I read out" in say) is (works["pins"] != "none")
    if "A link by email works now" in say:
        assert works["links"] == "all"
    if "A Pin Code works now" in say:
        assert works["pins"] == "all"
    for waiting in ("on its way", "was delivered", "We sent you"):
        assert waiting not in say or works["links"] != "none" or found["locks"]
    for secret in (person.address, "Leo"):
        assert secret not in say
    assert works["pins"] == pins_work_in(person)
    assert works["links"] == links_work_in(person)
    if not person.contact:
        wants_invitation = "Send an invitation" in note or "Resend it" in note
        answer = person.clinician.post(f"/clients/{person.client}/invitations", {"resend": True})
        # Entering the PIN may have signed the client in.
        assert answer.status == 201 or not wants_invitation or answer.code == "already_signed_in"


@pytest.mark.parametrize("address", [GMAIL, "kim+kids@gmail.com", KIM])
@pytest.mark.parametrize("state", ["active", "closed", "suppressed", "no consent"])
def test_google_is_advised_where_an_account_there_would_open_this_one(
    clinician: ClinicianApi, cloud: MinistackCloud, state: str, address: str
) -> None:
    person = _person(clinician, cloud, address, as_contact=False)
    STATES[state](person)
    try:
        check_identity(
            accounts.find(accounts.key_of("willow", canonical(address))), "google", "someone", cloud.clock.now
        )
    except Refusal:
        opens = False
    else:
        opens = address == GMAIL
    found = person.diagnosis()
    works = {method["on"]: method["works_in"] for method in found["methods"]}
    assert works["google"] == ("all" if opens else "none")
    assert ("continue with Google" in " ".join(found["say"])) is opens


# ── a child's guardian ──


def test_a_childs_diagnosis_tells_about_the_guardian(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    """B155"""
    person = _person(clinician, cloud, KIM, as_contact=True)
    cloud.bounce(KIM)
    fill(cloud.clock, ("pin address",))
    found = clinician.get(f"/clients/{person.client}/diagnosis").document
    (guardian,) = found["people"]
    alone = person.diagnosis()
    assert guardian == alone
    assert (guardian["name"], guardian["relation"], guardian["access"]) == ("Kim", "guardian", "active")
    assert (guardian["email_status"], [lock["on"] for lock in guardian["locks"]]) == ("bounced", ["pins"])
    assert found["say"] == [f"Kim: {sentence}" for sentence in alone["say"]]
    assert found["note"] == [f"Kim: {sentence}" for sentence in alone["note"]]
    assert any("came back" in sentence for sentence in found["say"])
    assert not any("no email address" in sentence for sentence in found["note"])


def test_a_diagnosis_names_everyone_on_file(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    person = _person(clinician, cloud, KIM, as_contact=True)
    fields = {"name": "Jo", "email": "jo@example.com", "email_ok": True}
    jo = clinician.post(f"/clients/{person.client}/contacts", fields).document["id"]
    clinician.request("DELETE", f"/clients/{person.client}/portal-access", {"people": [person.contact, jo]})
    found = clinician.get(f"/clients/{person.client}/diagnosis").document
    assert [(one["name"], one["access"]) for one in found["people"]] == [("Kim", "disabled"), ("Jo", "disabled")]
    assert any("closed to Jo" in sentence for sentence in found["people"][1]["note"])
    assert found["say"] == []


# ── the newest outcome ──


def test_a_refusal_is_over_after_a_sign_in(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    person = _person(clinician, cloud, KIM, as_contact=False)
    assert cloud.browser().enter_pin(KIM, "000000").code == "pin_refused"
    assert "did not match" in person.diagnosis()["say"][0]
    cloud.clock.advance(60)
    pin = person.pin()
    assert pin
    assert cloud.browser().enter_pin(KIM, pin).status == 200
    assert not any("did not match" in sentence for sentence in person.diagnosis()["say"])


def test_a_mail_that_was_used_is_looked_for_no_more(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    person = _person(clinician, cloud, KIM, as_contact=False)
    link = cloud.link_mailed_after(lambda: cloud.browser().request_link(KIM), KIM)
    assert any("Spam" in sentence for sentence in person.diagnosis()["say"])
    cloud.clock.advance(60)
    assert cloud.browser().post(link).status == 200
    assert not any("Spam" in sentence for sentence in person.diagnosis()["say"])
    cloud.clock.advance(60)
    assert cloud.browser().post(link).code == "link_used"
    assert "used already" in person.diagnosis()["say"][0]


def test_an_expired_mail_is_looked_for_no_more(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    person = _person(clinician, cloud, KIM, as_contact=False)
    cloud.link_mailed_after(lambda: cloud.browser().request_link(KIM), KIM)
    cloud.clock.advance(86_400 - 1)
    assert any("Spam" in sentence for sentence in person.diagnosis()["say"])
    cloud.clock.advance(1)
    assert not any("Spam" in sentence for sentence in person.diagnosis()["say"])
