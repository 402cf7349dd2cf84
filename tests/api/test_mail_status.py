"""Tests of the mail status that clinicians see: bounces with time and reason (B158), banners and tags, and items of a
second invitation.
"""

from typing import Any

import pytest

from latchkey import tokens
from latchkey.http.responses import rfc3339
from latchkey.rules.addresses import canonical
from latchkey.store import accounts
from tests.api.cloud import MinistackCloud
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.handlers import lambda_context, load_handler

KIM = "kim@example.com"


def report(cloud: MinistackCloud, address: str, kind: str = "Bounce", **details: Any) -> None:
    """Deliver an SES report about the last mail to an address."""
    key = accounts.key_of("willow", canonical(address))
    (item,) = (item for item in cloud.items()["Accounts"] if item["key"]["S"] == tokens.base64url_encode(key))
    mail = {
        "messageId": item["message_id"]["S"],
        "timestamp": rfc3339(cloud.clock.now),
        "tags": {"practice": ["willow"], "account": [tokens.base64url_encode(key)]},
    }
    event = {"id": "1", "source": "aws.ses", "detail": {"eventType": kind, "mail": mail, **details}}
    event["time"] = rfc3339(cloud.clock.now)
    load_handler("MailEvents").handle(event, lambda_context(cloud.clock.now))


