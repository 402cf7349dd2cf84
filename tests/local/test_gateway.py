"""Tests of the local gateway: the event of a request, and the HTTP response of a function's result."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local import gateway
from local.gateway import Incoming, Match, Router
from local.sam_template import Route

ROUTES = [
    Route(key, function)
    for key, function in [
        ("$default", "Session"),
        ("ANY /{practice}", "RequestLink"),
        ("ANY /{practice}/home", "Session"),
        ("ANY /{practice}/link/{token}", "RedeemLink"),
        ("ANY /{practice}/pin", "Pin"),
        ("GET /{practice}/pin", "Pin"),
        ("ANY /healthz", "Session"),
        ("ANY /.well-known/assetlinks.json", "Session"),
    ]
]

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, UTC)


SERVICE = [Route("GET /{practice}", "Booking", prefix="booking"), Route("$default", "Deep", prefix="booking/deep")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/booking/willow", ("Booking", "/willow")),
        ("/booking/deep/willow", ("Deep", "/willow")),
        ("/booking/deep", ("Deep", "/")),
        ("/bookings", ("RequestLink", "/bookings")),
        ("/booking%2Fwillow", ("RequestLink", "/booking/willow")),
    ],
)
def test_an_api_mapping_gives_an_api_the_paths_below_its_prefix(path: str, expected: tuple[str, str]) -> None:
    found = Router([*ROUTES, *SERVICE]).match("GET", path)
    assert found is not None
    event = gateway.event(Incoming("GET", path, (), b"", "127.0.0.1"), found, NOON, "http://localhost:8000")
    assert (found.route.function, event["rawPath"]) == expected


def test_a_path_below_a_prefix_that_its_api_does_not_know_is_not_the_portals() -> None:
    router = Router([*ROUTES, *SERVICE])
    assert router.match("POST", "/booking/willow") is None
    assert router.match("GET", "/booking") is None


def matched(path: str, method: str = "GET") -> tuple[str, dict[str, str]]:
    found = Router(ROUTES).match(method, path)
    assert found is not None
    return found.route.key, found.parameters


def seen(
    target: str = "/willow", headers: dict[str, str] | None = None, body: bytes = b"", method: str = "GET"
) -> dict[str, Any]:
    """Return the event of a request, after a round trip through JSON."""
    pairs = [("Host", "localhost:8000"), *(headers or {}).items()]
    raw = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)
    incoming = Incoming(method, target, raw, body, "127.0.0.1")
    match = Match(ROUTES[1], {"practice": "willow"})
    made: dict[str, Any] = json.loads(json.dumps(gateway.event(incoming, match, NOON, "http://localhost:8000")))
    return made


def test_a_fixed_path_goes_before_one_with_names() -> None:
    assert matched("/healthz") == ("ANY /healthz", {})
    assert matched("/willow") == ("ANY /{practice}", {"practice": "willow"})
    assert matched("/.well-known/assetlinks.json") == ("ANY /.well-known/assetlinks.json", {})


@pytest.mark.parametrize("path", ["/", "/willow/", "//willow", "/willow/nothing", "/willow/link/", "/Willow/Home/x"])
def test_every_other_path_takes_the_default_route(path: str) -> None:
    assert matched(path) == ("$default", {})


def test_a_route_of_one_method_goes_before_that_of_all() -> None:
    assert [matched("/willow/pin", method)[0] for method in ("GET", "HEAD", "POST")] == [
        "GET /{practice}/pin",
        *["ANY /{practice}/pin"] * 2,
    ]


def test_a_route_takes_every_method() -> None:
    assert [matched("/willow/home", method)[0] for method in ("HEAD", "DELETE", "BREW")] == ["ANY /{practice}/home"] * 3


def test_what_the_path_names_is_decoded() -> None:
    assert matched("/willow/link/a%20%2F%C3%A9") == (
        "ANY /{practice}/link/{token}",
        {"practice": "willow", "token": "a /é"},
    )


def test_the_path_comes_decoded_and_the_query_as_it_was() -> None:
    event = seen("/will%6Fw?a=1&a=2&b=%20")

    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == ("/willow", "/willow")
    assert event["rawQueryString"] == "a=1&a=2&b=%20"
    assert event["queryStringParameters"] == {"a": "1,2", "b": " "}


def test_a_form_comes_in_base64() -> None:
    event = seen(headers={"Content-Type": "application/x-www-form-urlencoded"}, body=b"email=a")

    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, b"email=a")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "text/plain", "Text/HTML"])
def test_text_and_json_come_as_they_are(kind: str) -> None:
    event = seen(headers={"Content-Type": kind}, body=b'"\xc3\xa9"')

    assert (event["isBase64Encoded"], event["body"]) == (False, '"é"')


def test_a_body_that_is_not_valid_text_comes_in_base64() -> None:
    assert seen(headers={"Content-Type": "text/plain"}, body=b"\xff")["isBase64Encoded"]


def test_a_request_without_a_body_has_none() -> None:
    event = seen()

    assert "body" not in event
    assert not event["isBase64Encoded"]


def test_cookies_are_a_list_and_no_header() -> None:
    event = seen(headers={"Cookie": "a=1; b=2;", "cookie": "a=3"})

    assert event["cookies"] == ["a=1", "b=2", "a=3"]
    assert "cookie" not in event["headers"]


def test_only_blanks_and_tabs_around_a_cookie_are_trimmed() -> None:
    event = seen(headers={"Cookie": " a=1;\tb=2 ;\x0bc=3;\xa0d=4"})

    assert event["cookies"] == ["a=1", "b=2", "\x0bc=3", "\xa0d=4"]


@pytest.mark.parametrize("end", ["/", "/willow", "?", "#", "//"])
def test_an_origin_that_no_browser_sends_is_not_mistaken_for_the_portals(end: str) -> None:
    origin = f"http://127.0.0.1:8000{end}"
    incoming = Incoming("POST", "/", ((b"Host", b"localhost:8000"), (b"Origin", origin.encode())), b"", "127.0.0.1")
    event = gateway.event(incoming, Match(ROUTES[0], {}), NOON, "http://localhost:8000")

    assert event["headers"]["origin"] == origin


def test_header_names_are_lower_case_and_a_header_sent_twice_is_joined() -> None:
    event = seen(headers={"X-One": "a", "x-one": "b", "Odd": "\xe9"})

    assert (event["headers"]["x-one"], event["headers"]["odd"]) == ("a,b", "é")


def test_the_source_is_the_other_end_of_the_connection_whatever_is_claimed() -> None:
    event = seen(headers={"X-Forwarded-For": "203.0.113.9"})

    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert event["headers"]["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"


def test_one_machine_can_come_from_another_address() -> None:
    event = seen(headers={"X-Local-Source-Ip": "2001:db8::1"})

    assert event["requestContext"]["http"]["sourceIp"] == "2001:db8::1"
    assert "x-local-source-ip" not in event["headers"]


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST", "a.localhost:1"])
def test_every_name_of_this_machine_is_the_portals(host: str) -> None:
    assert seen(headers={"Host": host})["headers"]["host"].endswith(host)
    incoming = Incoming("GET", "/", ((b"Host", host.encode()),), b"", "127.0.0.1")
    event = gateway.event(incoming, Match(ROUTES[0], {}), NOON, "http://localhost:8000")

    assert event["requestContext"]["domainName"] == "localhost"


@pytest.mark.parametrize(("host", "name"), [("evil.example", "evil.example"), ("localhost.evil.example:8000",) * 2])
def test_any_other_host_stays_as_it_is(host: str, name: str) -> None:
    incoming = Incoming("GET", "/", ((b"Host", host.encode()),), b"", "127.0.0.1")
    event = gateway.event(incoming, Match(ROUTES[0], {}), NOON, "http://localhost:8000")

    assert event["requestContext"]["domainName"] == name.partition(":")[0]


def test_the_clock_is_the_services_in_milliseconds() -> None:
    context = seen()["requestContext"]

    assert (context["timeEpoch"], context["time"]) == (1772366400250, "01/Mar/2026:12:00:00 +0000")


def test_an_answer_keeps_status_headers_and_each_cookie() -> None:
    answer = {"statusCode": 303, "headers": {"location": "/willow/home"}, "cookies": ["a=1; Path=/", "b=2"]}
    response = gateway.response(json.dumps(answer).encode())

    assert (response.status, response.headers["Location"], response.body) == (303, "/willow/home", b"")
    assert response.headers.getall("Set-Cookie") == ["a=1; Path=/", "b=2"]


def test_an_answer_in_base64_is_decoded() -> None:
    answer = {"statusCode": 200, "body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True}

    assert gateway.response(json.dumps(answer).encode()).body == b"\xff"


def test_an_answer_without_a_status_is_a_document() -> None:
    response = gateway.response(b'{"isAuthorized": false}')

    assert (response.status, response.content_type) == (200, "application/json")
