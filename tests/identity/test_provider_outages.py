"""Tests of sign-in while Google is slow, broken or unreachable, or sends invalid responses."""

import time

import pytest

from tests.identity.fake_provider import FIRST, FakeProvider, FakeProviderHandler, Reply, jwk, pem
from tests.identity.provider_portal import FAILED, ProviderBrowser, is_refused

PATIENCE_SECONDS = 6
"""Longest time that a person may wait, in seconds."""
HTML = b"<!doctype html><title>Sorry</title><h1>502. That is an error.</h1>"


def silent(conversation: FakeProviderHandler) -> None:
    """Send nothing for 12 seconds, longer than a function may run."""
    conversation.say_nothing()


def dripping_head(conversation: FakeProviderHandler) -> None:
    """Send the headers one byte at a time, each before a read timeout."""
    conversation.drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", 0.2)


def dripping_body(conversation: FakeProviderHandler) -> None:
    """Send the body one byte at a time."""
    conversation.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n", b" ", 0.2)


def dripping_chunks(conversation: FakeProviderHandler) -> None:
    """Send one chunk at a time, without end."""
    conversation.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.2)


def continuing(conversation: FakeProviderHandler) -> None:
    """Send `100 Continue` again and again."""
    conversation.drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.2)


def hanging_up(conversation: FakeProviderHandler) -> None:
    """Close the connection without a response."""
    conversation.close_connection = True


def cut_off(conversation: FakeProviderHandler) -> None:
    """Close the connection in the middle of the body."""
    conversation.say(200, b'{"keys":', content_length="4096", connection="close")
    conversation.close_connection = True


def no_http(conversation: FakeProviderHandler) -> None:
    """Send a greeting of another protocol than HTTP."""
    conversation.wfile.write(b"220 smtp.example ESMTP\r\n")
    conversation.close_connection = True


BROKEN: dict[str, Reply] = {
    "400": lambda it: it.tell({"error": "invalid_grant"}, 400),
    "401": lambda it: it.tell({"error": "invalid_client"}, 401),
    "403": lambda it: it.say(403, HTML, content_type="text/html"),
    "404": lambda it: it.say(404),
    "429": lambda it: it.tell({"error": "slow_down"}, 429, retry_after="60"),
    "500": lambda it: it.say(500, HTML, content_type="text/html"),
    "503": lambda it: it.say(503, HTML, content_type="text/html"),
    "204": lambda it: it.say(204),
    "redirect": lambda it: it.say(302, location="/certs"),
    "redirect for good": lambda it: it.say(308, location="/token"),
    "HTML": lambda it: it.say(200, HTML, content_type="text/html"),
    "empty": lambda it: it.say(200),
    "not UTF-8": lambda it: it.say(200, b'{"\xff": 1}'),
    "a list": lambda it: it.tell([]),
    "null": lambda it: it.tell(None),
    "a number too long": lambda it: it.say(200, b"9" * 5000),
    "an empty object": lambda it: it.tell({}),
    "an error that looks well": lambda it: it.tell({"error": "server_error"}),
    "nested without end": lambda it: it.say(200, b"[" * 60_000),
    "huge": lambda it: it.say(200, b'{"id_token": "' + b"x" * 3_000_000 + b'"}'),
    "a length that is none": lambda it: it.say(200, b"{}", content_length="many", connection="close"),
    "zipped, it says": lambda it: it.say(200, b"{}", content_encoding="gzip"),
    "a head too long": lambda it: it.say(200, b"{}", x_long="x" * 70_000),
    "hanging up": hanging_up,
    "cut off": cut_off,
    "no HTTP": no_http,
}

