"""What clinicians do; whoever heard nothing of it does it again, with the same key where there is one."""

from collections.abc import Callable
from typing import Any

from latchkey.store import accounts
from latchkey.web.responses import rfc3339
from tests.faults.client_flows import Flow, type_pin
from tests.faults.harness import RETRY_SECONDS, FlowStep, Harness
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse
from tests.kit.seed import key_of

KIM, NEW = "kim@example.com", "kim.lee@example.org"
UNDER_WAY_SECONDS = 31
"""How long a send that never came back stands in the way of its repetition."""


def create_a_client(scene: Harness) -> FlowStep:
    """Nobody is invited."""
    desk = scene.portal.clinician()

    def create() -> HttpResponse:
        return desk.request("POST", "/clients", {"name": "Kim Lee", "emails": []}, key="one")

    def is_on_file(_: HttpResponse) -> None:
        names = [client["name"] for client in desk.request("GET", "/clients").document["clients"]]
        assert names == ["Kim Lee"] or (scene.twice and names == ["Kim Lee"] * 2)

    return FlowStep(create, repeating(scene, create, is_on_file))


def invite_a_new_client(scene: Harness) -> FlowStep:
    """Put on file and invited in one step."""
    desk = scene.portal.clinician()

    def create() -> HttpResponse:
        return desk.request("POST", "/clients", new_client(invite=True), key="one")

    def is_invited(answer: HttpResponse) -> None:
        (kim,) = desk.request("GET", "/clients").document["clients"]
        if answer.status == 409:
            assert desk.request("POST", f"/clients/{kim['id']}/invitations", {"resend": True}).status == 201
        gets_in(scene)

    return FlowStep(create, repeating(scene, create, is_invited))


def resend_invitation(scene: Harness) -> FlowStep:
    """The same invitation once more, to someone who has not come yet."""
    desk, kim = scene.portal.clinician(), invited(scene)
    (old,) = scene.deliver()

    def resend() -> HttpResponse:
        return desk.request("POST", f"/clients/{kim}/invitations", {"resend": True}, key="one")

    def is_invited(_: HttpResponse) -> None:
        gets_in(scene)
        assert scene.browser().post(old).status == 410

    return FlowStep(resend, repeating(scene, resend, is_invited), secrets=[old.rpartition("/")[2]])


def change_the_address(scene: Harness) -> FlowStep:
    """The old address is dead at once, the new one is invited."""
    desk, kim = scene.portal.clinician(), invited(scene)
    (old,) = scene.deliver()

    def change() -> HttpResponse:
        requested = {"email": NEW, "email_ok": True, "disable_and_resend": True}
        return desk.request("PUT", f"/clients/{kim}/email", requested, key="one")

    def has_moved(_: HttpResponse) -> None:
        gets_in(scene)
        assert scene.browser().post(old).status == 410

    return FlowStep(change, repeating(scene, change, has_moved), secrets=[old.rpartition("/")[2]])


def confirm_the_address(scene: Harness) -> FlowStep:
    """Mail to it came back, and shall go there again."""
    desk, kim = scene.portal.clinician(), invited(scene)
    key = key_of(scene.portal, "willow", KIM)
    scene.deliver()
    reported = bounce(scene, KIM)
    scene.portal.handle_event("MailEvents", reported)
    scene.portal.now += 60

    def confirm() -> HttpResponse:
        return desk.request("PUT", f"/clients/{kim}/email", {"email": KIM, "email_ok": True}, key="one")

    def is_lifted(_: HttpResponse) -> None:
        scene.portal.handle_event("MailEvents", reported)  # EventBridge delivers at least once
        account = accounts.find(key)
        assert account
        assert not account.suppressed

    return FlowStep(confirm, repeating(scene, confirm, is_lifted))


def disable(scene: Harness) -> FlowStep:
    """Whoever was in is out."""
    desk, kim, browser = scene.portal.clinician(), invited(scene), scene.browser()
    assert browser.post(scene.deliver()[0]).status == 303

    def end() -> HttpResponse:
        return desk.request("DELETE", f"/clients/{kim}/portal-access")

    def is_out(_: HttpResponse) -> None:
        assert not browser.is_signed_in()

    return FlowStep(end, repeating(scene, end, is_out))


