"""Tests that no stored or logged data of a sign-in could be used for another one."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import quote

import requests

from tests.kit.browser import Browser
from tests.kit.live_portal import LivePortal

ANA = "ana@example.com"
SECRET_AT = 33
"""Index of the secret's first byte in a link's token."""


def spellings(secret: bytes) -> Iterator[str]:
    """Yield encodings in which these bytes might be stored."""
    yield base64.urlsafe_b64encode(secret).decode().rstrip("=")
    yield base64.b64encode(secret).decode().rstrip("=")
    yield secret.hex()


def digests(text: str) -> Iterator[str]:
    """Yield digests that anyone could compute from an address."""
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        yield from spellings(hashlib.new(algorithm, text.encode()).digest())


def raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def journey(live_portal: LivePortal) -> tuple[str, list[str], Browser]:
    """Ask for a link and sign in by it. Return the token, the values of all cookies that were set, and the browser."""
    browser = live_portal.browser()
    handed = []
    answers = [browser.request_link(ANA)]
    link = live_portal.letter(ANA)["url"].partition("?")[0]
    answers += [live_portal.browser().get(link), browser.get(link)]
    for answer in answers:
        handed += [value for value in answer.cookie_values.values() if len(value) > 1]
    browser.get("/willow/home")
    return link.rpartition("/")[2], handed, browser


def test_no_table_and_no_queue_holds_a_secret_before_or_after_the_link_is_opened(live_portal: LivePortal) -> None:
    token, cookies, _ = journey(live_portal)
    live_portal.wait(61)
    waiting = live_portal.link(ANA).rpartition("/")[2]
    session = next(raw(cookie) for cookie in cookies if len(cookie) == 64)
    stored = json.dumps(live_portal.portal.at_rest())

    for text in (token, waiting, *cookies):
        assert text not in stored
    for secret in (raw(token)[SECRET_AT:], raw(waiting)[SECRET_AT:], session[16:]):
        for spelled in spellings(secret):
            assert spelled not in stored


def test_a_job_that_waits_to_be_mailed_holds_no_secret_and_no_address(live_portal: LivePortal) -> None:
    with watched_queues(live_portal) as seen:
        token = live_portal.link(ANA).rpartition("/")[2]

    assert any("/MailQueue" in url and "willow" in message for url, message in seen)
    assert not [text for text in (token, *spellings(raw(token)[SECRET_AT:]), ANA) if text in str(seen)]


@contextmanager
def watched_queues(live_portal: LivePortal) -> Iterator[set[tuple[str, str]]]:
    """Yield a set that gets each message of all queues, with its queue. A mail job is in its queue for milliseconds."""
    address = f"{live_portal.portal.address.endpoint}/_ministack/sqs/messages"
    seen: set[tuple[str, str]] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            for regions in requests.get(address, timeout=10).json()["messages"].values():
                for queues in regions.values():
                    seen.update((url, json.dumps(message)) for url, found in queues.items() for message in found)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            yield seen
        finally:
            ended.set()
            watching.result()


def test_no_key_of_any_table_tells_an_address_or_could_be_made_from_one(live_portal: LivePortal) -> None:
    journey(live_portal)
    live_portal.browser().request_link("eve@example.com")
    dynamodb = live_portal.portal.address.client("dynamodb")
    keys = ""
    for table, items in live_portal.at_rest().items():
        schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
        keys += json.dumps([[item[key["AttributeName"]] for key in schema] for item in items])
    source = "198.18."

    assert "@" not in keys
    assert source not in keys
    for address in (ANA, "eve@example.com"):
        for guess in (address, f"willow{address}", f"willow:{address}", f"willow/{address}", f"willow#{address}"):
            for digest in digests(guess):
                assert digest[:22] not in keys


def test_an_address_that_is_not_on_file_is_stored_nowhere(live_portal: LivePortal) -> None:
    live_portal.browser().request_link("stranger.danger@example.org")
    live_portal.browser().request_link("stranger.danger@example.org", "harbor")
    live_portal.settle()

    assert "stranger" not in json.dumps(live_portal.portal.at_rest())


def test_no_log_holds_a_token_a_cookie_an_address_or_a_name(live_portal: LivePortal) -> None:
    token, cookies, browser = journey(live_portal)
    browser.request_link("Stranger.Danger@example.org")
    browser.post("/willow/pin", {"email": ANA, "pin": "314159"})
    live_portal.app().post(f"/willow/link/{token[:-4]}beef")
    browser.post("/willow/sign-in?email=query@example.com", {"email": "not an address"})
    live_portal.settle()
    logs = {file.name: file.read_text() for file in live_portal.portal.logs.iterdir()}
    written = "".join(logs.values())

    assert {"RequestLink.log", "RedeemLink.log", "Session.log", "SendMail.log"} <= {
        n for n, text in logs.items() if text
    }
    for secret in (token, *spellings(raw(token)[SECRET_AT:]), *cookies, token[:-4], "314159"):
        assert secret not in written
    for person in ("@example", quote(ANA), "Ana Reyes", "tranger", "Mozilla", "198.18."):
        assert person not in written
    assert "/link/{token}" in logs["RedeemLink.log"]


def test_what_happened_is_written_down_without_anything_personal(live_portal: LivePortal) -> None:
    (account,) = live_portal.items("Accounts", practice="willow", address=ANA)
    subject = f"willow#{account['key']}"
    before = {event["id"] for event in live_portal.items("Events", subject=subject)}
    _, _, browser = journey(live_portal)
    browser.post("/willow/sign-out")
    live_portal.settle()
    events = [event for event in live_portal.items("Events", subject=subject) if event["id"] not in before]
    kinds = [event["kind"] for event in sorted(events, key=lambda event: event["id"])]

    assert kinds == ["link_requested", "link_sent", "session_started", "session_ended"]
    assert "@" not in json.dumps(events)
    assert "Ana" not in json.dumps(events)
