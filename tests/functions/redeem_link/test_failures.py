"""Tests of forms that cannot be read and of outages: no link is consumed in vain."""

import pytest

from latchkey.store import practices
from tests.functions.redeem_link.stored_sessions import sessions_of
from tests.kit import caches
from tests.kit.aws_faults import LOST, SLOW, Fault
from tests.kit.browser import Browser
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"origin": "https://evil.example"},
        {"origin": "https://portal.example.com.evil.example"},
        {"origin": "http://portal.example.com"},
        {"origin": "https://portal.example.com:8443"},
        {"origin": "https://portal.example.com,https://portal.example.com"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "", "sec-fetch-site": ""},
    ],
    ids=str,
)
def test_a_form_from_a_foreign_page_consumes_no_link(
    another: Browser, portal: Portal, path: str, headers: dict[str, str]
) -> None:
    before = portal.at_rest()

    answer = another.send(
        "POST", path, {"origin": "https://portal.example.com", "sec-fetch-site": "same-origin"} | headers
    )

    assert answer.status == 403
    assert answer.cookies == ()
    assert portal.at_rest() == before
    assert another.post(path).location == "/willow/home"


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/plain", b"switch=yes"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/x-www-form-urlencoded", b"switch=yes&switch=no"),
        ("application/x-www-form-urlencoded", b"switch=%FF"),
        ("application/json", b"{"),
        ("application/json", b'{"switch": ["yes"]}'),
    ],
)
def test_an_unreadable_form_consumes_no_link(
    another: Browser, portal: Portal, path: str, media: str, body: bytes
) -> None:
    answer = another.send(
        "POST", path, {"origin": ORIGIN, "sec-fetch-site": "same-origin", "content-type": media}, body
    )

    assert answer.status == 400
    assert sessions_of(portal) == 0
    assert another.post(path).location == "/willow/home"


@pytest.mark.parametrize("media", ["", "application/x-www-form-urlencoded", "application/json"])
def test_a_press_without_a_body_is_a_press(another: Browser, path: str, media: str) -> None:
    says = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "content-type": media}

    assert another.send("POST", path, says).location == "/willow/home"


def test_with_too_little_time_left_nothing_is_consumed(browser: Browser, portal: Portal, path: str) -> None:
    """If Lambda ends the function in the middle, the link must still be valid."""
    portal.milliseconds = 4_999
    answer = browser.get(path)
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"

    portal.milliseconds = 5_000
    assert browser.get(path).location == "/willow/home"


@pytest.mark.parametrize("operation", ["TransactWriteItems", "BatchGetItem", "GetItem"])
def test_when_the_store_does_not_answer_nothing_is_consumed(
    browser: Browser, portal: Portal, path: str, operation: str
) -> None:
    # the function has not cached the practice
    caches.empty(practices)
    portal.aws.refuse(operation, "InternalServerError", times=2)
    answer = browser.get(path)
    assert answer.status == 503
    assert "InternalServerError" not in answer.body
    assert answer.cookies == ()

    portal.aws.refuse(operation, "", times=0)
    assert browser.get(path).location == "/willow/home"


def test_a_sign_in_with_a_lost_response_keeps_its_session(browser: Browser, portal: Portal, path: str) -> None:
    portal.aws.drop_response("TransactWriteItems")

    assert browser.get(path).location == "/willow/home"
    assert browser.is_signed_in()
    assert sessions_of(portal) == 1


@pytest.mark.parametrize("last", [LOST, SLOW], ids=["done", "not done"])
def test_a_session_check_that_fails_is_no_dead_end(browser: Browser, portal: Portal, path: str, last: Fault) -> None:
    """Neither the commit nor any read after it gets a response."""
    heard: list[str] = []

    def cut_off(operation: str, _call: int) -> Fault | None:
        heard.append(operation)
        return last if operation == "TransactWriteItems" else SLOW if "TransactWriteItems" in heard else None

    with portal.aws.injecting(cut_off, lambda _seconds: None):
        answer = browser.get(path)
    assert answer.status == 503
    assert browser.is_signed_in() == (last is LOST)

    assert browser.get(path).location == "/willow/home"
    assert browser.is_signed_in()
    assert sessions_of(portal) == 1


def test_without_the_key_nobody_is_let_in_and_nothing_learns(portal: Portal, path: str) -> None:
    portal.start_cold()
    portal.aws.refuse("GetSecretValue", "AccessDeniedException", times=10)

    answer = portal.browser().post(path)

    assert answer.status == 503
    assert "Secret" not in answer.body
    portal.aws.refuse("GetSecretValue", "", times=0)
    assert portal.browser().post(path).status == 303
