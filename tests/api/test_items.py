"""Tests of shared items and their links: shared, waiting on the home page, announced by mail, done (B146)."""

from typing import Any

import pytest

from tests.api.cloud import MinistackCloud, link_in
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.http_response import HttpResponse

CONSENT = {"title": "Consent form", "path": "/willow/documents/consent"}


def share(clinician: ClinicianApi, client: str, *items: Any, **body: Any) -> HttpResponse:
    return clinician.request("POST", "/clients/{client}/shares", {"items": [*items]} | body, client=client)


def mark(clinician: ClinicianApi, client: str, title: str, *, done: bool = True) -> HttpResponse:
    return clinician.request("PATCH", "/clients/{client}/items", {"title": title, "done": done}, client=client)


def home_of(cloud: MinistackCloud, browser: Browser) -> HttpResponse:
    """Return the home page as HTML. The browser of these tests asks for JSON."""
    headers = {"host": "portal.example.com", "cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items())}
    return cloud.send("GET", "/willow/home", headers, b"", "203.0.113.9")


@pytest.fixture
def kim(clinician: ClinicianApi, cloud: MinistackCloud, browser: Browser, clock: Clock) -> str:
    """Return the id of a client who has signed in."""
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={"items": [CONSENT, "Insurance"]})
    (letter,) = cloud.deliver()
    assert "Consent form" in letter.text
    assert browser.post(link_in(letter)).status == 200
    clock.advance(61)
    return client


def test_items_of_an_invitation_and_of_a_share_wait_on_home_until_done(
    clinician: ClinicianApi, admin: ClinicianApi, cloud: MinistackCloud, browser: Browser, kim: str
) -> None:
    """B146"""
    admin.request("PATCH", "", {"links": {"documents": "https://forms.example/willow"}})
    cloud.clock.advance(31)
    assert share(clinician, kim, {"title": "Plan", "path": "/willow/plans/1"}).status == 201
    page = home_of(cloud, browser).page
    assert "You have 3 things waiting." in page.text
    assert page.links["Consent form"] == "/willow/documents/consent"
    assert page.links["Plan"] == "/willow/plans/1"
    assert page.links["Insurance"] == page.links["Documents"] == "https://forms.example/willow"

    done = mark(clinician, kim, "Consent form")
    assert (done.status, [item["done_at"] is None for item in done.document["items"]]) == (200, [False, True, True])
    assert "Consent form" not in home_of(cloud, browser).page.text
    assert mark(clinician, kim, "Consent form", done=False).status == 200
    assert "Consent form" in home_of(cloud, browser).page.text
    events = clinician.events(kim)
    assert [event["reason"] for event in events if event["kind"] == "items_changed"] == ["waiting", "done"]


def test_get_started_leads_to_the_newest_item(browser: Browser, clinician: ClinicianApi, kim: str) -> None:
    """B146"""
    assert browser.post("/willow/home", accept="text/html").location == "/willow/home#waiting"
    share(clinician, kim, CONSENT)
    assert browser.post("/willow/home", accept="text/html").location == "/willow/documents/consent"
    for title in ("Consent form", "Insurance"):
        mark(clinician, kim, title)
    assert browser.post("/willow/home", accept="text/html").location == "/willow/home"


def test_someone_who_has_access_is_mailed_that_something_is_waiting(
    clinician: ClinicianApi, cloud: MinistackCloud, kim: str
) -> None:
    """B146: the letter names no item, and leaves the client's link valid."""
    answer = share(clinician, kim, "Anxiety questionnaire")
    assert (answer.status, answer.document["grants_access"], answer.document["notified"]) == (201, False, True)
    (letter,) = cloud.deliver()
    assert (letter.to, letter.subject) == ("kim@example.com", "Something is waiting in your Client Portal")
    assert "https://portal.example.com/willow/sign-in" in letter.text
    assert "/link/" not in letter.text + letter.html
    assert "Anxiety" not in letter.text + letter.html
    assert "notice_sent" in [event["kind"] for event in clinician.events(kim)]