def bounce(subtype: str = "General", status: str | None = None, kind: str = "Permanent") -> dict[str, Any]:
    recipient = {"emailAddress": KIM} | ({"status": status} if status else {})
    return {"bounce": {"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": [recipient]}}


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        (bounce("NoEmail"), "unknown_mailbox"),
        (bounce("General", "5.1.1"), "unknown_mailbox"),
        (bounce("MailboxFull", kind="Transient"), "mailbox_full"),
        (bounce("General", "4.2.2", "Transient"), "mailbox_full"),
        (bounce("ContentRejected", kind="Transient"), "refused"),
        (bounce("General", "5.7.1"), "refused"),
        (bounce("Suppressed"), "refused"),
        (bounce("General"), "unknown"),
        (bounce("General", "<b>5.1.1</b>"), "unknown"),
        ({"bounce": {"bounceType": "Permanent", "bounceSubType": 1, "bouncedRecipients": "x"}}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_a_bounce_says_when_and_why(
    clinician: ClinicianApi, cloud: MinistackCloud, details: dict[str, Any], reason: str
) -> None:
    client = clinician.add_client("Kim Lee", KIM, invite={})
    cloud.deliver()
    cloud.clock.advance(60)
    at = rfc3339(cloud.clock.now)
    report(cloud, KIM, **details)
    found = clinician.access(client)
    assert (found["email_status"], found["bounce"]) == ("bounced", {"at": at, "reason": reason})


def test_a_complaint_says_so(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", KIM, invite={})
    cloud.deliver()
    report(cloud, KIM, "Delivery")
    assert clinician.access(client)["bounce"] is None
    report(cloud, KIM, "Complaint")
    assert clinician.access(client)["bounce"]["reason"] == "reported_as_spam"


def test_a_bounce_stays_when_the_address_is_confirmed(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", KIM, invite={})
    cloud.deliver()
    report(cloud, KIM, **bounce("NoEmail"))
    before = clinician.access(client)
    cloud.clock.advance(60)
    answer = clinician.request("PUT", "/clients/{client}/email", {"email": KIM, "email_ok": True}, client=client)
    assert answer.status == 200
    assert (answer.document["email_status"], answer.document["bounce"]) == ("none", before["bounce"])
    assert clinician.post("/clients/{client}/invitations", {"resend": True}, client=client).status == 201
    cloud.deliver()
    report(cloud, KIM, "Delivery")
    found = clinician.access(client)
    assert (found["email_status"], found["bounce"]) == ("delivered", before["bounce"])


def test_a_guardians_bounce_is_in_the_contacts_document(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    fields = {"name": "Maria", "email": "maria@example.com", "email_ok": True, "relation": "guardian"}
    contact = clinician.post("/clients/{client}/contacts", fields, client=leo).document
    assert (contact["status"], contact["bounce"], contact["last_sign_in_at"]) == ("invited", None, None)
    cloud.deliver()
    report(cloud, "maria@example.com", **bounce("NoEmail"))
    found = clinician.get("/clients/{client}/contacts/{contact}", client=leo, contact=contact["id"]).document
    assert found["bounce"]["reason"] == "unknown_mailbox"
    clinician.request("DELETE", "/clients/{client}/portal-access", query={"everyone": "true"}, client=leo)
    (found,) = clinician.get("/clients/{client}/contacts", client=leo).document["contacts"]
    assert found["status"] == "disabled"


def sign_in(clinician: ClinicianApi, cloud: MinistackCloud, client: str) -> None:
    made = clinician.create_pin(client).document
    assert cloud.browser().enter_pin(made["email"], made["pin"]).status == 200


def test_banner_and_tags_follow_a_client_through_an_end_and_a_second_invitation(
    clinician: ClinicianApi, cloud: MinistackCloud, clock: Clock
) -> None:
    client = clinician.add_client("Kim Lee", KIM)
    shown = [clinician.access(client)]
    clinician.post("/clients/{client}/invitations", client=client)
    shown.append(clinician.access(client))
    sign_in(clinician, cloud, client)
    shown.append(clinician.access(client))
    clock.advance(86_400)
    clinician.request("DELETE", "/clients/{client}/portal-access", client=client)
    shown.append(clinician.access(client))
    clinician.post("/clients/{client}/invitations", client=client)
    shown.append(clinician.access(client))
    assert [(it["banner"], it["tags"]) for it in shown] == [
        (None, ["Not invited"]),
        ("Kim Lee hasn't signed in yet.", ["Invited March 3, 2026"]),
        (None, ["Active, last signed in March 3, 2026"]),
        (None, ["Disabled"]),
        ("Kim Lee hasn't signed in since March 3, 2026.", ["Invited again March 4, 2026"]),
    ]


def test_a_client_who_moves_to_another_address_has_signed_in_before(
    clinician: ClinicianApi, cloud: MinistackCloud, clock: Clock
) -> None:
    client = clinician.add_client("Kim Lee", KIM, invite={})
    sign_in(clinician, cloud, client)
    clock.advance(86_400)
    body = {"email": "new@example.com", "email_ok": True, "disable_and_resend": True}
    moved = clinician.request("PUT", "/clients/{client}/email", body, client=client).document
    assert moved["banner"] == "Kim Lee hasn't signed in since March 3, 2026."
    assert moved["first_sign_in_at"] is None


def test_the_number_of_people_who_open_a_profile_is_a_tag(clinician: ClinicianApi) -> None:
    leo = clinician.add_client("Leo Gomez", kind="minor")
    for name, tags in (("maria", "Opened by 1 person"), ("jon", "Opened by 2 people")):
        fields = {"name": name, "email": f"{name}@example.com", "email_ok": True}
        assert clinician.post("/clients/{client}/contacts", fields, client=leo).status == 201
        assert clinician.access(leo)["tags"] == ["Not invited", tags]


def test_a_repeated_invitation_sends_the_items_of_the_one_before(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    client = clinician.add_client("Kim Lee", KIM, invite={"items": ["Plan", "Forms"]})
    steps: list[tuple[dict[str, Any], list[str]]] = [
        ({"resend": True}, ["Plan", "Forms"]),
        ({"resend": True, "subject": "Once more"}, ["Plan", "Forms"]),
        ({"items": ["Photo"]}, ["Photo"]),
        ({}, ["Photo"]),
    ]
    assert [job["items"] for job in cloud.take_jobs()] == [["Plan", "Forms"]]
    for body, items in steps:
        assert clinician.post("/clients/{client}/invitations", body, client=client).status == 201
        assert [job["items"] for job in cloud.take_jobs()] == [items]
    moved = {"email": "new@example.com", "email_ok": True, "disable_and_resend": True}
    assert clinician.request("PUT", "/clients/{client}/email", moved, client=client).status == 200
    assert [job["items"] for job in cloud.take_jobs() if job["kind"] == "invitation"] == [["Photo"]]


def test_an_invitation_after_a_disable_has_no_earlier_items(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    client = clinician.add_client("Kim Lee", KIM, invite={"items": ["Plan"]})
    clinician.request("DELETE", "/clients/{client}/portal-access", client=client)
    cloud.take_jobs()
    assert clinician.post("/clients/{client}/invitations", client=client).status == 201
    (job,) = cloud.take_jobs()
    assert not job.get("items")


@pytest.mark.parametrize(
    ("message", "greets"),
    [
        ("Hello {name},\nthis one is fresh.", "Hello Kim Lee,"),
        ("Hi Kim!\nThis one is fresh.", "Hi Kim!"),
        ("This one is fresh.", "Hello Kim Lee,"),
        ("Use {link}, {name}.\nThis one is fresh.", "Hello Kim Lee,"),
    ],
)
def test_an_invitation_in_other_words_greets_once(
    clinician: ClinicianApi, cloud: MinistackCloud, message: str, greets: str
) -> None:
    client = clinician.add_client("Kim Lee", KIM, invite={"message": message})
    assert client
    (letter,) = cloud.deliver()
    for part in (letter.text, letter.html):
        assert part.count(greets) == 1
        assert part.count("Hello") + part.count("Hi Kim") == 1
        assert "his one is fresh." in part
