"""Tests of forged forms, foreign hosts, wrong methods and paths, and malformed requests."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.kit.browser import FORM, JSON
from tests.kit.live_portal import LivePortal

ANA = "ana@example.com"

SAFE = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@pytest.mark.parametrize("kind", ["browser", "app"])
def test_a_request_that_comes_to_another_host_is_sent_nothing(live_portal: LivePortal, kind: str) -> None:
    if kind == "browser":
        lines = {"Content-Type": FORM, "Origin": "http://evil.example", "Host": "evil.example"}
        answer = live_portal.browser().send("POST", "/willow/sign-in", lines, b"email=ana%40example.com")
    else:
        lines = {"Content-Type": JSON, "Host": "evil.example:8000"}
        answer = live_portal.app().send("POST", "/willow/sign-in", lines, json.dumps({"email": ANA}).encode())

    assert answer.status == 404
    assert live_portal.letters(ANA) == []
    assert "evil" not in answer.body


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "Forwarded", "X-Host", "X-Original-URL", "X-Forwarded-Proto"])
def test_no_header_can_put_another_host_into_a_link(live_portal: LivePortal, header: str) -> None:
    value = "host=evil.example" if header == "Forwarded" else "evil.example"
    lines = {"Content-Type": JSON, header: value}
    answer = live_portal.app().send("POST", "/willow/sign-in", lines, json.dumps({"email": ANA}).encode())

    assert answer.status == 202
    letter = live_portal.letter(ANA)
    assert letter["url"].startswith(f"{live_portal.url}/willow/link/")
    assert "evil" not in letter["html"] + letter["text"]


@pytest.mark.parametrize(
    "lines",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "SELF", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "SELF, https://evil.example"},
    ],
)
def test_a_form_that_no_portal_page_sent_is_refused(live_portal: LivePortal, lines: Mapping[str, str]) -> None:
    headers = {name: value.replace("SELF", live_portal.url) for name, value in lines.items()} | {"Content-Type": FORM}
    browser = live_portal.browser()
    requested = browser.send("POST", "/willow/sign-in", headers, b"email=ana%40example.com")
    link = live_portal.link(ANA)
    pressed = browser.send("POST", link, headers, b"")
    left = live_portal.signed_in("luis@example.com")

    assert (requested.status, pressed.status) == (403, 403)
    assert requested.page.heading == "This did not come from our page"
    assert left.send("POST", "/willow/sign-out", headers, b"").status == 403
    assert left.get("/willow/session").status == 200
    assert len(live_portal.letters(ANA)) == 1
    assert browser.post(link).location == "/willow/home"


@pytest.mark.parametrize(
    "lines", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_json_from_a_foreign_page_is_refused(live_portal: LivePortal, lines: Mapping[str, str]) -> None:
    body = json.dumps({"email": ANA}).encode()
    answer = live_portal.app().send("POST", "/willow/sign-in", {"Content-Type": JSON, **lines}, body)

    assert (answer.status, answer.code) == (403, "origin_refused")
    assert live_portal.letters(ANA) == []


def test_no_foreign_page_is_ever_granted_anything(live_portal: LivePortal) -> None:
    asks = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = live_portal.browser().send("OPTIONS", "/willow/sign-in", headers=asks)

    assert answer.status == 405
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/willow", "GET, HEAD"),
        ("/willow/new-client", "GET, HEAD"),
        ("/willow/sign-in", "GET, HEAD, POST"),
        ("/willow/sign-in/sent", "GET, HEAD"),
        ("/willow/help", "GET, HEAD"),
        ("/willow/link/x", "GET, HEAD, POST"),
        ("/willow/pin", "GET, HEAD, POST"),
        ("/willow/profiles", "GET, HEAD, POST"),
        ("/willow/home", "GET, HEAD, POST"),
        ("/willow/sign-out", "POST"),
        ("/willow/signed-out", "GET, HEAD"),
        ("/willow/session", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_for_a_path_is_answered_with_those_that_are(
    live_portal: LivePortal, path: str, allowed: str
) -> None:
    browser = live_portal.browser()
    methods = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", *(() if "POST" in allowed else ("POST",)))
    for method in methods:
        answer = browser.send(method, path, headers={"Origin": live_portal.url})

        assert (method, answer.status, answer.headers["allow"]) == (method, 405, allowed)
        assert_safe(answer.headers)
    lines = live_portal.app().send("DELETE", path)
    assert (lines.status, lines.code) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/willow/nothing",
        "/willow/link",
        "/willow/link/",
        "/willow/link/x/y",
        "/willow/../harbor/x",
        "/willow%2fsign-in",
        "/google",
        "/%00",
        "/%FF",
        "/willow;a=b",
        "/.env",
        "/.well-known/security.txt",
        "/index.html",
        "/a" * 500,
    ],
)
def test_any_other_path_is_a_page_that_says_so(live_portal: LivePortal, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = live_portal.browser().send(method, path)

        assert answer.status == 404
        missing = "this page" if path.startswith("/willow/") else "that practice"
        assert answer.page.heading == f"We can’t find {missing}"
        assert_safe(answer.headers)
    lines = live_portal.app().get(path)
    assert (lines.status, lines.code) == (404, "not_found")


def test_every_answer_has_the_headers_that_keep_a_browser_safe(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    link = live_portal.link("luis@example.com")
    seen = set()
    for path in (
        *("/willow", "/willow/new-client", "/willow/sign-in", "/willow/sign-in/sent", "/willow/help", "/willow/pin"),
        *("/willow/profiles", "/willow/home", "/willow/signed-out", "/willow/session", "/harbor", "/harbor/home"),
        *("/harbor/session", "/healthz", "/nowhere", "/willow/link/x", link, "/willow?lang=es&lang=en"),
    ):
        answer = browser.get(path)
        seen.add(answer.status)
        assert_safe(answer.headers)

    assert seen == {200, 303, 400, 401, 404}


def test_no_page_loads_anything_from_anywhere(live_portal: LivePortal) -> None:
    inside, outside = live_portal.signed_in(ANA), live_portal.browser()
    pages = [
        outside.get(f"/willow{path}").page for path in ("", "/new-client", "/sign-in", "/help", "/pin", "/nothing")
    ]
    for page in (*pages, inside.get("/willow/home").page):
        assert not page.all("script") + page.all("iframe")
        loaded = [
            *(link.attributes["href"] for link in page.all("link")),
            *(i.attributes["src"] for i in page.all("img")),
        ]
        assert all(address.startswith("/willow/brand/") for address in loaded)
    for page in pages:
        assert all(not link.startswith("http") for link in page.links.values())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"email=ana%40example.com&email=eve%40example.com", FORM),
        (b"email=%FF%FE", FORM),
        (b"\xff\xfe", FORM),
        (b"email=ana%40example.com", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"email=ana%40example.com", "text/plain"),
        (b"email=ana%40example.com", "multipart/form-data; boundary=x"),
        (b"&".join(b"f%d=1" % number for number in range(500)), FORM),
        (b"[]", JSON),
        (b'"ana@example.com"', JSON),
        (b"{", JSON),
        (b"\xff", JSON),
        (b'{"email": ["ana@example.com"]}', JSON),
        (b'{"email": {"$ne": ""}}', JSON),
        (b'{"email": 1e999}', JSON),
        (b'{"email": "ana@example.com", "email": "eve@example.com"}', JSON),
        (b'{"email": "\\ud800@example.com"}', JSON),
        (b'{"a":' * 1500, JSON),
        (b'{"email": "ana@example.com"}', "application/json; charset=utf-16"),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_sent(live_portal: LivePortal, body: bytes, kind: str) -> None:
    lines = {"Content-Type": kind, "Origin": live_portal.url, "Sec-Fetch-Site": "same-origin"}
    page = live_portal.browser().send("POST", "/willow/sign-in", lines, body)
    document = live_portal.app().send("POST", "/willow/sign-in", lines, body)

    assert (page.status, page.page.heading) == (400, "What you sent did not reach us whole")
    assert (document.status, document.code) == (400, "body_invalid")
    assert live_portal.letters(ANA) == []


def test_more_than_any_form_holds_is_refused_before_it_is_read(live_portal: LivePortal) -> None:
    browser, app = live_portal.browser(), live_portal.app()
    page = browser.post("/willow/sign-in", {"email": ANA, "more": "x" * 8192})
    document = app.post("/willow/sign-in", {"email": ANA, "more": "x" * 8192})

    assert (page.status, page.page.heading) == (413, "What you sent is too long")
    assert (document.status, document.code) == (413, "body_too_large")
    assert browser.post("/willow/sign-in", {"email": ANA, "more": "x" * 8000}).status == 303


def test_what_the_gateway_refuses_by_itself_never_reaches_a_function(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    huge = browser.send("POST", "/willow/sign-in", {"Content-Type": FORM}, b"x" * (10 * 1024 * 1024 + 1))
    heavy = browser.get("/willow", **{"X-Much": "x" * 10_240})
    stranger = browser.get("/admin/v1/practices/willow")

    assert (huge.status, huge.document) == (413, {"message": "Request Entity Too Large"})
    assert (heavy.status, heavy.document) == (431, {"message": "Request Header Fields Too Large"})
    assert (stranger.status, stranger.document) == (401, {"message": "Unauthorized"})


def test_query_parameters_given_twice_are_refused_on_a_page_that_leads_on(live_portal: LivePortal) -> None:
    refused = live_portal.browser().get("/willow?lang=es&lang=en")

    assert refused.status == 400
    assert refused.page.links["Go to the sign-in page"] == "/willow/sign-in"
    assert live_portal.browser().get("/willow?client=existing&client=existing").status == 400


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil.example", "https:evil.example", "/%09/evil.example", "javascript:alert(1)"]
)
def test_no_portal_address_leads_to_a_place_that_someone_else_chose(live_portal: LivePortal, address: str) -> None:
    link = live_portal.link(ANA)
    browser = live_portal.browser()
    opened = browser.send(
        "POST",
        f"{link}?next={address}&return_to={address}",
        {"Content-Type": FORM, "Origin": live_portal.url},
        b"next=https://evil.example",
    )

    assert opened.location == "/willow/home"


def test_a_practices_own_website_can_lead_straight_to_the_form(live_portal: LivePortal) -> None:
    assert live_portal.browser().get("/willow?client=existing").location == "/willow/sign-in"


def test_a_practice_with_a_website_uses_the_words_of_its_website(live_portal: LivePortal) -> None:
    page = live_portal.browser().get("/harbor").page

    assert page.links["Client Portal"] == "/harbor/sign-in"
    assert page.links["Request Appointment"] == "https://harbor.example/appointments"
    assert "I’m an existing client" not in page.links


def test_new_clients_are_sent_no_link(live_portal: LivePortal) -> None:
    page = live_portal.browser().get(live_portal.browser().get("/willow").page.links["I’m a new client"]).page

    assert not page.all("form")
    assert "welcome email" in page.text


def test_the_way_to_the_sent_page_is_through_the_form(live_portal: LivePortal) -> None:
    assert live_portal.browser().get("/willow/sign-in/sent").location == "/willow/sign-in"


def test_the_health_page_responds(live_portal: LivePortal) -> None:
    answer = live_portal.browser().get("/healthz")

    assert (answer.status, answer.document["status"]) == (200, "ok")


def test_an_app_that_the_stack_knows_may_open_its_links(live_portal: LivePortal) -> None:
    apple = live_portal.app().get("/.well-known/apple-app-site-association").document
    android = live_portal.app().get("/.well-known/assetlinks.json").document

    assert apple["applinks"]["details"][0]["appIDs"] == ["A1B2C3D4E5.com.example.portal"]
    assert android[0]["target"]["package_name"] == "com.example.portal"


@pytest.mark.parametrize(
    ("page", "status"),
    [
        *(("http://127.0.0.1:{port}", 303), ("http://[::1]:{port}", 303), ("http://LOCALHOST:{port}", 303)),
        *(("http://127.0.0.1:1", 403), ("https://127.0.0.1:{port}", 403), ("http://127.0.0.1:x", 403)),
    ],
)
def test_by_every_name_of_this_machine_it_is_the_portal(live_portal: LivePortal, page: str, status: int) -> None:
    lines = {"Content-Type": FORM, "Origin": page.format(port=urlsplit(live_portal.url).port)}

    assert live_portal.browser().send("POST", "/willow/sign-in", lines, b"email=ana%40example.com").status == status


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "nonsense"])
def test_a_body_that_is_not_in_the_coding_it_names_is_read_as_it_came(live_portal: LivePortal, coding: str) -> None:
    lines = {"Content-Type": FORM, "Origin": live_portal.url, "Content-Encoding": coding}

    assert live_portal.browser().send("POST", "/willow/sign-in", lines, b"email=ana%40example.com").status == 303


@pytest.mark.parametrize("end", ["%0A", "%0D%0A", "%00", "%20"])
def test_a_link_with_more_at_its_end_is_no_link(live_portal: LivePortal, end: str) -> None:
    assert live_portal.app().get(f"/willow/link/A{end}").code == "link_unknown"


@pytest.mark.parametrize("path", ["/local", "/local/mail.json", "/local/token", "/local/tables.json"])
def test_what_is_local_is_shown_by_names_of_this_machine_alone(live_portal: LivePortal, path: str) -> None:
    assert live_portal.browser().send("GET", path, headers={"Host": "evil.example"}).status == 404
    assert live_portal.browser().get(path).status == 200


def test_a_missing_practice_is_missing_in_the_language_that_is_requested(live_portal: LivePortal) -> None:
    english = live_portal.browser().get("/nowhere-x").page
    spanish = live_portal.browser().get("/nowhere-x" + english.links["Español"]).page

    assert (english.one("html").attributes["lang"], spanish.one("html").attributes["lang"]) == ("en", "es")


def test_bytes_that_are_no_http_do_not_bring_the_portal_down(live_portal: LivePortal) -> None:
    connection = HTTPConnection(urlsplit(live_portal.url).netloc, timeout=10)
    connection.connect()
    connection.sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    connection.sock.recv(1024)
    connection.close()

    assert live_portal.browser().get("/healthz").status == 200


def assert_safe(headers: dict[str, str]) -> None:
    """Fail unless a response has every security header."""
    assert {name: headers.get(name) for name in SAFE} == SAFE
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    for part in ("form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert "noindex" in headers["x-robots-tag"]
