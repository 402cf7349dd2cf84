"""Tests of sessions: profiles, home page, session document, sign-out and the authorizer. Also tests of the stack's
health page.
"""

import re
from dataclasses import replace
from typing import Any

import pytest

from latchkey import __version__
from latchkey.rules.accounts import AccountStatus
from latchkey.store import practices
from tests.kit import caches, sam_template
from tests.kit.browser import App, Browser
from tests.kit.clock import NOON
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal
from tests.kit.seed import CHILDS, OWN, change

MINUTE, HOUR = 60, 3600
MARIA = "maria.gomez@gmail.com"
PLACES = ("home", "profiles")


@pytest.fixture
def ana(browser: Browser) -> Browser:
    """Return the browser in which Ana is signed in."""
    browser.sign_in("ana@example.com")
    return browser


@pytest.fixture
def maria(browser: Browser) -> Browser:
    """Return the browser in which Maria is signed in, who has several profiles."""
    browser.sign_in(MARIA)
    return browser


# ── home and profiles ──


def test_home_greets_the_person_and_tells_when_they_were_last_here(ana: Browser) -> None:
    page = ana.get("/willow/home").page

    assert page.heading == "Welcome, Ana Reyes"
    assert page.one("time").attributes["datetime"] == "2026-02-28T12:00:00+00:00"
    assert "Sign out" in page.buttons


def test_someone_with_one_profile_never_sees_the_choice(ana: Browser) -> None:
    """B103"""
    assert ana.get("/willow/profiles").location == "/willow/home"


def test_someone_with_several_profiles_chooses_and_can_choose_another(maria: Browser) -> None:
    """B103, B104, B106"""
    assert maria.get("/willow/home").location == "/willow/profiles"
    page = maria.get("/willow/profiles").page
    assert [button.attributes.get("value") for button in page.all("button", name="profile")] == [OWN.id, CHILDS.id]

    for profile in (CHILDS, OWN):
        assert maria.post("/willow/profiles", {"profile": profile.id}).location == "/willow/home"
        assert profile.name in maria.get("/willow/home").page.text
        assert maria.get("/willow/session").document["profile"] == profile.id


def test_a_profile_offers_what_its_clinician_switched_on(maria: Browser) -> None:
    """B64, B108"""
    assert maria.get("/willow/session").document["features"] == dict.fromkeys(
        ("appointments", "messages", "documents", "payments"), False
    )
    maria.post("/willow/profiles", {"profile": CHILDS.id})

    assert maria.get("/willow/session").document["features"] == {
        "appointments": False,
        "messages": False,
        "documents": True,
        "payments": False,
    }


@pytest.mark.parametrize(
    "profile", ["01KJTESTLEE000000000000000", "01KJTESTANA000000000000000", "", "' OR 1=1", "\u212a"]
)
def test_a_profile_of_someone_else_might_as_well_not_exist(maria: Browser, profile: str) -> None:
    """B104, B107"""
    answer = maria.post("/willow/profiles", {"profile": profile})

    assert answer.status == 404
    assert answer.page.heading == "We can’t find this page"
    assert maria.get("/willow/session").document["profile"] is None


def test_an_app_chooses_a_profile(app: App) -> None:
    app.sign_in(MARIA)

    assert app.post("/willow/profiles", {"profile": CHILDS.id}).document["profile"] == CHILDS.id
    answer = app.post("/willow/profiles", {"profile": "01KJTESTLEE000000000000000"})
    assert (answer.status, answer.code) == (404, "profile_unknown")


def test_taking_a_profile_away_ends_the_session_that_has_it_open(maria: Browser, portal: Portal) -> None:
    """B107"""
    maria.post("/willow/profiles", {"profile": CHILDS.id})
    assert maria.is_signed_in()

    change(portal, "willow", MARIA, profiles=(OWN,))

    assert not maria.is_signed_in()


