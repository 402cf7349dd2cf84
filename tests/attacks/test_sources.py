"""The source of a request is what API Gateway or CloudFront says. Headers that the sender can set do not change it."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.kit import gateway_events
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal

FORM = {"host": urlsplit(ORIGIN).netloc, "content-type": "application/x-www-form-urlencoded", "origin": ORIGIN}


def ask(portal: Portal, number: int, **http: Any) -> int:
    """Return the status of a request for a link at Harbor. `http` replaces fields of `requestContext.http`."""
    body = f"email=guess{number}%40example.com".encode()
    event = gateway_events.event(
        gateway_events.Sent("POST", "/harbor/sign-in", FORM, body, "203.0.113.9"), portal.now * 1000
    )
    seen = event["requestContext"]["http"] | http
    event["requestContext"]["http"] = {name: value for name, value in seen.items() if value is not None}
    return portal.respond("RequestLink", event).status


@pytest.mark.parametrize(
    "header",
    [
        *("X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP"),
        *("CloudFront-Viewer-Address", "X-Source-Ip", "X-Local-Source-Ip"),
    ],
)
def test_a_header_moves_nobody_elsewhere(portal: Portal, header: str) -> None:
    def spoofed(number: int) -> int:
        browser = portal.browser("203.0.113.9", **{header: f"for=198.51.100.{number}"[4 * (header != "Forwarded") :]})
        return browser.request_link(f"guess{number}@example.com", "harbor").status

    assert [spoofed(number) for number in range(11)] == [303] * 10 + [429]


def test_a_header_puts_nobody_else_to_blame(portal: Portal) -> None:
    for number in range(11):
        browser = portal.browser("203.0.113.9", x_forwarded_for="203.0.113.10")
        browser.request_link(f"guess{number}@example.com", "harbor")

    assert portal.browser("203.0.113.10").request_link("ana@example.com", "harbor").status == 303


def test_one_address_is_one_however_it_is_spelled(portal: Portal) -> None:
    spellings = ["203.0.113.9", "::ffff:203.0.113.9", "::FFFF:cb00:7109", "0:0:0:0:0:ffff:203.0.113.9"]
    spellings += ["2001:db8:9::1", "2001:0DB8:0009:0:0:0:0:0001", "2001:db8:9:0:ffff::"]
    tries = [ask(portal, number, sourceIp=spellings[number % 4]) for number in range(11)]
    tries += [ask(portal, number, sourceIp=spellings[4 + number % 3]) for number in range(11)]

    assert tries == ([303] * 10 + [429]) * 2


def test_sources_that_cannot_be_read_share_one_rate_limit(portal: Portal) -> None:
    """A source that cannot be read never removes the limit."""
    nowhere = [
        None,
        "",
        "unknown",
        "203.0.113.9, 198.51.100.1",
        "203.0.113.9:443",
        "203.0.113.09",
        "203.0.113.0/24",
        " ",
    ]
    tries = [ask(portal, number, sourceIp=nowhere[number % len(nowhere)]) for number in range(11)]

    assert tries == [303] * 10 + [429]
    assert ask(portal, 99) == 303, "it is nobody else's"


# ── behind CloudFront ──

EDGE = "198.18.0.1"
"""The source that API Gateway sees for every request that comes through CloudFront."""


@pytest.fixture
def behind_cloudfront(portal: Portal) -> Portal:
    """Return a portal whose CloudFront secret is being changed. It accepts the old and the new value."""
    portal.parameters["CloudFrontDigests"] = ",".join(hashlib.sha256(shown).hexdigest() for shown in (b"old", b"new"))
    return portal


@pytest.mark.parametrize("shown", ["old", "new"])
@pytest.mark.parametrize(
    "viewers", [("203.0.113.9:443", "203.0.113.10:443"), ("2001:db8:9::1:443", "2001:db8:8::1:443")]
)
def test_behind_cloudfront_each_viewer_has_a_rate_limit(
    behind_cloudfront: Portal, shown: str, viewers: tuple[str, str]
) -> None:
    def tries(viewer: str) -> list[int]:
        browser = behind_cloudfront.browser(EDGE, x_origin_verify=shown, cloudfront_viewer_address=viewer)
        return [browser.request_link(f"guess{number}@example.com", "harbor").status for number in range(11)]

    assert tries(viewers[0]) == tries(viewers[1]) == [303] * 10 + [429]


@pytest.mark.parametrize("shown", [None, "", "older", "\ud83d"])
def test_nobody_comes_around_cloudfront(behind_cloudfront: Portal, shown: str | None) -> None:
    says = {} if shown is None else {"x_origin_verify": shown}
    browser = behind_cloudfront.browser(EDGE, cloudfront_viewer_address="203.0.113.9:443", **says)

    assert browser.get("/willow/sign-in").status == 403
    assert browser.request_link("ana@example.com").status == 403
    assert behind_cloudfront.app(EDGE, **says).get("/willow/session").code == "detoured"
    assert behind_cloudfront.deliver() == 0


def test_without_a_viewer_address_from_cloudfront_all_share_one_rate_limit(behind_cloudfront: Portal) -> None:
    def ask_by(number: int) -> int:
        browser = behind_cloudfront.browser(f"198.18.0.{number}", x_origin_verify="new")
        return browser.request_link(f"guess{number}@example.com", "harbor").status

    assert [ask_by(number) for number in range(11)] == [303] * 10 + [429]
