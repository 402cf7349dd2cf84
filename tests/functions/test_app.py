"""An app signs in by the system browser (RFC 8252): the code, the sessions, the devices, and what opens nothing."""

import re
from typing import Any

import pytest

from latchkey import tokens
from latchkey.rules.app_codes import CODE_SECONDS, MAX_TRIES
from latchkey.rules.devices import DEVICE_SECONDS, MAX_DEVICES
from tests.functions.client_routes import FORM, HERE
from tests.kit import gateway_events
from tests.kit.browser import App, Browser, new_source
from tests.kit.http_response import HttpResponse
from tests.kit.phone import STATE, Phone
from tests.kit.portal import Portal

ANA, MARIA = "ana@example.com", "maria.gomez@gmail.com"
GIVE, SESSION = "/willow/app/session", "/willow/session"


@pytest.fixture
def phone(portal: Portal) -> Phone:
    return Phone(portal.app(), tokens.random_secret())


@pytest.fixture
def ana(browser: Browser) -> Browser:
    browser.sign_in(ANA)
    return browser


def another(phone: Phone) -> Phone:
    """Return another app with a request of its own."""
    return Phone(App(phone.app.portal, new_source()), tokens.random_secret())


def refused(answer: HttpResponse, code: str = "app_code_refused") -> bool:
    return (answer.status, answer.document.get("code")) == (403, code)


def ended(portal: Portal) -> list[str]:
    """Return the reasons of devices that have ended."""
    rows = portal.at_rest()["Events"]
    return [row["reason"]["S"] for row in rows if row["kind"]["S"] == "device_ended"]


def test_a_browser_hands_a_session_to_the_app(portal: Portal, phone: Phone, ana: Browser) -> None:
    """B220, B221"""
    document = phone.signed_in(ana, device="Ana's phone")
    assert document["method"] == "link"
    assert phone.app.cookies == {}
    assert phone.with_token(document).document == {
        name: value
        for name, value in document.items()
        if name not in {"device", "session_token", "refresh_token", "refresh_expires_at"}
    }
    assert ana.is_signed_in()
    assert ("device_added", None) in portal.audit()
    stored = str(portal.at_rest())
    for secret in (document["session_token"], document["refresh_token"], phone.verifier, tokens.s256(phone.verifier)):
        assert secret not in stored


def test_who_is_signed_out_signs_in_first_and_comes_back(phone: Phone, browser: Browser) -> None:
    """B220"""
    away = browser.get(phone.ask)
    assert (away.status, away.location.partition("?to=")[0]) == (303, "/willow/sign-in")
    browser.follow(away)
    assert browser.sign_in(ANA).location == phone.ask
    assert "You’re signed in here as" in browser.get(phone.ask).body
    assert phone.signed_in(browser)


def test_a_link_that_opens_in_another_browser_leads_back_to_the_app(portal: Portal, phone: Phone) -> None:
    """B220"""
    first, opened = portal.browser(), portal.browser()
    first.follow(first.get(phone.ask))
    first.link(ANA)
    link = portal.letters[-1].target
    assert opened.get(link).status == 200
    assert opened.post(link).location == phone.ask
    assert phone.signed_in(opened)


def test_who_has_several_profiles_chooses_in_the_app(phone: Phone, browser: Browser) -> None:
    browser.follow(browser.get(phone.ask))
    assert browser.sign_in(MARIA).location == phone.ask
    document = phone.signed_in(browser)
    assert document["profile"] is None
    authorization = f"Bearer {document['session_token']}"
    chosen = phone.app.post("/willow/profiles", {"profile": document["profiles"][1]["id"]}, authorization=authorization)
    assert chosen.document["profile"] == document["profiles"][1]["id"]
    # the next session has the same profile open
    renewed = phone.send(refresh_token=document["refresh_token"]).document
    assert renewed["profile"] == document["profiles"][1]["id"]


def test_a_code_opens_one_session(phone: Phone, ana: Browser) -> None:
    """B221"""
    code = phone.code(ana)
    assert phone.redeem(code).status == 200
    assert refused(phone.redeem(code))
    # nor does another press on the same page
    assert phone.press(ana).status == 403
    assert "Start again in the app" in phone.press(ana).body


@pytest.mark.parametrize(("wait", "status"), [(CODE_SECONDS - 1, 200), (CODE_SECONDS, 403)])
def test_a_code_lives_a_minute(portal: Portal, phone: Phone, ana: Browser, wait: int, status: int) -> None:
    """B221"""
    code = phone.code(ana)
    portal.now += wait
    assert phone.redeem(code).status == status