def test_the_first_sign_in_shows_the_welcome_until_it_was_read(browser: Browser) -> None:
    """B109"""
    browser.sign_in("sam@example.com")
    assert "Good to see you here." in browser.get("/willow/home").page.text

    assert browser.post("/willow/home").status == 303

    assert "Good to see you here." not in browser.get("/willow/home").page.text


def test_someone_who_has_been_here_before_is_not_welcomed_anew(ana: Browser) -> None:
    """B109"""
    assert "Good to see you here." not in ana.get("/willow/home").page.text


# ── the document ──


def test_the_document_tells_other_programs_who_is_signed_in(ana: Browser) -> None:
    answer = ana.get("/willow/session")

    assert answer.headers["content-type"] == "application/json"
    document = answer.document
    assert document.pop("account")
    assert document == {
        "profile": "01KJTESTANA000000000000000",
        "profiles": [{"id": "01KJTESTANA000000000000000", "name": "Ana Reyes", "kind": "individual"}],
        "features": {"appointments": True, "messages": True, "documents": True, "payments": True},
        "signed_in_at": "2026-03-03T12:00:00Z",
        "expires_at": "2026-03-03T12:20:00Z",
        "method": "link",
    }


def test_the_document_holds_no_address(ana: Browser) -> None:
    assert "@" not in ana.get("/willow/session").body


def test_the_session_document_never_shows_more_time_than_there_is(ana: Browser, portal: Portal) -> None:
    for _ in range(71):
        portal.now += 10 * MINUTE
        assert ana.is_signed_in()
    assert ana.get("/willow/session").document["expires_at"] == "2026-03-04T00:00:00Z"
    portal.now = NOON + 12 * HOUR - 1
    assert ana.is_signed_in()
    portal.now += 1
    assert not ana.is_signed_in()


def test_nobody_learns_anything_without_a_session(browser: Browser) -> None:
    answer = browser.get("/willow/session")

    assert (answer.status, answer.code) == (401, "signed_out")


@pytest.mark.parametrize("place", PLACES)
def test_a_signed_out_browser_is_redirected_to_sign_in(browser: Browser, app: App, place: str) -> None:
    assert browser.get(f"/willow/{place}").location == "/willow/sign-in"
    assert browser.post(f"/willow/{place}", {"profile": OWN.id}).location == "/willow/sign-in"
    assert app.get(f"/willow/{place}").code == "signed_out"


# ── end of a session ──


@pytest.mark.parametrize(("silence", "lives"), [(20 * MINUTE - 1, True), (20 * MINUTE, False)])
def test_twenty_minutes_of_silence(ana: Browser, portal: Portal, silence: int, lives: bool) -> None:
    portal.now += silence

    assert ana.is_signed_in() is lives


def test_a_request_after_eighteen_minutes_carries_on(ana: Browser, portal: Portal) -> None:
    for _ in range(3):
        portal.now += 18 * MINUTE
        assert ana.get("/willow/home").status == 200


@pytest.mark.parametrize(
    ("method", "headers"),
    [("HEAD", {}), ("HEAD", {"sec-purpose": "prefetch"}), ("GET", {"sec-purpose": "prefetch;prerender"})],
    ids=str,
)
@pytest.mark.parametrize("place", ["home", "session", "profiles"])
def test_a_browser_that_gets_ahead_keeps_nobody_signed_in(
    ana: Browser, portal: Portal, method: str, headers: dict[str, str], place: str
) -> None:
    portal.now += 19 * MINUTE
    before = portal.at_rest()

    assert ana.send(method, f"/willow/{place}", headers).status in {200, 303}

    assert portal.at_rest() == before
    portal.now += MINUTE
    assert not ana.is_signed_in()


