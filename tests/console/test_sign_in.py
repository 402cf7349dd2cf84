"""Tests of sign-in to the console at the user pool's pages, and of signing out."""

import re

import pytest

from tests.console.staff_browser import StaffBrowser
from tests.kit.live_portal import LivePortal

LEE, DESK, OPS = "dr.lee@willow.example", "front.desk@willow.example", "ops@operators.example"
HOUR = 3600


def test_a_clinician_signs_in_and_gets_to_the_page_that_was_wanted(live_portal: LivePortal) -> None:
    browser = StaffBrowser(live_portal)
    refused = browser.get("/admin/willow/clients")
    assert (refused.status, refused.page.heading) == (401, "Sign in to the clinician console")
    assert refused.page.links["Sign in"] == "/admin/sign-in?to=/admin/willow/clients"

    assert browser.sign_in_as(LEE, "/admin/willow/clients").location == "/admin/willow/clients"
    assert browser.get("/admin/willow/clients").page.heading == "Clients"
    assert "Dr. Lee" in browser.get("/admin/willow").page.links


def test_one_membership_leads_to_the_practice_and_several_to_a_choice(lee: StaffBrowser, desk: StaffBrowser) -> None:
    assert lee.get("/admin").location == "/admin/willow"
    assert {"willow", "harbor"} <= desk.get("/admin").page.links.keys()


def test_an_operator_sees_every_practice(live_portal: LivePortal) -> None:
    browser = StaffBrowser(live_portal)
    browser.sign_in_as(OPS)
    page = browser.get("/admin").page
    assert {"Willow Creek Therapy", "Harbor Family Counseling", "New practice"} <= page.links.keys()


def test_a_sign_in_writes_an_audit_event_and_stores_no_cookie_and_no_token(
    live_portal: LivePortal, lee: StaffBrowser
) -> None:
    cookie = lee.cookies["__Host-staff"]
    rows = str(live_portal.at_rest()["StaffSessions"])
    assert cookie not in rows
    assert not re.search(r"eyJ[\w-]+\.", rows), "no JSON Web Token"
    assert live_portal.items("Events", kind="staff_signed_in")


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example",
        "/admin//evil.example",
        "/willow/home",
        "/admin/x?y=1",
        "/adminevil",
        "/admin/\\evil",
    ],
)
def test_a_sign_in_goes_on_to_no_page_outside_the_console(live_portal: LivePortal, to: str) -> None:
    browser = StaffBrowser(live_portal)
    assert browser.sign_in_as(LEE, to).location == "/admin"


def test_a_callback_counts_only_in_the_browser_that_started_it(live_portal: LivePortal) -> None:
    callback = StaffBrowser(live_portal).authorize(LEE)
    stranger = StaffBrowser(live_portal)
    refused = stranger.get(callback)
    assert refused.status == 403
    assert refused.page.links["Try once more"] == "/admin/sign-in"

    stranger.get("/admin/sign-in")
    assert stranger.get(callback).status == 403
    assert "__Host-staff" not in stranger.cookies


def test_a_callback_works_once(live_portal: LivePortal) -> None:
    browser = StaffBrowser(live_portal)
    callback = browser.authorize(LEE)
    started = browser.cookies["__Host-staff-state"]
    first = browser.get(callback)
    assert first.status == 303
    assert browser.get(callback).location == "/admin", "a reload of the callback leads home"
    other = StaffBrowser(live_portal)
    other.cookies["__Host-staff-state"] = started
    assert other.get(callback).status == 403


def test_a_callback_with_another_state_is_refused(live_portal: LivePortal) -> None:
    """The code and the browser are the right ones."""
    browser = StaffBrowser(live_portal)
    target, _, state = browser.authorize(LEE).partition("state=")
    assert browser.get(f"{target}state={state[:-1]}{'A' if state[-1] != 'A' else 'B'}").status == 403
    assert browser.get(target.rstrip("&?")).status == 403
    assert "__Host-staff" not in browser.cookies


def test_a_changed_state_cookie_is_refused(live_portal: LivePortal) -> None:
    browser = StaffBrowser(live_portal)
    callback = browser.authorize(LEE)
    cookie = browser.cookies["__Host-staff-state"]
    browser.cookies["__Host-staff-state"] = cookie[:-2] + ("AA" if cookie[-2:] != "AA" else "BB")
    assert browser.get(callback).status == 403


def test_twenty_minutes_without_a_request_end_the_session(live_portal: LivePortal, lee: StaffBrowser) -> None:
    live_portal.wait(20 * 60 - 5)
    assert lee.get("/admin/willow").status == 200
    live_portal.wait(20 * 60 + 1)
    ended = lee.get("/admin/willow")
    assert ended.status == 401
    assert "You were signed out" in ended.page.text
    assert "prompt=login" in lee.get("/admin/sign-in").location
    assert "prompt=login" not in StaffBrowser(live_portal).get("/admin/sign-in").location
    lee.sign_in_as(LEE)
    assert lee.get("/admin/willow").status == 200


