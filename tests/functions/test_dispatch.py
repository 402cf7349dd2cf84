"""Tests of every path, method, header and host of the clients' functions, and of what all pages contain."""

import base64
import hashlib
import json
import re

import pytest

from tests.functions.client_routes import BEHIND, FORM, HERE, POSTS, ROUTES, at
from tests.kit import gateway_events
from tests.kit.browser import App, Browser
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal

# ── paths and methods ──


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_path_answers_every_method_and_says_which_ones_it_takes(portal: Portal, route: str, accept: str) -> None:
    """`checked_response` in tests/kit/portal.py checks the headers of each response."""
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


# ── origins of forms ──


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


# ── contents of every page ──


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


# ── internal errors ──


def break_willow(portal: Portal) -> None:
    """Store a value of a wrong type in Willow's item."""
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
    """Lambda logs the message of an exception that a function raises."""
    browser.sign_in("ana@example.com")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    sent = gateway_events.Sent("GET", "/willow/session", {"host": "portal.example.com", "cookie": cookies})
    event = {**gateway_events.event(sent, portal.now * 1000), "type": "REQUEST"}
    assert portal.invoke("Session", event)["isAuthorized"] is True
    break_willow(portal)

    assert portal.invoke("Session", event) == {"isAuthorized": False, "context": {"reason": "unavailable"}}
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
