"""The door: what holds for every path, method, header, host and language, whatever the story behind it."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from latchkey.rules.practices import Practice
from latchkey.store import practices
from tests.kit import gateway_events, sam_template
from tests.kit.browser import App, Browser
from tests.kit.gateway_events import ORIGIN
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal

ROUTES = sorted({key.partition(" ")[2] for key in sam_template.routes() if key != "$default" and " /admin" not in key})
"""What clients meet; what clinicians call has a contract of its own."""
BEHIND = [route for route in ROUTES if route.startswith("/{practice}")]
POSTS = ["sign-in", "link/AAAA", "profiles", "home", "sign-out"]
FORM = {"content-type": "application/x-www-form-urlencoded"}
HERE = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}


def at(route: str, practice: str = "willow") -> str:
    """An address on a route."""
    return route.replace("{practice}", practice).replace("{token}", "AAAA")


# ── paths and methods ──


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_path_answers_every_method_and_says_which_ones_it_takes(portal: Portal, route: str, accept: str) -> None:
    """`safe` in portal.py looks at the headers of each of these answers."""
    everyone = portal.browser(accept=accept)
    allowed = everyone.send("PATCH", at(route), {}).headers["allow"].split(", ")
    assert set(allowed) <= {"GET", "HEAD", "POST"}
    assert ("GET" in allowed) == ("HEAD" in allowed)

    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "X" * 30):
        answer = everyone.send(method, at(route), HERE | FORM)
        if method in allowed:
            assert answer.status != 405
            assert answer.status < 500
        else:
            assert answer.status == 405
            assert answer.headers["allow"] == ", ".join(allowed)


@pytest.mark.parametrize("route", [route for route in ROUTES if route != "/{practice}/sign-out"])
def test_head_is_get_without_the_page(portal: Portal, route: str) -> None:
    get, head = portal.browser().get(at(route)), portal.browser().head(at(route))

    assert (head.status, head.headers, head.cookies) == (get.status, get.headers, get.cookies)


@pytest.mark.parametrize(
    "target",
    [
        "//",
        "/willow/pages",
        "/willow/../harbor",
        "/willow/link",
        "/willow/link/",
        "/willow/link/AAAA/BBBB",
        "/Admin",
        "/google",
        "/healthz/",
        "/HEALTHZ",
        "/local",
        "/local/tables.json",
        "/.env",
        "/willow/sign-in;jsessionid=1",
        "/willow%2Fsign-in",
        "/%00",
        "/%FF",
        "/" + "a" * 5000,
        "/nobody",
        "/nobody/sign-in",
        "/willow%20/sign-in",
        "/w\u212allow/sign-in".encode().decode("latin-1"),
        "/x",
    ],
)
def test_any_other_path_is_not_found(browser: Browser, app: App, target: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT"):
        answer = browser.send(method, target, HERE)
        assert answer.status == 404
        assert answer.cookies == ()
    assert browser.get(target).page.heading in {"We can’t find this page", "We can’t find that practice"}
    assert app.get(target).code == "not_found"


@pytest.mark.parametrize("route", BEHIND)
def test_no_page_is_behind_a_practice_that_does_not_exist(browser: Browser, route: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert browser.send(method, at(route, "nobody"), HERE | FORM).status == 404


def test_a_method_is_what_it_is_whatever_a_header_says(browser: Browser) -> None:
    for header in ("x-http-method-override", "x-http-method", "x-method-override"):
        assert browser.send("GET", "/willow/sign-out", {header: "POST"}).status == 405
    assert browser.send("GET", "/willow/sign-out?_method=POST", {}).status == 405


# ── hosts ──


@pytest.mark.parametrize(
    "host",
    ["abc123.execute-api.us-east-1.amazonaws.com", "evil.example", "portal.example.com.evil.example", "example.com"],
)
@pytest.mark.parametrize("route", ROUTES)
def test_a_host_that_is_not_the_portals_has_no_pages(browser: Browser, app: App, host: str, route: str) -> None:
    assert browser.get(at(route), host=host).status == 404
    assert app.post(at(route), {"email": "ana@example.com"}, host=host).code == "not_found"


def test_the_host_of_the_portal_is_its_own_in_any_case(browser: Browser) -> None:
    assert browser.get("/willow", host="PORTAL.example.com").status == 200


def test_other_headers_about_hosts_are_not_believed(browser: Browser, portal: Portal) -> None:
    for name in ("x-forwarded-host", "x-original-host", "forwarded", "x-forwarded-server"):
        assert browser.get("/willow", **{name: "evil.example"}).status == 200
    browser.post("/willow/sign-in", {"email": "ana@example.com"}, x_forwarded_host="evil.example")
    portal.deliver()
    assert "evil" not in portal.letters[0].text


def test_without_a_domain_the_apis_own_address_is_the_portal(portal: Portal) -> None:
    portal.parameters["PortalOrigin"] = ""
    host = "abc123.execute-api.us-east-1.amazonaws.com"
    here = {"origin": f"https://{host}", "sec-fetch-site": "same-origin", "host": host}
    browser = portal.browser(host=host)

    assert browser.get("/willow/sign-in").status == 200
    assert browser.post("/willow/sign-in", {"email": "ana@example.com"}).status == 403
    assert browser.send("POST", "/willow/sign-in", here | FORM, b"email=ana%40example.com").status == 303
    portal.deliver()
    assert f"https://{host}/willow/link/" in portal.letters[0].text


# ── languages ──


def speaks(answer: HttpResponse) -> str:
    """The language of a page."""
    language: str = answer.headers["content-language"]
    assert answer.page.one("html").attributes["lang"] == language
    return language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,es;q=0.2,en;q=0.1", "es"),
        ("en;q=0.1,es;q=0.2", "es"),
        ("en;q=0,es;q=0.1", "es"),
        ("ES", "es"),
        ("est", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        (";;;,,=,q=", "en"),
        ("es;q=nonsense", "en"),
        ("es;q=nan", "en"),
    ],
)
def test_a_page_is_in_the_language_of_the_browser(portal: Portal, header: str, language: str) -> None:
    """B123"""
    assert speaks(portal.browser(accept_language=header).get("/willow/sign-in")) == language
    assert speaks(portal.browser(accept_language=header).get("/nowhere/at/all")) == language


def test_a_practices_language_is_the_default(portal: Portal) -> None:
    """B123"""
    practices.save(Practice(slug="sauce", name="Sauce", language="es"))

    assert speaks(portal.browser().get("/sauce")) == "es"
    assert speaks(portal.browser(accept_language="en").get("/sauce")) == "en"
    assert speaks(portal.browser(accept_language="fr").get("/sauce")) == "es"


def test_a_choice_of_language_is_stored_for_a_year_and_wins(browser: Browser) -> None:
    """B123"""
    answer = browser.get("/willow/sign-in?lang=es", accept_language="en")
    assert speaks(answer) == "es"
    assert answer.cookies == ("__Host-lang-willow=es; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000",)

    assert speaks(browser.get("/willow/help", accept_language="en")) == "es"
    assert speaks(browser.get("/willow/help?lang=en")) == "en"
    assert speaks(browser.get("/willow/help", accept_language="es")) == "en"
    assert speaks(browser.get("/harbor", accept_language="es")) == "es"


@pytest.mark.parametrize("chosen", ["fr", "", "ES", "es%00", "../es", "<script>"])
def test_an_unsupported_lang_parameter_changes_nothing(browser: Browser, chosen: str) -> None:
    answer = browser.get(f"/willow?lang={chosen}")

    assert speaks(answer) == "en"
    assert answer.cookies == ()


def test_errors_learn_in_the_language_of_the_browser(portal: Portal) -> None:
    """B123"""
    browser = portal.browser(accept_language="es")

    for answer in (
        browser.get("/willow/nowhere"),
        browser.get("/nobody"),
        browser.post("/willow/help"),
        browser.post("/willow/sign-in", {"email": "ana"}),
        browser.post("/willow/sign-in", {"email": "x"}, origin="null"),
        browser.get("/willow/link/AAAA"),
        browser.get("/willow?lang=en&lang=es"),
    ):
        assert answer.status >= 400
        assert speaks(answer) == "es"


# ── who may press a button ──


@pytest.mark.parametrize("place", POSTS)
@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("null", None),
        ("null", "same-origin"),
        ("https://evil.example", None),
        ("https://evil.example", "same-origin"),
        (ORIGIN, "cross-site"),
        (ORIGIN, "same-site"),
        (ORIGIN, "none"),
        (ORIGIN, "nonsense"),
        (None, "cross-site"),
        (None, "none"),
        ("http://portal.example.com", "same-origin"),
        (f"{ORIGIN}/", "same-origin"),
        (f"{ORIGIN},{ORIGIN}", "same-origin"),
        (ORIGIN, "same-origin,same-origin"),
        (None, None),
    ],
)
def test_a_form_on_a_foreign_page_does_nothing(
    portal: Portal, place: str, origin: str | None, site: str | None
) -> None:
    before = portal.at_rest()
    says = {"origin": origin, "sec-fetch-site": site}
    headers = {name: value for name, value in says.items() if value is not None}

    answer = portal.browser().send("POST", f"/willow/{place}", headers | FORM, b"email=ana%40example.com")

    assert answer.status == 403
    assert answer.page.heading == "This did not come from our page"
    if (origin, site) != (None, None):
        app = portal.app().send("POST", f"/willow/{place}", headers | {"content-type": "application/json"}, b"{}")
        assert (app.status, app.code) == (403, "origin_refused")
    assert portal.at_rest() == before
    assert portal.waiting() == []


@pytest.mark.parametrize(("origin", "site"), [(ORIGIN, None), (None, "same-origin"), (ORIGIN, "same-origin")])
def test_a_portal_form_is_read_with_either_header(portal: Portal, origin: str | None, site: str | None) -> None:
    says = {"origin": origin, "sec-fetch-site": site}
    headers = {name: value for name, value in says.items() if value is not None}

    assert portal.browser().send("POST", "/willow/sign-in", headers | FORM, b"email=ana%40example.com").status == 303


@pytest.mark.parametrize(
    "media", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_an_app_needs_no_origin(portal: Portal, media: str) -> None:
    body = b'{"email": "ana@example.com"}'

    assert portal.app().send("POST", "/willow/sign-in", {"content-type": media}, body).status == 202


@pytest.mark.parametrize(
    "media",
    [
        "",
        "text/plain",
        "text/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json,text/plain",
    ],
)
def test_what_a_foreign_page_can_send_without_asking_is_no_json(portal: Portal, media: str) -> None:
    body = b'{"email": "ana@example.com"}'

    answer = portal.app().send("POST", "/willow/sign-in", {"content-type": media} if media else {}, body)

    assert (answer.status, answer.code) == (403, "origin_refused")


def test_no_response_has_cors_headers(browser: Browser) -> None:
    preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}

    answer = browser.send("OPTIONS", "/willow/sign-in", preflight)

    assert answer.status == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


# ── bodies ──


def asking(portal: Portal, changes: dict[str, Any]) -> dict[str, Any]:
    """API Gateway's event of a form sent to the sign-in page, with changes."""
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
    """The answer to a body that is no honest form; nothing came of it."""
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
def test_a_query_that_says_two_things_says_nothing(browser: Browser, app: App, route: str, query: str) -> None:
    answer = browser.get(f"{at(route)}?{query}")
    assert answer.status == 400
    assert answer.cookies == ()
    assert app.get(f"{at(route)}?{query}").code == "body_invalid"