@pytest.mark.parametrize(
    "end", [{"status": AccountStatus.DISABLED, "epoch": 2}, {"epoch": 2}, {"session_epoch": 1}], ids=str
)
def test_a_session_ends_with_its_access_at_the_next_request(ana: Browser, portal: Portal, end: dict[str, Any]) -> None:
    """B58, B62"""
    change(portal, "willow", "ana@example.com", **end)

    assert not ana.is_signed_in()
    change(portal, "willow", "ana@example.com", status=AccountStatus.ACTIVE)
    assert not ana.is_signed_in()


def test_signing_out_ends_the_session_here_and_for_anyone_who_copied_its_cookie(ana: Browser, portal: Portal) -> None:
    """B77"""
    copied = dict(ana.cookies)

    answer = ana.post("/willow/sign-out")

    assert answer.location == "/willow/signed-out"
    assert answer.cookie_values == {"__Host-session-willow": ""}
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    thief = portal.browser()
    thief.cookies = copied
    assert not thief.is_signed_in()
    assert sam_template.sessions_in(portal.at_rest()) == {}
    assert ("session_ended", "signed_out") in portal.audit()
    assert "Also sign out of your email" in ana.get("/willow/signed-out").page.text


def test_signing_out_twice_or_when_nobody_is_in_is_no_error(browser: Browser, app: App, portal: Portal) -> None:
    assert browser.post("/willow/sign-out").location == "/willow/signed-out"
    assert app.post("/willow/sign-out").document == {"status": "signed_out"}
    assert portal.audit() == []


def test_an_app_signs_out(app: App) -> None:
    app.sign_in("ana@example.com")

    assert app.post("/willow/sign-out").document == {"status": "signed_out"}
    assert not app.is_signed_in()


def test_signing_out_needs_a_press_of_the_button_on_our_page(ana: Browser) -> None:
    assert ana.get("/willow/sign-out").status == 405
    assert ana.head("/willow/sign-out").status == 405
    assert ana.post("/willow/sign-out", origin="https://evil.example").status == 403
    assert ana.is_signed_in()


def test_signing_out_at_one_practice_leaves_the_other(ana: Browser) -> None:
    ana.sign_in("ana@example.com", "harbor")

    ana.post("/willow/sign-out")

    assert ana.is_signed_in("harbor")


def test_two_session_cookies_count_as_none(ana: Browser) -> None:
    """Another host can set a second cookie, before or after the portal's own."""
    good = ana.cookies["__Host-session-willow"]

    for pair in ((good, "bad"), ("bad", good), (good, good)):
        cookie = "; ".join(f"__Host-session-willow={value}" for value in pair)
        assert ana.get("/willow/session", cookie=cookie).status == 401
    assert ana.is_signed_in()


@pytest.mark.parametrize("value", ["", "AAAA", "a" * 64, "é" * 64, "=" * 64, "a" * 6000, '"quoted"', "a b"])
def test_a_session_cookie_of_any_other_shape_is_none(browser: Browser, value: str) -> None:
    assert browser.get("/willow/session", cookie=f"__Host-session-willow={value}").status == 401


def test_when_the_store_does_not_answer_nobody_is_let_in_and_nobody_is_signed_out(ana: Browser, portal: Portal) -> None:
    portal.aws.refuse("BatchGetItem", "InternalServerError", times=2)

    assert ana.get("/willow/home").status == 503
    answer = ana.get("/willow/session")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.cookies == ()
    assert ana.is_signed_in()


# ── the authorizer ──


def authorize(portal: Portal, browser: Browser, **changes: Any) -> dict[str, Any]:
    """Return the authorizer's response to a request for another API of the stack."""
    event = {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:us-east-1:000000000000:other/prod/GET/willow/appointments",
        "identitySource": ["cookie"],
        "routeKey": "GET /{practice}/appointments",
        "rawPath": "/willow/appointments",
        "rawQueryString": "",
        "cookies": [f"{name}={value}" for name, value in browser.cookies.items()],
        "headers": {"host": "api.example.com"},
        "requestContext": {
            "domainName": "api.example.com",
            "http": {"method": "GET", "path": "/willow/appointments", "sourceIp": "203.0.113.7"},
            "requestId": "JKJaXmPLvHcESHA=",
            "timeEpoch": portal.now * 1000,
        },
        "pathParameters": {"practice": "willow"},
    } | changes
    fields: dict[str, Any] = portal.invoke("Session", event)
    return fields