def test_twelve_hours_end_a_session_that_is_in_use(live_portal: LivePortal, lee: StaffBrowser) -> None:
    requests = 0
    while requests < 40:
        requests += 1
        live_portal.portal.advance(19 * 60)
        live_portal._ahead += 19 * 60  # noqa: SLF001 - no mail waits
        if lee.get("/admin/willow").status != 200:
            break
    assert 37 <= requests <= 38, "one every 19 minutes"


def test_a_sixth_sign_in_ends_the_oldest_session(live_portal: LivePortal) -> None:
    browsers = [StaffBrowser(live_portal) for _ in range(6)]
    for browser in browsers:
        browser.sign_in_as(LEE)
        live_portal.portal.advance(1)
        live_portal._ahead += 1  # noqa: SLF001 - no mail waits
    assert [browser.get("/admin/willow").status for browser in browsers] == [401, 200, 200, 200, 200, 200]


def test_a_sign_out_ends_the_session_for_everyone_who_has_its_cookie(lee: StaffBrowser) -> None:
    cookie = lee.cookies["__Host-staff"]
    page = lee.post("/admin/sign-out")
    assert page.page.heading == "You’re signed out"
    assert "/logout?" in page.page.links["Sign out of your account too"]
    lee.cookies["__Host-staff"] = cookie
    assert lee.get("/admin/willow").status == 401


def test_a_person_without_membership_is_shown_their_subject_and_nothing_is_created(live_portal: LivePortal) -> None:
    removed = live_portal.items("Members", name="Dr. Lee")[0]
    table = live_portal.portal.address.client("dynamodb")
    key = {"practice": {"S": "willow"}, "subject": {"S": removed["subject"]}}
    item = table.get_item(TableName="Members", Key=key)["Item"]
    before = len(live_portal.at_rest()["StaffSessions"])
    table.delete_item(TableName="Members", Key=key)
    try:
        browser = StaffBrowser(live_portal)
        refused = browser.get(browser.authorize(LEE))
    finally:
        table.put_item(TableName="Members", Item=item)
    assert refused.status == 403
    assert refused.page.heading == "You’re not a member of a practice here"
    assert removed["subject"] in refused.page.text
    assert "__Host-staff" not in browser.cookies
    assert len(live_portal.at_rest()["StaffSessions"]) == before


def test_a_removed_member_is_signed_out_at_the_next_request(live_portal: LivePortal, lee: StaffBrowser) -> None:
    removed = live_portal.items("Members", name="Dr. Lee")[0]
    table = live_portal.portal.address.client("dynamodb")
    key = {"practice": {"S": "willow"}, "subject": {"S": removed["subject"]}}
    item = table.get_item(TableName="Members", Key=key)["Item"]
    assert lee.get("/admin/willow").status == 200
    table.delete_item(TableName="Members", Key=key)
    try:
        assert lee.get("/admin/willow").status == 404
    finally:
        table.put_item(TableName="Members", Item=item)


@pytest.mark.parametrize(
    "path", ["/admin/harbor", "/admin/harbor/clients", "/admin/no-such-one", "/admin/x", "/admin/v1"]
)
def test_another_practice_looks_like_none(lee: StaffBrowser, path: str) -> None:
    assert lee.get(path).status == 404


def test_a_clients_cookie_opens_no_page_and_the_consoles_opens_no_portal(
    live_portal: LivePortal, lee: StaffBrowser
) -> None:
    ana = live_portal.signed_in("ana@example.com")
    session = ana.cookies["__Host-session-willow"]
    ana.cookies["__Host-staff"] = session
    assert ana.get("/admin/willow").status == 401
    lee.cookies["__Host-session-willow"] = lee.cookies["__Host-staff"]
    assert not lee.is_signed_in()


def test_two_cookies_of_one_name_are_refused(lee: StaffBrowser) -> None:
    value = lee.cookies["__Host-staff"]
    assert lee.get("/admin/willow", cookie=f"__Host-staff={value}; __Host-staff={value}").status == 401


def test_the_cookie_is_the_hosts_alone(live_portal: LivePortal) -> None:
    browser = StaffBrowser(live_portal)
    response = browser.sign_in_as(LEE)
    (cookie,) = [line for line in response.cookies if line.startswith("__Host-staff=")]
    assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax")


def test_an_admin_page_is_refused_to_a_clinician(lee: StaffBrowser, desk: StaffBrowser) -> None:
    for path in ("/admin/willow/settings", "/admin/willow/staff", "/admin/willow/history"):
        assert lee.get(path).status == 403
        assert desk.get(path).status == 200
    assert desk.get("/admin/new-practice").status == 403