def test_a_stolen_code_is_worth_nothing(phone: Phone, ana: Browser) -> None:
    """B222: without its verifier, at another practice, or with the verifier of the thief's own request."""
    code, thief = phone.code(ana), another(phone)
    thief.code(ana)
    assert refused(thief.redeem(code))
    assert refused(phone.app.post("/harbor/app/session", {"code": code, "verifier": phone.verifier}))
    assert phone.redeem(code).status == 200


def test_six_characters_are_typed_when_the_address_opens_no_app(phone: Phone, ana: Browser) -> None:
    """B223"""
    page = ana.follow(phone.press(ana))
    (typed,) = re.findall(r'<strong class="typed" dir="ltr">([0-9A-Z]{3} [0-9A-Z]{3})</strong>', page.body)
    assert 'class="button" href="/willow/app/return?code=' in page.body
    assert refused(another(phone).redeem(typed))
    assert phone.redeem(typed.lower().replace(" ", "-")).status == 200
    assert refused(phone.redeem(typed))


@pytest.mark.parametrize(("wrong", "status"), [(MAX_TRIES - 1, 200), (MAX_TRIES, 403)])
def test_a_challenge_allows_five_tries(phone: Phone, ana: Browser, wrong: int, status: int) -> None:
    """B223"""
    code = phone.code(ana)
    for _ in range(wrong):
        assert refused(phone.redeem("000000"))
    assert phone.redeem(code).status == status
    # a second press makes a new code, and no further tries
    if status != 200:
        assert refused(phone.redeem(phone.code(ana)))


def test_a_newer_code_replaces_the_one_before(phone: Phone, ana: Browser) -> None:
    first, second = phone.code(ana), phone.code(ana)
    assert refused(phone.redeem(first))
    assert phone.redeem(second).status == 200


def test_a_refresh_token_gives_the_next_session_and_ends_the_one_before(
    portal: Portal, phone: Phone, ana: Browser
) -> None:
    """B224"""
    first = phone.signed_in(ana)
    portal.now += 21 * 60
    assert not phone.is_in(first)
    second = phone.send(refresh_token=first["refresh_token"]).document
    assert phone.is_in(second)
    third = phone.send(refresh_token=second["refresh_token"]).document
    assert phone.is_in(third)
    assert not phone.is_in(second)
    assert len({one["refresh_token"] for one in (first, second, third)}) == 3
    assert {one["refresh_expires_at"] for one in (first, second, third)} == {first["refresh_expires_at"]}


def test_an_old_refresh_token_ends_the_device(portal: Portal, phone: Phone, ana: Browser) -> None:
    """B224"""
    first = phone.signed_in(ana)
    second = phone.send(refresh_token=first["refresh_token"]).document
    assert refused(phone.send(refresh_token=first["refresh_token"]), "refresh_token_reused")
    assert not phone.is_in(second)
    assert refused(phone.send(refresh_token=second["refresh_token"]), "refresh_token_refused")
    assert ended(portal) == ["refresh_token_reused"]


@pytest.mark.parametrize(("age", "status"), [(DEVICE_SECONDS - 1, 200), (DEVICE_SECONDS, 403)])
def test_a_device_ends_after_ninety_days(portal: Portal, phone: Phone, ana: Browser, age: int, status: int) -> None:
    """B224"""
    token = phone.signed_in(ana)["refresh_token"]
    portal.now += DEVICE_SECONDS // 2
    token = phone.send(refresh_token=token).document["refresh_token"]
    portal.now += age - DEVICE_SECONDS // 2
    assert phone.send(refresh_token=token).status == status


def test_a_refresh_token_of_another_practice_or_form_opens_nothing(phone: Phone, ana: Browser) -> None:
    """B224. None of them ends the device, because only who had its tokens may do that."""
    document = phone.signed_in(ana)
    token = document["refresh_token"]
    raw = tokens.base64url_decode(token) or b""
    other_family = tokens.base64url_encode(raw[:16] + bytes(16) + raw[32:])
    other_account = tokens.base64url_encode(bytes(16) + raw[16:])
    for sent in (token[:-1], token + "A", f" {token}", "A" * 86, other_family, other_account, "é" * 40, "\x00"):
        assert refused(phone.send(refresh_token=sent), "refresh_token_refused"), sent
    assert refused(phone.app.post("/harbor/app/session", {"refresh_token": token}), "refresh_token_refused")
    assert phone.send(refresh_token=token).status == 200


