"""A service behind the sign-in: `examples/api`, which runs beside the portal as `make run EXAMPLE=api` runs it."""

import json
import os
import re
import subprocess

import pytest

from latchkey import tokens
from tests.kit import sam_template
from tests.kit.browser import FORM, Browser
from tests.kit.live_portal import LivePortal
from tests.kit.phone import Phone

PAGE = "/booking/willow"
API = "/booking/willow/requests"
ANA = "ana@example.com"
MARIA = "maria.gomez@gmail.com"
FOREIGN = "https://evil.example"


@pytest.fixture
def ana(live_portal: LivePortal) -> Browser:
    return live_portal.signed_in(ANA)


def test_a_page_sends_a_person_to_sign_in_and_gets_them_back(live_portal: LivePortal) -> None:
    """B180, B182"""
    browser = live_portal.browser()
    sent_away = browser.get(PAGE)
    assert (sent_away.status, sent_away.location) == (303, f"/willow/sign-in?to={PAGE}")
    browser.follow(sent_away)
    back = browser.sign_in(ANA)
    assert back.location == PAGE
    assert "Hello Ana Reyes." in browser.follow(back).body


def test_a_link_that_is_opened_on_a_phone_ends_at_the_page(live_portal: LivePortal) -> None:
    desktop, phone = live_portal.browser(), live_portal.browser()
    desktop.get(f"/willow/sign-in?to={PAGE}")
    desktop.link(ANA)
    link = live_portal.letter(ANA)["url"]
    assert phone.get(link).status == 200
    assert phone.post(link).location == PAGE
    assert phone.get(PAGE).status == 200


def test_a_page_that_needs_a_profile_sends_to_the_choice_and_gets_the_person_back(live_portal: LivePortal) -> None:
    maria = live_portal.signed_in(MARIA)
    away = maria.get(PAGE)
    assert away.location == f"/willow/profiles?to={PAGE}"
    maria.follow(away)
    profiles = maria.get("/willow/session").document["profiles"]
    minor = next(profile for profile in profiles if profile["kind"] == "minor")
    assert maria.post("/willow/profiles", {"profile": minor["id"]}).location == PAGE
    assert f"for {minor['name']}." in maria.get(PAGE).body
    facts = json.loads(maria.get(API).body)
    assert (facts["name"], facts["kind"], facts["own"]) == (minor["name"], "minor", False)
    assert "@" not in str(facts)


def test_an_api_answers_a_session_and_nobody_else(live_portal: LivePortal, ana: Browser) -> None:
    answer = ana.get(API)
    assert answer.status == 200
    assert json.loads(answer.body)["practice"] == "willow"
    assert live_portal.browser().get(API).status == 403
    cookie = ana.cookies["__Host-session-willow"]
    for cookies in (
        "a=b",
        "__Host-session-willow=AAAA",
        f"__Host-session-willow={cookie[:-1]}{'A' if cookie[-1] != 'A' else 'B'}",
        f"__Host-session-harbor={cookie}",
        f"__Host-session-willow={cookie}; __Host-session-willow={cookie}",
        f"\u00a0__Host-session-willow={cookie}",
    ):
        assert live_portal.browser().get(API, cookie=cookies).status == 403


def test_an_api_answers_an_app_by_its_token_and_no_forged_one(live_portal: LivePortal, ana: Browser) -> None:
    """B226, B227: a cookie beside a token says nothing, and a token is no cookie."""
    phone = Phone(live_portal.app(), tokens.random_secret())
    first = phone.signed_in(ana)
    answer = phone.with_token(first, API)
    assert (answer.status, json.loads(answer.body)["account"]) == (200, first["account"])
    cookie, token = ana.cookies["__Host-session-willow"], first["session_token"]
    for authorization in (
        f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}",
        f"Bearer {cookie}",
        f"Bearer {first['refresh_token']}",
        f"Bearer {token} {token}",
        f"Basic {token}",
        token,
        "Bearer",
    ):
        assert phone.app.get(API, authorization=authorization).status == 403, authorization
    assert ana.get(API, authorization="Bearer a").status == 403
    assert live_portal.browser().get(API, cookie=f"__Host-session-willow={token}").status == 403
    assert phone.with_token(first, "/booking/harbor/requests").status == 403
    # a page of another site cannot send JSON, and a form of it has no place that it names
    assert phone.app.post(API, authorization=f"Bearer {token}").status == 200
    assert phone.app.post(API, authorization=f"Bearer {token}", content_type=FORM).status == 403
    second = phone.send(refresh_token=first["refresh_token"]).document
    assert [phone.with_token(one, API).status for one in (first, second)] == [403, 200]
    phone.app.post("/willow/sign-out", authorization=f"Bearer {second['session_token']}")
    assert phone.with_token(second, API).status == 403


def test_no_person_gets_the_facts_of_another(live_portal: LivePortal, ana: Browser) -> None:
    """B181: the same path in turn by cookie, by token, and by nobody. An answer of the cache would be another's."""
    maria = live_portal.signed_in(MARIA)
    phone = Phone(live_portal.app(), tokens.random_secret())
    document = phone.signed_in(maria)
    accounts = [browser.get("/willow/session").document["account"] for browser in (ana, maria)]
    assert len(set(accounts)) == 2
    for _ in range(2):
        page, app = ana.get(API), phone.with_token(document, API)
        assert json.loads(page.body)["account"] == accounts[0]
        # the example refuses who has chosen no profile, with a code of its own
        assert (app.status, json.loads(app.body)) == (403, {"code": "not_offered"})
        nobody = live_portal.browser().get(API)
        assert (nobody.status, json.loads(nobody.body)) == (403, {"message": "Forbidden"})