@pytest.mark.parametrize(
    "query", ["", "?", "a", "a=b=c", "%", "%zz", "lang", "=", "a=%00", "client=existing&client2=x"]
)
def test_any_other_query_does_no_harm(browser: Browser, query: str) -> None:
    assert browser.get(f"/willow/sign-in?{query}").status == 200


# ── what is on every page ──


def test_the_policy_lets_the_browser_apply_the_style_of_the_page_and_no_other(browser: Browser) -> None:
    answer = browser.get("/willow")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.body, re.DOTALL)

    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]
    assert "style=" not in answer.body
    assert "<script" not in answer.body


def test_a_response_names_what_it_varies_by(browser: Browser) -> None:
    assert browser.get("/willow").headers["vary"] == "Accept, Accept-Language, Cookie"


@pytest.mark.parametrize(
    ("accept", "json_"),
    [
        ("application/json", True),
        ("application/problem+json", True),
        ("Application/JSON; q=0.9", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_problem_is_a_page_or_a_document(portal: Portal, accept: str, json_: bool) -> None:
    answer = portal.browser(accept=accept).get("/willow/nowhere")

    assert answer.headers["content-type"] == ("application/problem+json" if json_ else "text/html; charset=utf-8")
    if json_:
        assert answer.document == {"title": "Nothing is at this path", "status": 404, "code": "not_found"}


# ── our own faults ──


def break_willow(portal: Portal) -> None:
    """A row that no code of ours wrote."""
    portal.tables.update_item(
        TableName="Practices",
        Key={"slug": {"S": "willow"}},
        UpdateExpression="SET reply_to = :value",
        ExpressionAttributeValues={":value": {"L": [{"S": "ana@example.com"}]}},
    )


def test_an_internal_error_tells_nothing_and_gives_a_code(browser: Browser, app: App, portal: Portal) -> None:
    """B130"""
    break_willow(portal)

    answer = browser.get("/willow/sign-in")

    assert answer.status == 500
    assert answer.page.heading == "Sorry, there is a problem with the Client Portal"
    for telling in ("AttributeDeserializationError", "Traceback", "reply_to", "practices.py", "ana@example.com"):
        assert telling not in answer.body
    problem = app.get("/willow/sign-in")
    assert (problem.status, problem.code) == (500, "failed")
    assert browser.get("/harbor/sign-in").status == 200
    log = portal.log.getvalue()
    assert '"fault": "AttributeDeserializationError"' in log
    assert f'"support_code": "{answer.page.one("code").text}"' in log


def test_an_internal_error_lets_nobody_through_the_authorizer_and_tells_nothing(
    browser: Browser, portal: Portal
) -> None:
    """What a function raises, Lambda writes into its log, words and all."""
    browser.sign_in("ana@example.com")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    sent = gateway_events.Sent("GET", "/willow/session", {"host": "portal.example.com", "cookie": cookies})
    event = {**gateway_events.event(sent, portal.now * 1000), "type": "REQUEST"}
    assert portal.invoke("Session", event)["isAuthorized"] is True
    break_willow(portal)

    assert portal.invoke("Session", event) == {"isAuthorized": False}
    assert '"fault": "AttributeDeserializationError"' in portal.log.getvalue()
    assert "ana@example.com" not in portal.log.getvalue()


@pytest.mark.parametrize("route", BEHIND)
def test_when_the_store_does_not_answer_every_page_says_so(browser: Browser, portal: Portal, route: str) -> None:
    portal.aws.refuse("GetItem", "ProvisionedThroughputExceededException")

    answer = browser.get(at(route))

    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"
    assert "ProvisionedThroughput" not in answer.body
    assert "ProvisionedThroughput" not in portal.log.getvalue().replace('"fault"', "")


def test_the_log_has_one_line_a_request_and_nothing_that_a_stranger_wrote(browser: Browser, portal: Portal) -> None:
    portal.log.seek(0)
    portal.log.truncate()
    evil = 'x@example.com\n{"message":"answered","status":200}'
    browser.send("GET", "/willow/<script>?email=ana@example.com", {"user-agent": evil.replace("\n", " ")})
    browser.send("EVIL<script>", "/willow", {})
    browser.post("/willow/sign-in", {"email": evil})
    browser.get("/willow/link/secret-token")

    lines = [json.loads(line) for line in portal.log.getvalue().splitlines() if line.startswith("{")]

    assert [(line["route"], line["method"], line["status"]) for line in lines] == [
        ("$default", "GET", 404),
        ("/{practice}", "OTHER", 405),
        ("/{practice}/sign-in", "POST", 422),
        ("/{practice}/link/{token}", "GET", 404),
    ]
    for line in lines:
        assert {key.partition(".")[0] for key in line} <= {
            "level", "location", "message", "timestamp", "service", "status", "route", "method", "practice", "code",
            "request_id", "support_code", "reason", "_aws", "stage", "Refused",
        }  # fmt: skip
    for fields in ("script", "example.com", "secret-token", "EVIL"):
        assert fields not in portal.log.getvalue()