def test_a_session_token_is_no_cookie_and_a_cookie_is_no_session_token(
    portal: Portal, phone: Phone, ana: Browser
) -> None:
    """B227"""
    document, cookie = phone.signed_in(ana), ana.cookie("session-willow")
    bare = portal.app()
    assert bare.get(SESSION, authorization=f"Bearer {cookie}").status == 401
    assert bare.get(SESSION, cookie=f"__Host-session-willow={document['session_token']}").status == 401
    for wrong in (document["refresh_token"], "", "A", f"{document['session_token']},{document['session_token']}"):
        # a bearer token that opens nothing is not replaced by a cookie
        assert (
            bare.get(SESSION, authorization=f"Bearer {wrong}", cookie=f"__Host-session-willow={cookie}").status == 401
        )
    assert bare.get(SESSION, authorization=f"bearer {document['session_token']}").status == 200
    assert bare.get("/harbor/session", authorization=f"Bearer {document['session_token']}").status == 401
    # and an app makes no further device by its own token
    first = bare.get(phone.ask, authorization=f"Bearer {document['session_token']}")
    assert first.location.startswith("/willow/sign-in?to=")


def test_the_authorizer_lets_an_app_in_and_no_page_of_another_site(portal: Portal, phone: Phone, ana: Browser) -> None:
    """B227"""
    token = phone.signed_in(ana)["session_token"]

    def allowed(method: str, **headers: str) -> bool:
        event = gateway_events.event(
            gateway_events.Sent(method, "/willow/requests", {"authorization": f"Bearer {token}", **headers}),
            portal.now * 1000,
        )
        event |= {"type": "REQUEST", "pathParameters": {"practice": "willow"}}
        answer: bool = portal.invoke("Session", event)["isAuthorized"]
        return answer

    assert allowed("GET")
    assert allowed("POST", **{"content-type": "application/json"})
    assert allowed("DELETE")
    assert not allowed("POST", **FORM)
    assert not allowed("POST", **FORM, origin="https://evil.example")
    assert not allowed("DELETE", origin="https://evil.example")
    assert not allowed("GET", authorization=f"Bearer {token[:-1]}{'B' if token.endswith('A') else 'A'}")


def test_signing_out_in_the_app_ends_the_device(phone: Phone, ana: Browser) -> None:
    """B226"""
    document = phone.signed_in(ana)
    out = phone.app.post("/willow/sign-out", authorization=f"Bearer {document['session_token']}")
    assert out.document == {"status": "signed_out"}
    assert not phone.is_in(document)
    assert refused(phone.send(refresh_token=document["refresh_token"]), "refresh_token_refused")
    assert ana.is_signed_in()


def test_a_client_sees_the_devices_and_ends_one(portal: Portal, phone: Phone, ana: Browser) -> None:
    """B226"""
    assert "/willow/devices" not in ana.get("/willow/home").body
    document = phone.signed_in(ana, device="<b>Ana's</b> phone")
    second = another(phone).signed_in(ana)
    assert 'href="/willow/devices"' in ana.get("/willow/home").body
    page = ana.get("/willow/devices").body
    assert "&lt;b&gt;Ana&#39;s&lt;/b&gt; phone" in page
    listed = phone.with_token(document, "/willow/devices").document["devices"]
    assert {(one["id"], one["current"]) for one in listed} == {(document["device"], True), (second["device"], False)}
    assert ana.post("/willow/devices", {"device": document["device"]}).location == "/willow/devices"
    assert not phone.is_in(document)
    assert phone.is_in(second)
    assert ended(portal) == ["signed_out"]
    # what is not one of the person's own devices ends nothing
    assert ana.post("/willow/devices", {"device": document["device"]}).status == 303
    assert ended(portal) == ["signed_out"]


def test_one_person_ends_no_device_of_another(portal: Portal, phone: Phone, ana: Browser) -> None:
    document, maria = phone.signed_in(ana), portal.browser()
    maria.sign_in(MARIA)
    assert maria.post("/willow/devices", {"device": document["device"]}).status == 303
    assert phone.is_in(document)


