"""Flows of clinicians. Each repeats its request after a fault, with the same idempotency key if it has one."""

from collections.abc import Callable
from typing import Any

from latchkey.http.responses import rfc3339
from latchkey.store import accounts
from tests.faults.client_flows import Flow, type_pin
from tests.faults.harness import RETRY_SECONDS, FlowStep, Harness
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse
from tests.kit.seed import key_of

KIM, NEW = "kim@example.com", "kim.lee@example.org"
UNDER_WAY_SECONDS = 31
"""Seconds that an idempotency key stays in progress after a lost request."""


def create_a_client(harness: Harness) -> FlowStep:
    """Add a client without an invitation."""
    clinician = harness.portal.clinician()

    def create() -> HttpResponse:
        return clinician.request("POST", "/clients", {"name": "Kim Lee", "emails": []}, key="one")

    def is_on_file(_: HttpResponse) -> None:
        names = [client["name"] for client in clinician.request("GET", "/clients").document["clients"]]
        assert names == ["Kim Lee"] or (harness.has_two_faults and names == ["Kim Lee"] * 2)

    return FlowStep(create, repeating(harness, create, is_on_file))


def invite_a_new_client(harness: Harness) -> FlowStep:
    """Add a client with an invitation."""
    clinician = harness.portal.clinician()

    def create() -> HttpResponse:
        return clinician.request("POST", "/clients", new_client(invite=True), key="one")

    def is_invited(answer: HttpResponse) -> None:
        (kim,) = clinician.request("GET", "/clients").document["clients"]
        if answer.status == 409:
            assert clinician.request("POST", f"/clients/{kim['id']}/invitations", {"resend": True}).status == 201
        gets_in(harness)

    return FlowStep(create, repeating(harness, create, is_invited))


def resend_invitation(harness: Harness) -> FlowStep:
    """Resend the invitation of a client who has not signed in."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    (old,) = harness.deliver()

    def resend() -> HttpResponse:
        return clinician.request("POST", f"/clients/{kim}/invitations", {"resend": True}, key="one")

    def is_invited(_: HttpResponse) -> None:
        gets_in(harness)
        assert harness.browser().post(old).status == 410

    return FlowStep(resend, repeating(harness, resend, is_invited), secrets=[old.rpartition("/")[2]])


def change_the_address(harness: Harness) -> FlowStep:
    """Change the address. The old one has no access, and the new one is invited."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    (old,) = harness.deliver()

    def change() -> HttpResponse:
        requested = {"email": NEW, "email_ok": True, "disable_and_resend": True}
        return clinician.request("PUT", f"/clients/{kim}/email", requested, key="one")

    def has_moved(_: HttpResponse) -> None:
        gets_in(harness)
        assert harness.browser().post(old).status == 410

    return FlowStep(change, repeating(harness, change, has_moved), secrets=[old.rpartition("/")[2]])


def confirm_the_address(harness: Harness) -> FlowStep:
    """Confirm a suppressed address."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    key = key_of(harness.portal, "willow", KIM)
    harness.deliver()
    reported = bounce(harness, KIM)
    harness.portal.handle_event("MailEvents", reported)
    harness.portal.now += 60

    def confirm() -> HttpResponse:
        return clinician.request("PUT", f"/clients/{kim}/email", {"email": KIM, "email_ok": True}, key="one")

    def is_lifted(_: HttpResponse) -> None:
        harness.portal.handle_event("MailEvents", reported)  # EventBridge delivers at least once
        account = accounts.find(key)
        assert account
        assert not account.suppressed

    return FlowStep(confirm, repeating(harness, confirm, is_lifted))


def disable(harness: Harness) -> FlowStep:
    """Disable a client who is signed in."""
    clinician, kim, browser = harness.portal.clinician(), invited(harness), harness.browser()
    assert browser.post(harness.deliver()[0]).status == 303

    def end() -> HttpResponse:
        return clinician.request("DELETE", f"/clients/{kim}/portal-access")

    def is_out(_: HttpResponse) -> None:
        assert not browser.is_signed_in()

    return FlowStep(end, repeating(harness, end, is_out))


def enable(harness: Harness) -> FlowStep:
    """Invite a disabled client. Old links and sessions stay invalid."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    (old,) = harness.deliver()
    assert clinician.request("DELETE", f"/clients/{kim}/portal-access").status == 204
    harness.portal.now += 60

    def invite() -> HttpResponse:
        return clinician.request("POST", f"/clients/{kim}/invitations", {}, key="one")

    def is_invited(_: HttpResponse) -> None:
        gets_in(harness)
        assert harness.browser().post(old).status == 410

    return FlowStep(invite, repeating(harness, invite, is_invited), secrets=[old.rpartition("/")[2]])


