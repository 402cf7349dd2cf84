"""What clinicians do; whoever heard nothing of it does it again, with the same key where there is one."""

from collections.abc import Callable
from typing import Any

from latchkey.store import accounts
from latchkey.web.responses import rfc3339
from tests.faults.client_flows import Flow, type_pin
from tests.faults.harness import RETRY_SECONDS, Act, Desk, Scene
from tests.kit.files import key_of
from tests.kit.portal import Answer, Browser

KIM, NEW = "kim@example.com", "kim.lee@example.org"
UNDER_WAY_SECONDS = 31
"""How long a send that never came back stands in the way of its repetition."""


def create_a_client(scene: Scene) -> Act:
    """Nobody is invited."""
    desk = scene.desk()

    def create() -> Answer:
        return desk.ask("POST", "/clients", {"name": "Kim Lee", "emails": []}, key="one")

    def is_on_file(_: Answer) -> None:
        names = [client["name"] for client in desk.ask("GET", "/clients").document["clients"]]
        assert names == ["Kim Lee"] or (scene.twice and names == ["Kim Lee"] * 2)

    return Act(create, repeating(scene, create, is_on_file))


def invite_a_new_client(scene: Scene) -> Act:
    """Put on file and invited in one step."""
    desk = scene.desk()

    def create() -> Answer:
        return desk.ask("POST", "/clients", new_client(invite=True), key="one")

    def is_invited(answer: Answer) -> None:
        (kim,) = desk.ask("GET", "/clients").document["clients"]
        if answer.status == 409:
            assert desk.ask("POST", f"/clients/{kim['id']}/invitations", {"resend": True}).status == 201
        gets_in(scene)

    return Act(create, repeating(scene, create, is_invited))


def invite_again(scene: Scene) -> Act:
    """The same invitation once more, to someone who has not come yet."""
    desk, kim = scene.desk(), invited(scene)
    (old,) = scene.deliver()

    def resend() -> Answer:
        return desk.ask("POST", f"/clients/{kim}/invitations", {"resend": True}, key="one")

    def is_invited(_: Answer) -> None:
        gets_in(scene)
        assert scene.browser().post(old).status == 410

    return Act(resend, repeating(scene, resend, is_invited), secrets=[old.rpartition("/")[2]])


def change_the_address(scene: Scene) -> Act:
    """The old address is dead at once, the new one is invited."""
    desk, kim = scene.desk(), invited(scene)
    (old,) = scene.deliver()

    def change() -> Answer:
        asked = {"email": NEW, "email_ok": True, "disable_and_resend": True}
        return desk.ask("PUT", f"/clients/{kim}/email", asked, key="one")

    def has_moved(_: Answer) -> None:
        gets_in(scene)
        assert scene.browser().post(old).status == 410

    return Act(change, repeating(scene, change, has_moved), secrets=[old.rpartition("/")[2]])


def confirm_the_address(scene: Scene) -> Act:
    """Mail to it came back, and shall go there again."""
    desk, kim = scene.desk(), invited(scene)
    key = key_of(scene.portal, "willow", KIM)
    scene.deliver()
    reported = bounce(scene, KIM)
    scene.portal.hear("MailEvents", reported)
    scene.portal.now += 60

    def confirm() -> Answer:
        return desk.ask("PUT", f"/clients/{kim}/email", {"email": KIM, "email_ok": True}, key="one")

    def is_lifted(_: Answer) -> None:
        scene.portal.hear("MailEvents", reported)  # EventBridge delivers at least once
        account = accounts.find(key)
        assert account
        assert not account.suppressed

    return Act(confirm, repeating(scene, confirm, is_lifted))


def disable(scene: Scene) -> Act:
    """Whoever was in is out."""
    desk, kim, browser = scene.desk(), invited(scene), scene.browser()
    assert browser.post(scene.deliver()[0]).status == 303

    def end() -> Answer:
        return desk.ask("DELETE", f"/clients/{kim}/portal-access")

    def is_out(_: Answer) -> None:
        assert not browser.is_in()

    return Act(end, repeating(scene, end, is_out))