def test_a_sixth_device_ends_the_oldest_and_no_browser(portal: Portal, phone: Phone, ana: Browser) -> None:
    """B226"""
    documents = []
    for _ in range(MAX_DEVICES + 1):
        documents.append(another(phone).signed_in(ana))
        portal.now += 1
    assert [phone.is_in(one) for one in documents] == [False] + [True] * MAX_DEVICES
    assert ended(portal) == ["room"]
    assert ana.is_signed_in()


BAD = {"code": "A" * 43, "verifier": "v" * 43}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422),
        ({"code": "A" * 43}, 422),
        ({"verifier": "v" * 43}, 422),
        (BAD | {"refresh_token": "A"}, 422),
        (BAD, 403),
        (BAD | {"verifier": "v" * 42}, 403),
        (BAD | {"verifier": "v" * 129}, 403),
        (BAD | {"verifier": "é" * 43}, 403),
        (BAD | {"code": "A" * 4096}, 403),
        (BAD | {"code": ["A"]}, 400),
        (BAD | {"device": "n" * 61}, 422),
        (BAD | {"device": "a\r\nb"}, 422),
    ],
)
def test_what_is_missing_or_misshapen_opens_nothing(phone: Phone, fields: dict[str, Any], status: int) -> None:
    assert phone.send(**fields).status == status


def test_a_form_gets_no_session(phone: Phone, ana: Browser) -> None:
    code = phone.code(ana)
    assert ana.post(GIVE, {"code": code, "verifier": phone.verifier}).status == 400
    assert phone.app.post(GIVE, {"code": code, "verifier": phone.verifier}, origin="https://evil.example").status == 403
    assert phone.app.get(GIVE).status == 405
    assert phone.redeem(code).status == 200


CHALLENGE = tokens.s256("v" * 43)


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"challenge={CHALLENGE}",
        f"state={STATE}",
        f"challenge={CHALLENGE}&state=",
        f"challenge={CHALLENGE}&state={'s' * 65}",
        f"challenge={CHALLENGE}&state={'s' * 4096}",
        f"challenge={CHALLENGE}&state=a%20b",
        f"challenge={CHALLENGE}&state=%22%3E%3Cscript%3E",
        f"challenge={CHALLENGE[:-1]}&state={STATE}",
        f"challenge={CHALLENGE[:-1]}B&state={STATE}",
        f"challenge={'v' * 44}&state={STATE}",
        f"challenge={CHALLENGE}&challenge={CHALLENGE}&state={STATE}",
        f"challenge={CHALLENGE}&state={STATE}&challenge_method=plain",
    ],
)
def test_an_app_that_asks_wrongly_gets_a_page(ana: Browser, query: str) -> None:
    """B222"""
    assert ana.get(f"/willow/app?{query}").status == 400
    assert ana.get(f"/willow/app/return?{query}").status == 400


def test_only_a_press_on_our_page_makes_a_code(portal: Portal, phone: Phone, ana: Browser) -> None:
    fields = {"challenge": tokens.s256(phone.verifier), "state": STATE}
    before = portal.at_rest()
    ana.get(phone.ask)
    ana.head(phone.ask)
    assert ana.post("/willow/app", fields, origin="https://evil.example", sec_fetch_site="cross-site").status == 403
    assert portal.browser().post("/willow/app", fields).location.startswith("/willow/sign-in?to=")
    assert ana.post("/willow/app", {"challenge": fields["challenge"]}, **HERE).status == 400
    assert portal.at_rest()["States"] == before["States"]


def test_thirty_refusals_of_a_source_are_followed_by_a_wait_that_stops_no_right_code(
    phone: Phone, ana: Browser
) -> None:
    """B228"""
    code = phone.code(ana)
    answers = [phone.send(**BAD).status for _ in range(31)]
    assert answers == [403] * 30 + [429]
    assert phone.redeem(code).status == 200


def test_pages_of_the_app_exist_in_the_other_language_with_their_query(phone: Phone, ana: Browser) -> None:
    page = ana.get(phone.ask)
    (other,) = re.findall(r'<a href="([^"]+)" lang="es"', page.body)
    assert "¿Iniciar sesión en la aplicación?" in ana.get(f"/willow/app{other.replace('&amp;', '&')}").body
    back = ana.follow(phone.press(ana))
    (other,) = re.findall(r'<a href="([^"]+)" lang="[a-z]+"', back.body)
    assert ana.get(f"/willow/app/return{other.replace('&amp;', '&')}").status == 200
