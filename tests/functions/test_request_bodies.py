"""Tests of request bodies and queries from forms, apps and strangers."""

import base64
from typing import Any

import pytest

from tests.functions.client_routes import FORM, HERE, POSTS, ROUTES, at
from tests.kit.browser import App, Browser
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal


def asking(portal: Portal, changes: dict[str, Any]) -> dict[str, Any]:
    """Return API Gateway's event of a form that is sent to the sign-in page, with changes."""
    event = {
        "version": "2.0",
        "routeKey": "ANY /{practice}/sign-in",
        "rawPath": "/willow/sign-in",
        "rawQueryString": "",
        "headers": HERE | FORM,
        "requestContext": {
            "domainName": "portal.example.com",
            "http": {"method": "POST", "path": "/willow/sign-in", "sourceIp": "203.0.113.7"},
            "requestId": "JKJaXmPLvHcESHA=",
            "timeEpoch": portal.now * 1000,
        },
        "pathParameters": {"practice": "willow"},
    }
    return event | changes


def sent(portal: Portal, media: str, body: bytes, encoded: bool = True) -> HttpResponse:
    """Return the response to a body that is no valid form. Fail if it changed anything."""
    before = portal.at_rest()
    text = base64.b64encode(body).decode() if encoded else body.decode("latin-1")
    changes = {"headers": HERE | {"content-type": media}, "body": text, "isBase64Encoded": encoded}

    answer = portal.respond("RequestLink", asking(portal, changes))

    assert portal.at_rest() == before
    assert portal.waiting() == []
    return answer


@pytest.mark.parametrize("encoded", [True, False])
def test_a_body_of_eight_kilobytes_is_read_and_a_longer_one_is_not(portal: Portal, encoded: bool) -> None:
    max_count = b"email=" + b"a" * (8192 - 6)

    assert sent(portal, FORM["content-type"], max_count, encoded).status == 422
    answer = sent(portal, FORM["content-type"], max_count + b"a", encoded)
    assert answer.status == 413
    assert answer.page.heading == "What you sent is too long"
    assert sent(portal, "application/json", b'{"a":"' + b"a" * 8190 + b'"}', encoded).status == 413
    assert sent(portal, FORM["content-type"], max_count * 1000, encoded).status == 413


def test_a_long_body_is_too_long_on_every_path_that_takes_one(browser: Browser, app: App) -> None:
    for place in POSTS:
        answer = browser.send("POST", f"/willow/{place}", HERE | FORM, b"a" * 9000)
        assert answer.status == 413
        answer = app.send("POST", f"/willow/{place}", {"content-type": "application/json"}, b" " * 9000)
        assert (answer.status, answer.code) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/plain", b"email=ana@example.com"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=email\r\n\r\na@b.c\r\n--x--"),
        ("application/xml", b"<email>ana@example.com</email>"),
        ("application/x-www-form-urlencoded,application/json", b"email=ana%40example.com"),
        ("application/x-www-form-urlencoded; charset=utf-16", "email=ana@example.com".encode("utf-16")),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", b"email=ana%40example.com"),
        ("application/x-www-form-urlencoded", b"email=\xff\xfe"),
        ("application/x-www-form-urlencoded", b"email=%FF%FE"),
        ("application/x-www-form-urlencoded", b"email=ana%40example.com&email=lee%40example.com"),
        ("application/x-www-form-urlencoded", b"email=ana%40example.com&email=ana%40example.com"),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 21) + b"&email=ana%40example.com"),
        ("application/json", b""" {"email": "ana@example.com", "email": "lee@example.com"} """),
        ("application/json", b"""{"email": "ana@example.com" """),
        ("application/json", b"""["ana@example.com"]"""),
        ("application/json", b'"ana@example.com"'),
        ("application/json", b"null"),
        ("application/json", b"NaN"),
        ("application/json", b"""{"email": ["ana@example.com"]}"""),
        ("application/json", b"""{"email": {"$ne": ""}}"""),
        ("application/json", b"""{"email": 7}"""),
        ("application/json", b"""{"email": 1e400}"""),
        ("application/json", b'{"email": "\\ud800@example.com"}'),
        ("application/json", b"[" * 8000),
        ("application/json", b"\xff\xfe{}"),
        ("application/json; charset=utf-16", '{"email": "ana@example.com"}'.encode("utf-16")),
        ("application/json", b'{"a": ' + b"9" * 5000 + b"}"),
    ],
)  # fmt: skip
def test_a_body_that_is_not_what_it_says_is_refused(portal: Portal, media: str, body: bytes) -> None:
    answer = sent(portal, media, body)

    assert answer.status == 400
    assert answer.page.heading == "What you sent did not reach us whole"


def test_the_deepest_nesting_that_fits_is_only_a_form_without_its_field(portal: Portal) -> None:
    assert sent(portal, "application/json", b'{"a":' + b"[" * 4090 + b"]" * 4090 + b"}").status == 422


@pytest.mark.parametrize("text", ["%%%", "ZW1haWw", "ZW1haWw=\n", "\u212a\u212a\u212a\u212a"])
def test_a_body_that_should_be_base64_and_is_not_is_refused(portal: Portal, text: str) -> None:
    assert portal.respond("RequestLink", asking(portal, {"body": text, "isBase64Encoded": True})).status == 400


def test_a_body_that_is_not_there_is_an_empty_one(portal: Portal) -> None:
    for nothing in ({}, {"body": None}, {"body": ""}, {"body": "", "isBase64Encoded": True}):
        assert portal.respond("RequestLink", asking(portal, nothing)).status == 422


@pytest.mark.parametrize("field", ["password", "name", "next", "redirect"])
def test_unknown_fields_do_nothing(browser: Browser, portal: Portal, field: str) -> None:
    """B2"""
    values = {"email": "ana@example.com", field: "https://evil.example"}

    assert browser.post("/willow/sign-in", values).location == "/willow/sign-in/sent"
    portal.deliver()
    assert browser.get(f"{portal.letters[0].path}?{field}=https://evil.example").location == "/willow/home"
    assert "evil" not in portal.letters[0].text


# ── queries ──


@pytest.mark.parametrize("query", ["lang=en&lang=es", "lang=es&lang=es", "lang=%FF", "&".join(["a=1"] * 21)])
@pytest.mark.parametrize("route", ROUTES)
def test_an_ambiguous_query_is_refused(browser: Browser, app: App, route: str, query: str) -> None:
    answer = browser.get(f"{at(route)}?{query}")
    assert answer.status == 400
    assert answer.cookies == ()
    assert app.get(f"{at(route)}?{query}").code == "body_invalid"


@pytest.mark.parametrize(
    "query", ["", "?", "a", "a=b=c", "%", "%zz", "lang", "=", "a=%00", "client=existing&client2=x"]
)
def test_any_other_query_does_no_harm(browser: Browser, query: str) -> None:
    assert browser.get(f"/willow/sign-in?{query}").status == 200