KEYLESS: dict[str, Reply] = {
    "no keys": lambda it: it.tell({"keys": []}),
    "keys null": lambda it: it.tell({"keys": None}),
    "keys a text": lambda it: it.tell({"keys": "none"}),
    "keys of texts": lambda it: it.tell({"keys": ["first"]}),
    "a key without numbers": lambda it: it.tell({"keys": [{"kty": "RSA", "kid": "first"}]}),
    "a key of numbers": lambda it: it.tell({"keys": [jwk("first", FIRST) | {"n": 7}]}),
    "a key too small": lambda it: it.tell({"keys": [jwk("first", FIRST) | {"n": "Aw", "e": "AQ"}]}),
    "a key for secrets": lambda it: it.tell({"keys": [jwk("first", FIRST) | {"use": "enc"}]}),
    "a key of another kind": lambda it: it.tell({"keys": [jwk("first", FIRST) | {"kty": "oct"}]}),
    "a certificate that is none": lambda it: it.tell({"first": "-----BEGIN CERTIFICATE-----\nx\n"}),
    "a certificate of a number": lambda it: it.tell({"first": 7}),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_token_endpoint_that_is_not_well_ends_on_the_page(
    guest: ProviderBrowser, google: FakeProvider, broken: str
) -> None:
    google.at_token = BROKEN[broken]
    assert is_refused(guest.sign_in_with_google(), FAILED)
    assert len(google.exchanges) == 1


@pytest.mark.parametrize("broken", BROKEN | KEYLESS)
def test_certificates_that_are_not_well_end_on_the_page(
    guest: ProviderBrowser, google: FakeProvider, broken: str
) -> None:
    google.at_keys = (BROKEN | KEYLESS)[broken]
    assert is_refused(guest.sign_in_with_google(), FAILED)
    assert google.keys_fetched == 1


@pytest.mark.parametrize("slow", [silent, dripping_head, dripping_chunks, continuing])
def test_nobody_waits_for_a_slow_token_endpoint(guest: ProviderBrowser, google: FakeProvider, slow: Reply) -> None:
    google.at_token = slow
    begun = time.monotonic()
    assert is_refused(guest.sign_in_with_google(), FAILED)
    assert time.monotonic() - begun < PATIENCE_SECONDS


@pytest.mark.parametrize("slow", [silent, dripping_body])
def test_nobody_waits_for_slow_certificates(guest: ProviderBrowser, google: FakeProvider, slow: Reply) -> None:
    google.at_keys = slow
    begun = time.monotonic()
    assert is_refused(guest.sign_in_with_google(), FAILED)
    assert time.monotonic() - begun < PATIENCE_SECONDS


def test_nobody_waits_longer_if_both_are_slow(guest: ProviderBrowser, google: FakeProvider) -> None:
    def late(conversation: FakeProviderHandler) -> None:
        time.sleep(2)
        conversation.tell({"id_token": google.token(google.authorize_requests[-1]["nonce"][0])})

    google.at_token, google.at_keys = late, silent
    begun = time.monotonic()
    assert is_refused(guest.sign_in_with_google(), FAILED)
    assert time.monotonic() - begun < PATIENCE_SECONDS


def test_after_a_failure_the_next_try_works(guest: ProviderBrowser, google: FakeProvider) -> None:
    google.at_token = BROKEN["500"]
    is_refused(guest.sign_in_with_google())
    google.at_token = None
    assert guest.sign_in_with_google().status == 303


def test_keys_may_come_as_googles_own_map(guest: ProviderBrowser, google: FakeProvider) -> None:
    google.keys = {"first": pem(FIRST).decode()}
    assert guest.sign_in_with_google().status == 303


def test_a_key_that_nobody_understands_does_not_spoil_the_others(guest: ProviderBrowser, google: FakeProvider) -> None:
    """RFC 7517, section 5"""
    odd = [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "kid": "odd"}, {"kty": "RSA", "kid": "bare"}, {}]
    google.keys = {"keys": [*odd, jwk("tiny", FIRST) | {"n": "Aw", "e": "Ag"}, jwk("first", FIRST)]}
    assert guest.sign_in_with_google().status == 303


def test_error_texts_of_google_are_not_shown(guest: ProviderBrowser, google: FakeProvider) -> None:
    google.at_token = lambda it: it.tell({"error": "invalid_grant", "error_description": "for maria <b>x"}, 400)
    assert "maria" not in guest.sign_in_with_google().body