def test_a_session_of_one_practice_opens_nothing_of_another(ana: Browser) -> None:
    """B181"""
    assert ana.get("/booking/harbor/requests").status == 403
    assert ana.get(API, latchkey_practice="harbor").status == 403
    assert ana.get("/booking/harbor").location == "/harbor/sign-in?to=/booking/harbor"
    for path in (
        "/booking/willow%2Frequests",
        "/booking/willow%2F..%2Fharbor/requests",
        "/booking/harbor%2F..%2Fwillow/requests",
        "/booking/%2e%2e/willow/requests",
        "/booking/Willow/requests",
        "/booking/willow%00/requests",
        "/booking//willow/requests",
        "/booking/willow/requests/",
    ):
        assert ana.get(path).status in {403, 404}, path


def test_a_page_of_another_site_changes_nothing(ana: Browser) -> None:
    assert ana.post(API).status == 200
    assert ana.post(API, origin=FOREIGN).status == 403
    assert ana.post(API, origin="null").status == 403
    assert ana.post(API, sec_fetch_site="cross-site").status == 403
    assert ana.post(API, origin="", sec_fetch_site="").status == 403


def test_a_session_that_ends_in_the_portal_ends_at_the_service(live_portal: LivePortal, ana: Browser) -> None:
    copied = dict(ana.cookies)
    ana.post("/willow/sign-out")
    thief = live_portal.browser()
    thief.cookies |= copied
    assert thief.get(API).status == 403
    assert thief.get(PAGE).location == f"/willow/sign-in?to={PAGE}"


def test_activity_at_the_service_keeps_a_session_and_idleness_ends_it(live_portal: LivePortal, ana: Browser) -> None:
    for _ in range(2):
        live_portal.wait(15 * 60)
        assert ana.get(API).status == 200
    live_portal.wait(15 * 60)
    assert ana.send("HEAD", PAGE).status == 404
    live_portal.wait(6 * 60)
    assert ana.get(API).status == 403


def test_what_a_practice_switches_off_ends_at_the_service(live_portal: LivePortal, ana: Browser) -> None:
    admin = live_portal.clinician("willow", "admin")
    off = admin.request("PATCH", "", {"features": {"appointments": False}})
    assert off.status == 200
    try:
        assert ana.get(API).status == 403
        assert "does not offer" in ana.get(PAGE).body
    finally:
        admin.request("PATCH", "", {"features": {"appointments": True}})


def test_a_notice_of_the_service_reaches_the_person_and_leads_back_to_it(live_portal: LivePortal, ana: Browser) -> None:
    """B215"""
    before = len(live_portal.letters(ANA))
    assert ana.post(API).status == 200
    letter, *_ = live_portal.letters(ANA)
    assert len(live_portal.letters(ANA)) == before + 1
    assert letter["subject"] == "We received your request"
    button = f"{live_portal.url}{PAGE}"
    assert f"We will answer within a day.\n\nOpen the Client Portal:\n\n{button}\n" in letter["text"]
    assert f'href="{button}"' in letter["html"]
    assert "Hello Ana Reyes." in ana.get(PAGE).body
    assert live_portal.browser().get(PAGE).location == f"/willow/sign-in?to={PAGE}"
    row = max(live_portal.items("Events", kind="notice_sent"), key=lambda item: item["id"])
    assert row["method"] == "service_notice"


def test_a_crowd_of_equal_messages_is_one_letter_and_wrong_ones_stop_none(
    live_portal: LivePortal, ana: Browser
) -> None:
    """B216, B217"""
    before = len(live_portal.letters(ANA))
    notice = {
        "practice": "willow",
        "account": json.loads(ana.get(API).body)["account"],
        "id": f"crowd:{live_portal.now()}",
        "path": "/willow/home",
        "subject_en": "Your documents",
        "subject_es": "Sus documentos",
        "lines_en": ["They are ready."],
        "lines_es": ["Están listos."],
    }
    wrong = ("{", json.dumps(notice | {"path": "//evil.example/"}), json.dumps(notice | {"account": "nobody"}))
    sqs = live_portal.portal.address.client("sqs")
    (queue,) = (url for url in sqs.list_queues()["QueueUrls"] if url.endswith("NoticeQueue"))
    for body in (*wrong, *[json.dumps(notice)] * 12):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    letters = live_portal.letters(ANA)
    assert len(letters) == before + 1
    assert letters[0]["subject"] == "Your documents"
    assert f"\n{live_portal.url}/willow/home\n" in letters[0]["text"]
    queues = live_portal.portal.at_rest()["queues"]
    assert not [message for name in ("NoticeQueue", "DeadMail") for message in queues.get(name, [])]


def test_the_documents_commands_answer_as_it_says(live_portal: LivePortal) -> None:
    document = (sam_template.PROJECT / "docs" / "integrating.md").read_text()
    commands = re.findall(r"^(curl .*?) +# (.+)$", document, re.MULTILINE)
    assert len(commands) > 2
    for command, expected in commands:
        done = subprocess.run(  # noqa: S603 - the document's own commands
            ["/bin/bash", "-c", command],
            env={"PATH": os.environ["PATH"], "PORTAL": live_portal.url, "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip().removeprefix(live_portal.url) == expected


def test_each_fact_of_the_document_is_one_of_the_session(ana: Browser) -> None:
    document = (sam_template.PROJECT / "docs" / "integrating.md").read_text()
    table = document.partition("## Who is signed in")[2].partition("\n\nThe address")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == set(json.loads(ana.get(API).body))
