"""Tests of the Lambda authorizer and of the session check for other services."""

import re
from dataclasses import replace
from typing import Any

import pytest

from latchkey.store import practices
from tests.functions.session.people import MARIA
from tests.kit import caches
from tests.kit.browser import Browser
from tests.kit.clock import MINUTE
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal
from tests.kit.seed import CHILDS, OWN, change


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