def refused(reason: str) -> dict[str, Any]:
    """Return the authorizer's response about a refused request."""
    return {"isAuthorized": False, "context": {"reason": reason}}


def test_a_session_opens_other_apis_and_tells_them_the_account(maria: Browser, portal: Portal) -> None:
    """B180"""
    document = maria.get("/willow/session").document
    answer = authorize(portal, maria)
    assert answer["isAuthorized"]
    session = answer["context"].pop("session")
    assert re.fullmatch("[0-9a-f]{16}", session)
    assert answer["context"] == {
        "account": document["account"],
        "practice": "willow",
        "person": "Maria Gomez",
        "language": "en",
        "profile": "",
        "name": "",
        "kind": "",
        "own": False,
        "relation": "",
        "features": [],
        "first": False,
        "method": "link",
        "signed_in_at": document["signed_in_at"],
        "expires_at": document["expires_at"],
    }

    maria.post("/willow/profiles", {"profile": CHILDS.id})

    chosen = authorize(portal, maria)["context"]
    assert chosen == answer["context"] | {
        "profile": CHILDS.id,
        "name": CHILDS.name,
        "kind": "minor",
        "features": ["documents"],
        "session": session,
    }
    assert "@" not in str(chosen)

    mother = replace(CHILDS, relation="guardian")
    change(portal, "willow", MARIA, profiles=(OWN, mother), language="es")
    facts = authorize(portal, maria)["context"]
    assert (facts["relation"], facts["own"], facts["language"]) == ("guardian", False, "es")
    maria.post("/willow/profiles", {"profile": OWN.id})
    assert authorize(portal, maria)["context"]["own"] is True


def test_the_practice_of_a_path_without_one_is_named_by_a_header(maria: Browser, portal: Portal) -> None:
    """B181"""
    named = {"latchkey-practice": "willow"}
    assert authorize(portal, maria, pathParameters=None, headers=named)["isAuthorized"]
    assert authorize(portal, maria, headers=named)["isAuthorized"]
    assert authorize(portal, maria, pathParameters=None) == refused("practice_unnamed")
    assert authorize(portal, maria, pathParameters={}) == refused("practice_unnamed")
    empty = {"latchkey-practice": ""}
    assert authorize(portal, maria, pathParameters=None, headers=empty) == refused("practice_unnamed")


def test_path_and_header_that_name_two_practices_open_neither(maria: Browser, portal: Portal) -> None:
    for other in ("harbor", "willow,harbor", "Willow", " willow"):
        assert authorize(portal, maria, headers={"latchkey-practice": other}) == refused("practice_ambiguous")
    # two headers of one name arrive as one
    twice = {"latchkey-practice": "willow,willow"}
    assert authorize(portal, maria, pathParameters=None, headers=twice) == refused("not_found")


@pytest.mark.parametrize(
    "slug",
    ["willow/../harbor", "../willow", "willow%2f", "willow\x00", "willow#logo", "WILLOW", "willow ", "admin"],
)
def test_a_path_that_decodes_to_no_practice_opens_nothing(maria: Browser, portal: Portal, slug: str) -> None:
    assert authorize(portal, maria, pathParameters={"practice": slug}) == refused("not_found")


@pytest.mark.parametrize("forged", ["", "A", "AAAA", "A" * 43, "A" * 64, "null", "true", "=", "é", "A" * 4000])
def test_a_made_up_cookie_opens_nothing(maria: Browser, portal: Portal, forged: str) -> None:
    assert authorize(portal, maria, cookies=[f"__Host-session-willow={forged}"]) == refused("over")