def test_sharing_with_a_child_mails_the_contacts_who_open_the_profile(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    """B146"""
    leo = clinician.add_client("Leo Gomez", kind="minor")
    assert share(clinician, leo, "Plan").code == "email_consent_required"
    contact = {"name": "Maria Gomez", "email": "maria@example.com", "email_ok": True, "relation": "guardian"}
    assert clinician.request("POST", "/clients/{client}/contacts", contact, client=leo).status == 201
    cloud.deliver()
    dry = share(clinician, leo, "Plan", dry_run=True)
    assert (dry.document["grants_access"], dry.document["notified"], dry.document["banner"]) == (False, True, None)
    assert share(clinician, leo, "Plan").document["notified"] is True
    assert [letter.to for letter in cloud.deliver()] == ["maria@example.com"]


def test_no_mail_goes_to_someone_who_lost_access_or_has_not_agreed(
    clinician: ClinicianApi, cloud: MinistackCloud, kim: str
) -> None:
    share(clinician, kim, "Plan")
    clinician.request("DELETE", "/clients/{client}/portal-access", client=kim)
    assert cloud.deliver() == []
    assert share(clinician, kim, "Bill").document["notified"] is False
    jo = clinician.add_client("Jo", "jo@example.com", invite={})
    cloud.deliver()
    clinician.request("PUT", "/clients/{client}/email", {"email": "jo@example.com", "email_ok": False}, client=jo)
    assert share(clinician, jo, "Bill").document["notified"] is False
    assert cloud.deliver() == []


def test_a_share_counts_although_its_mail_cannot_be_queued(
    clinician: ClinicianApi, cloud: MinistackCloud, monkeypatch: pytest.MonkeyPatch, kim: str
) -> None:
    with monkeypatch.context() as broken:
        cloud.break_queue(broken)
        answer = share(clinician, kim, "Plan")
    assert (answer.status, answer.document["notified"]) == (201, False)
    assert answer.document["items"] == ["Consent form", "Insurance", "Plan"]


def test_titles_stay_as_they_were_in_documents(clinician: ClinicianApi, kim: str) -> None:
    document = clinician.get("/clients/{client}", client=kim).document
    assert document["items"] == ["Consent form", "Insurance"]
    assert document["shared_items"] == [
        CONSENT | {"shared_at": "2026-03-03T12:00:00Z", "done_at": None},
        {"title": "Insurance", "path": None, "shared_at": "2026-03-03T12:00:00Z", "done_at": None},
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/harbor/documents",
        "//evil.example/x",
        "/willow/../harbor",
        "/willow/%2e%2e/harbor",
        "https://evil.example/",
        "javascript:alert(1)",
        "documents",
        "",
        "/willow/" + "x" * 3000,
    ],
)
def test_a_path_that_leads_out_of_the_portal_is_refused(
    clinician: ClinicianApi, cloud: MinistackCloud, kim: str, path: str
) -> None:
    """B146"""
    untouched = cloud.items()["Clients"]
    wrong = {"title": "Plan", "path": path}
    sam = {"name": "Sam", "emails": [{"address": "sam@example.com", "email_ok": True}]}
    answers = {
        "body.items.1.path": share(clinician, kim, "Form", wrong),
        "body.items.0.path": clinician.request("POST", "/clients/{client}/invitations", {"items": [wrong]}, client=kim),
        "body.invite.items.0.path": clinician.request("POST", "/clients", sam | {"invite": {"items": [wrong]}}),
    }
    for location, answer in answers.items():
        assert (answer.status, answer.code) == (422, "value_invalid")
        assert [error["location"] for error in answer.document["errors"]] == [location]
    assert cloud.items()["Clients"] == untouched
    assert cloud.take_jobs() == []


@pytest.mark.parametrize("item", [{}, {"title": ""}, {"path": "/willow/x"}, {"title": "A", "url": "/x"}, 7, None, []])
def test_an_item_has_a_title(clinician: ClinicianApi, kim: str, item: Any) -> None:
    answer = share(clinician, kim, item)
    assert (answer.status, answer.code) == (400, "body_invalid")
    assert answer.document["errors"][0]["location"].startswith("body.items.0")


def test_an_item_that_was_not_shared_cannot_be_done(clinician: ClinicianApi, kim: str) -> None:
    assert mark(clinician, kim, "Other").status == 404
    assert mark(clinician, "01KJTEST000000000000000000", "Consent form").status == 404


def test_links_are_changed_one_by_one_and_removed(admin: ClinicianApi) -> None:
    """B146"""
    first = admin.request("PATCH", "", {"links": {"documents": "/willow/documents", "payments": "https://pay.example"}})
    assert first.document["links"] == {"documents": "/willow/documents", "payments": "https://pay.example"}
    second = admin.request("PATCH", "", {"links": {"payments": None, "messages": "https://chat.example/w"}})
    assert second.document["links"] == {"documents": "/willow/documents", "messages": "https://chat.example/w"}
    assert admin.request("PATCH", "", {"phone": "1"}).document["links"] == second.document["links"]
    none = admin.request("PATCH", "", {"links": {"documents": None, "messages": None}})
    assert none.document["links"] == {}


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "//evil.example/documents",
        "/harbor/documents",
        "/willow/../harbor",
        "http://willow.example",
        "https://user@evil.example",
        "ftp://willow.example",
        "documents",
        "",
        "https://willow.example/" + "x" * 3000,
    ],
)
def test_a_link_that_leads_to_no_page_is_refused(admin: ClinicianApi, address: str) -> None:
    """B146"""
    before = admin.request("GET", "").document
    answer = admin.request("PATCH", "", {"links": {"documents": address, "payments": "https://pay.example"}})
    assert (answer.status, answer.code) == (422, "value_invalid")
    assert [error["location"] for error in answer.document["errors"]] == ["body.links.documents"]
    assert "evil" not in answer.body
    assert admin.request("GET", "").document == before