def enable(scene: Scene) -> Act:
    """Invited after an end, which nothing revives."""
    desk, kim = scene.desk(), invited(scene)
    (old,) = scene.deliver()
    assert desk.ask("DELETE", f"/clients/{kim}/portal-access").status == 204
    scene.portal.now += 60

    def invite() -> Answer:
        return desk.ask("POST", f"/clients/{kim}/invitations", {}, key="one")

    def is_invited(_: Answer) -> None:
        gets_in(scene)
        assert scene.browser().post(old).status == 410

    return Act(invite, repeating(scene, invite, is_invited), secrets=[old.rpartition("/")[2]])


def make_a_pin(scene: Scene) -> Act:
    """Whoever hears none makes another."""
    kim = invited(scene)
    scene.deliver()
    return making_a_pin(scene, f"/clients/{kim}/pin-codes", None, KIM)


def making_a_pin(scene: Scene, path: str, body: Any, address: str) -> Act:
    """For whom the path and the body name, at an address."""
    desk, shown = scene.desk(), list[str]()

    def make() -> Answer:
        answer = desk.ask("POST", path, body)
        if answer.status == 201:
            assert audit_of(scene, "pin_created"), "a PIN was shown that nothing was written down of"
            shown.append(answer.document["pin"])
        return answer

    act = Act(make, lambda _: None)

    def works(_: Answer) -> None:
        assert scene.leaks(shown[-1:], "") == []
        assert type_pin(scene.browser(), shown[-1], address).status == 303

    act.go_on = repeating(scene, make, works)
    return act


def change_the_settings(scene: Scene) -> Act:
    """The practice gets another phone."""
    head = scene.desk("head-willow")

    def change() -> Answer:
        return head.ask("PATCH", "", {"phone": "(555) 010-0199"})

    def is_changed(_: Answer) -> None:
        assert head.ask("GET").document["phone"] == "(555) 010-0199"

    return Act(change, repeating(scene, change, is_changed))


def read_the_diagnosis(scene: Scene) -> Act:
    """Why can this client not sign in?"""
    desk, kim = scene.desk(), invited(scene)
    scene.deliver()

    def read() -> Answer:
        return desk.ask("GET", f"/clients/{kim}/diagnosis")

    return Act(read, repeating(scene, read, lambda _: None))


FLOWS: tuple[Flow, ...] = (
    create_a_client,
    invite_a_new_client,
    invite_again,
    change_the_address,
    confirm_the_address,
    disable,
    enable,
    make_a_pin,
    change_the_settings,
    read_the_diagnosis,
)


def repeating(
    scene: Scene, again: Callable[[], Answer], holds: Callable[[Answer], None], done: str = "email_in_use"
) -> Callable[[Answer], None]:
    """Whoever got no yes does the same once more, and that is one; then it holds. `done` is how a repetition can be
    refused because the first has happened."""

    def go_on(answer: Answer) -> None:
        for seconds in (RETRY_SECONDS, UNDER_WAY_SECONDS):
            if answer.status < 300:
                break
            if answer.status != 503 and answer.code != "in_progress":
                break
            scene.portal.now += seconds
            answer = again()
        # after two faults someone may be on file already, and is found there
        assert answer.status < 300 or (answer.code == done and (scene.twice or done != "email_in_use")), answer.body
        holds(answer)

    return go_on


def new_client(**more: Any) -> dict[str, Any]:
    """What is sent of someone new."""
    return {"name": "Kim Lee", "emails": [{"address": KIM, "email_ok": True}], **more}


def invited(scene: Scene) -> str:
    """The id of a client who has an invitation."""
    desk: Desk = scene.desk()
    answer = desk.ask("POST", "/clients", new_client(invite=True))
    assert answer.status == 201, answer.body
    scene.portal.now += 60
    return str(answer.document["id"])


def gets_in(scene: Scene) -> Browser:
    """Whoever was invited opens the newest mail."""
    paths = scene.deliver()
    assert paths, "an invitation was promised, and none is on its way"
    browser = scene.browser()
    assert browser.post(paths[-1]).status == 303
    return browser


def bounce(scene: Scene, address: str) -> dict[str, Any]:
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


def audit_of(scene: Scene, kind: str) -> list[Any]:
    """The rows of a kind."""
    return [row for row in scene.items("Events") if row["kind"]["S"] == kind]