def test_a_cookie_with_one_other_character_opens_nothing(maria: Browser, portal: Portal) -> None:
    cookie = maria.cookies["__Host-session-willow"]
    for at in range(0, len(cookie), 7):
        forged = cookie[:at] + ("A" if cookie[at] != "A" else "B") + cookie[at + 1 :]
        assert authorize(portal, maria, cookies=[f"__Host-session-willow={forged}"]) == refused("over")


def test_what_practice_or_client_switched_off_is_no_feature(portal: Portal, maria: Browser) -> None:
    maria.post("/willow/profiles", {"profile": CHILDS.id})
    practices.update("willow", {"features": frozenset({"appointments", "documents", "payments"})})
    fewer = replace(CHILDS, features=frozenset({"appointments", "documents", "messages"}))
    change(portal, "willow", MARIA, profiles=(OWN, fewer))
    assert authorize(portal, maria)["context"]["features"] == ["appointments", "documents"]


def test_the_session_check_of_pages_says_who_or_why_nobody(maria: Browser, another: Browser, portal: Portal) -> None:
    def check(browser: Browser, **changes: Any) -> dict[str, Any]:
        return authorize(portal, browser, type="SESSION", **changes)

    assert check(maria) == authorize(portal, maria)["context"]
    assert check(another) == {"signed_out": "over"}
    assert check(maria, pathParameters=None) == {"refused": "practice_unnamed"}
    http = {"http": {"method": "POST", "sourceIp": "203.0.113.7"}, "domainName": "portal.example.com"}
    posted = http | {"timeEpoch": portal.now * 1000}
    assert check(maria, requestContext=posted, headers={"origin": "https://evil.example"}) == {
        "refused": "origin_refused"
    }
    assert check(maria, requestContext={}) == {"refused": "unavailable"}
    portal.now += 20 * MINUTE
    assert check(maria) == {"signed_out": "idle"}
    portal.aws.refuse("BatchGetItem", "InternalServerError")
    assert check(maria) == {"refused": "unavailable"}


def test_everyone_else_is_refused(maria: Browser, another: Browser, portal: Portal) -> None:
    cookie = maria.cookies["__Host-session-willow"]

    assert authorize(portal, another) == refused("over")
    assert authorize(portal, another, cookies=None) == refused("over")
    assert authorize(portal, maria, pathParameters={"practice": "harbor"}) == refused("over")
    assert authorize(portal, maria, pathParameters={"practice": "nobody"}) == refused("not_found")
    harbors = [f"__Host-session-harbor={cookie}"]
    assert authorize(portal, maria, cookies=harbors, pathParameters={"practice": "harbor"}) == refused("over")
    assert authorize(portal, maria, cookies=harbors) == refused("over")
    assert authorize(portal, maria, cookies=[f"__Host-session-willow={cookie}"] * 2) == refused("over")
    portal.now += 20 * MINUTE
    assert authorize(portal, maria) == refused("idle")


def asks_by(portal: Portal, maria: Browser, method: str, **headers: str) -> bool:
    """Return True if the authorizer allows a request of this method with these headers."""
    http = {"method": method, "sourceIp": "203.0.113.7"}
    context = {"http": http, "domainName": "portal.example.com", "timeEpoch": portal.now * 1000}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    allowed: bool = authorize(portal, maria, requestContext=context, headers=named)["isAuthorized"]
    return allowed


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_page_of_another_host_changes_nothing_at_other_apis(maria: Browser, portal: Portal, method: str) -> None:
    for foreign in ("https://evil.example", "null", "https://portal.example.com.evil.example", ORIGIN + "/"):
        assert not asks_by(portal, maria, method, origin=foreign, content_type="application/json")
    for site in ("cross-site", "same-site", "none"):
        assert not asks_by(portal, maria, method, sec_fetch_site=site, content_type="application/json")
    assert asks_by(portal, maria, method, origin=ORIGIN)
    assert asks_by(portal, maria, method, sec_fetch_site="same-origin")
    assert asks_by(portal, maria, method, content_type="application/json")