def make_a_pin(harness: Harness) -> FlowStep:
    """Create a PIN, and another if the response was lost."""
    kim = invited(harness)
    harness.deliver()
    return making_a_pin(harness, f"/clients/{kim}/pin-codes", None, KIM)


def making_a_pin(harness: Harness, path: str, body: Any, address: str) -> FlowStep:
    """Create a PIN for a client's address."""
    clinician, shown = harness.portal.clinician(), list[str]()

    def make() -> HttpResponse:
        answer = clinician.request("POST", path, body)
        if answer.status == 201:
            assert audit_of(harness, "pin_created"), "a PIN was shown that nothing was written down of"
            shown.append(answer.document["pin"])
        return answer

    act = FlowStep(make, lambda _: None)

    def works(_: HttpResponse) -> None:
        assert harness.leaks(shown[-1:], "") == []
        assert type_pin(harness.browser(), shown[-1], address).status == 303

    act.recover = repeating(harness, make, works)
    return act


def change_the_settings(harness: Harness) -> FlowStep:
    """Change the telephone of the practice."""
    head = harness.portal.clinician("head-willow")

    def change() -> HttpResponse:
        return head.request("PATCH", "", {"phone": "(555) 010-0199"})

    def is_changed(_: HttpResponse) -> None:
        assert head.get("").document["phone"] == "(555) 010-0199"

    return FlowStep(change, repeating(harness, change, is_changed))


def read_the_diagnosis(harness: Harness) -> FlowStep:
    """Read the diagnosis of a client."""
    clinician, kim = harness.portal.clinician(), invited(harness)
    harness.deliver()

    def read() -> HttpResponse:
        return clinician.request("GET", f"/clients/{kim}/diagnosis")

    return FlowStep(read, repeating(harness, read, lambda _: None))


FLOWS: tuple[Flow, ...] = (
    create_a_client,
    invite_a_new_client,
    resend_invitation,
    change_the_address,
    confirm_the_address,
    disable,
    enable,
    make_a_pin,
    change_the_settings,
    read_the_diagnosis,
)


def repeating(
    harness: Harness,
    repeated: Callable[[], HttpResponse],
    holds: Callable[[HttpResponse], None],
    done: str = "email_in_use",
) -> Callable[[HttpResponse], None]:
    """Return a continuation that repeats the request until it succeeds, then runs `holds`.

    `done` is the code of a repeat that is refused because the first request succeeded.
    """

    def recover(answer: HttpResponse) -> None:
        for seconds in (RETRY_SECONDS, UNDER_WAY_SECONDS):
            if answer.status < 300:
                break
            if answer.status != 503 and answer.code != "in_progress":
                break
            harness.portal.now += seconds
            answer = repeated()
        # after two faults someone may be on file already, and is found there
        assert answer.status < 300 or (answer.code == done and (harness.has_two_faults or done != "email_in_use")), (
            answer.body
        )
        holds(answer)

    return recover


def new_client(**more: Any) -> dict[str, Any]:
    """Return the body of a new client."""
    return {"name": "Kim Lee", "emails": [{"address": KIM, "email_ok": True}], **more}


def invited(harness: Harness) -> str:
    """Add a client with an invitation, and return the id."""
    clinician: ClinicianApi = harness.portal.clinician()
    answer = clinician.request("POST", "/clients", new_client(invite=True))
    assert answer.status == 201, answer.body
    harness.portal.now += 60
    return str(answer.document["id"])


def gets_in(harness: Harness) -> Browser:
    """Sign in by the newest invitation."""
    paths = harness.deliver()
    assert paths, "the response confirmed an invitation, and no mail was sent"
    browser = harness.browser()
    assert browser.post(paths[-1]).status == 303
    return browser


def bounce(harness: Harness, address: str) -> dict[str, Any]:
    """Return the event of a hard bounce of the newest mail to an address."""
    (item,) = [
        item
        for item in harness.items("Accounts")
        if item["address"]["S"] == address and item["practice"]["S"] == "willow"
    ]
    tags = {"practice": ["willow"], "account": [item["key"]["S"]]}
    mail = {"messageId": item["message_id"]["S"], "timestamp": rfc3339(harness.portal.now), "tags": tags}
    detail = {"eventType": "Bounce", "mail": mail, "bounce": {"bounceType": "Permanent"}}
    return {"id": "1", "source": "aws.ses", "detail": detail}


def audit_of(harness: Harness, kind: str) -> list[Any]:
    """Return the audit events of a kind."""
    return [row for row in harness.items("Events") if row["kind"]["S"] == kind]