def enable(scene: Harness) -> FlowStep:
    """Invited after an end, which nothing revives."""
    desk, kim = scene.portal.clinician(), invited(scene)
    (old,) = scene.deliver()
    assert desk.request("DELETE", f"/clients/{kim}/portal-access").status == 204
    scene.portal.now += 60

    def invite() -> HttpResponse:
        return desk.request("POST", f"/clients/{kim}/invitations", {}, key="one")

    def is_invited(_: HttpResponse) -> None:
        gets_in(scene)
        assert scene.browser().post(old).status == 410

    return FlowStep(invite, repeating(scene, invite, is_invited), secrets=[old.rpartition("/")[2]])


def make_a_pin(scene: Harness) -> FlowStep:
    """Whoever hears none makes another."""
    kim = invited(scene)
    scene.deliver()
    return making_a_pin(scene, f"/clients/{kim}/pin-codes", None, KIM)


def making_a_pin(scene: Harness, path: str, body: Any, address: str) -> FlowStep:
    """For whom the path and the body name, at an address."""
    desk, shown = scene.portal.clinician(), list[str]()

    def make() -> HttpResponse:
        answer = desk.request("POST", path, body)
        if answer.status == 201:
            assert audit_of(scene, "pin_created"), "a PIN was shown that nothing was written down of"
            shown.append(answer.document["pin"])
        return answer

    act = FlowStep(make, lambda _: None)

    def works(_: HttpResponse) -> None:
        assert scene.leaks(shown[-1:], "") == []
        assert type_pin(scene.browser(), shown[-1], address).status == 303

    act.go_on = repeating(scene, make, works)
    return act


def change_the_settings(scene: Harness) -> FlowStep:
    """The practice gets another phone."""
    head = scene.portal.clinician("head-willow")

    def change() -> HttpResponse:
        return head.request("PATCH", "", {"phone": "(555) 010-0199"})

    def is_changed(_: HttpResponse) -> None:
        assert head.get("").document["phone"] == "(555) 010-0199"

    return FlowStep(change, repeating(scene, change, is_changed))


def read_the_diagnosis(scene: Harness) -> FlowStep:
    """Why can this client not sign in?"""
    desk, kim = scene.portal.clinician(), invited(scene)
    scene.deliver()

    def read() -> HttpResponse:
        return desk.request("GET", f"/clients/{kim}/diagnosis")

    return FlowStep(read, repeating(scene, read, lambda _: None))


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
    scene: Harness,
    repeated: Callable[[], HttpResponse],
    holds: Callable[[HttpResponse], None],
    done: str = "email_in_use",
) -> Callable[[HttpResponse], None]:
    """Whoever got no yes does the same once more, and that is one; then it holds. `done` is how a repetition can be
    refused because the first has happened."""

    def go_on(answer: HttpResponse) -> None:
        for seconds in (RETRY_SECONDS, UNDER_WAY_SECONDS):
            if answer.status < 300:
                break
            if answer.status != 503 and answer.code != "in_progress":
                break
            scene.portal.now += seconds
            answer = repeated()
        # after two faults someone may be on file already, and is found there
        assert answer.status < 300 or (answer.code == done and (scene.twice or done != "email_in_use")), answer.body
        holds(answer)

    return go_on


def new_client(**more: Any) -> dict[str, Any]:
    """What is sent of someone new."""
    return {"name": "Kim Lee", "emails": [{"address": KIM, "email_ok": True}], **more}


def invited(scene: Harness) -> str:
    """The id of a client who has an invitation."""
    desk: ClinicianApi = scene.portal.clinician()
    answer = desk.request("POST", "/clients", new_client(invite=True))
    assert answer.status == 201, answer.body
    scene.portal.now += 60
    return str(answer.document["id"])


def gets_in(scene: Harness) -> Browser:
    """Whoever was invited opens the newest mail."""
    paths = scene.deliver()
    assert paths, "an invitation was promised, and none is on its way"
    browser = scene.browser()
    assert browser.post(paths[-1]).status == 303
    return browser


def bounce(scene: Harness, address: str) -> dict[str, Any]:
    """What SES reports when the newest mail to an address comes back for good."""
    (item,) = [
        item
        for item in scene.items("Accounts")
        if item["address"]["S"] == address and item["practice"]["S"] == "willow"
    ]
    tags = {"practice": ["willow"], "account": [item["key"]["S"]]}
    mail = {"messageId": item["message_id"]["S"], "timestamp": rfc3339(scene.portal.now), "tags": tags}
    detail = {"eventType": "Bounce", "mail": mail, "bounce": {"bounceType": "Permanent"}}
    return {"id": "1", "source": "aws.ses", "detail": detail}


def audit_of(scene: Harness, kind: str) -> list[Any]:
    """The rows of a kind."""
    return [row for row in scene.items("Events") if row["kind"]["S"] == kind]