def test_a_form_that_says_not_where_it_comes_from_changes_nothing_at_other_apis(maria: Browser, portal: Portal) -> None:
    assert not asks_by(portal, maria, "POST", content_type="application/x-www-form-urlencoded")
    assert not asks_by(portal, maria, "POST")
    assert asks_by(portal, maria, "GET", origin="https://evil.example")


def test_asking_for_another_api_is_activity(maria: Browser, portal: Portal) -> None:
    for _ in range(3):
        portal.now += 15 * MINUTE
        assert authorize(portal, maria)["isAuthorized"]


def test_getting_ahead_at_another_api_is_none(maria: Browser, portal: Portal) -> None:
    portal.now += 19 * MINUTE
    assert authorize(portal, maria, headers={"sec-purpose": "prefetch"})["isAuthorized"]
    portal.now += MINUTE
    assert authorize(portal, maria) == refused("idle")


def test_when_the_store_does_not_answer_other_apis_stay_closed(maria: Browser, portal: Portal) -> None:
    portal.aws.refuse("BatchGetItem", "InternalServerError")
    assert authorize(portal, maria) == refused("unavailable")
    # the function has not cached the practice
    caches.empty(practices)
    portal.aws.refuse("GetItem", "ProvisionedThroughputExceededException")
    assert authorize(portal, maria) == refused("unavailable")
    assert authorize(portal, maria)["isAuthorized"]


# ── about this stack ──


def test_the_stack_says_that_it_is_well_and_which_version_it_is(browser: Browser) -> None:
    answer = browser.get("/healthz")

    assert (answer.status, answer.document) == (200, {"status": "ok", "version": __version__})
    assert browser.head("/healthz").status == 200
    assert browser.post("/healthz").status == 405


def test_apps_learn_which_links_are_theirs(portal: Portal) -> None:
    """B119"""
    fingerprint = ":".join(["AB"] * 32)
    portal.parameters |= {
        "AppleAppIds": "ABCDE12345.com.example.portal,ABCDE12345.com.example.beta",
        "AndroidPackage": "com.example.portal",
        "AndroidFingerprints": fingerprint,
    }

    apple = portal.browser().get("/.well-known/apple-app-site-association").document
    android = portal.browser().get("/.well-known/assetlinks.json").document

    (details,) = apple["applinks"]["details"]
    assert details["appIDs"] == ["ABCDE12345.com.example.portal", "ABCDE12345.com.example.beta"]
    assert details["components"] == [{"/": "/*/link/*"}, {"/": "/*/app/return"}]
    (statement,) = android
    assert statement["relation"] == ["delegate_permission/common.handle_all_urls"]
    assert statement["target"] == {
        "namespace": "android_app",
        "package_name": "com.example.portal",
        "sha256_cert_fingerprints": [fingerprint],
    }


def test_a_stack_without_apps_tells_of_none(browser: Browser) -> None:
    assert browser.get("/.well-known/apple-app-site-association").status == 404
    assert browser.get("/.well-known/assetlinks.json").status == 404


def test_a_practice_cannot_be_named_as_the_files_of_apps(browser: Browser) -> None:
    assert browser.get("/.well-known").status == 404
    assert browser.get("/.well-known/sign-in").status == 404


# ── unknown paths ──


@pytest.mark.parametrize("path", ["/willow/nothing", "/willow/link/", "/willow/link/a/b", "/Willow/x"])
def test_where_nothing_is_below_a_practice_its_own_page_says_so_and_leads_on(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == 404
    assert "Willow Family Therapy" in answer.body
    assert 'href="/willow"' in answer.body


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/Nowhere", "//willow/x"])
def test_where_no_practice_is_none_is_named(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == 404
    assert "Willow" not in answer.page.title
