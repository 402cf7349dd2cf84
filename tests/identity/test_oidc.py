"""Tests of forged ID tokens. Each has one wrong field, and all others are right."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.identity.fake_provider import CLIENT, FIRST, MARIA, MISSING, SECOND, FakeProvider, hs256, jwk, pem, rs256
from tests.identity.provider_portal import FAILED, ProviderBrowser, is_refused

MODULUS = jwk("", FIRST)["n"].encode()

FORGED: dict[str, dict[str, Any]] = {
    "issuer of another": {"iss": "https://evil.example"},
    "issuer Google itself": {"iss": "https://accounts.google.com"},
    "issuer with a slash": {"iss": "http://127.0.0.1/"},
    "issuer a list": {"iss": ["http://127.0.0.1"]},
    "issuer empty": {"iss": ""},
    "issuer missing": {"iss": MISSING},
    "audience another": {"aud": "other.apps.example"},
    "audience longer": {"aud": f"{CLIENT}.evil"},
    "audience others": {"aud": ["other.apps.example"]},
    "audience one of several": {"aud": [CLIENT, "other.apps.example"]},
    "audience nobody": {"aud": []},
    "audience an object": {"aud": {CLIENT: True}},
    "audience null": {"aud": None},
    "audience missing": {"aud": MISSING},
    "party another": {"azp": "other.apps.example"},
    "party null": {"azp": None},
    "party a list": {"azp": [CLIENT]},
    "nonce another": {"nonce": "x" * 43},
    "nonce empty": {"nonce": ""},
    "nonce null": {"nonce": None},
    "nonce a list": {"nonce": ["x"]},
    "nonce a number": {"nonce": 0},
    "nonce half a character": {"nonce": "\ud800"},
    "nonce missing": {"nonce": MISSING},
    "expired": {"exp": lambda now: now - 60},
    "expired long ago": {"exp": 0, "iat": 0},
    "expires as a text": {"exp": lambda now: str(now + 3600)},
    "expires never": {"exp": float("inf")},
    "expires at no number": {"exp": float("nan")},
    "expires in another age": {"exp": 10**400},
    "expires truly": {"exp": True},
    "expires null": {"exp": None},
    "expires missing": {"exp": MISSING},
    "issued in the future": {"iat": lambda now: now + 60},
    "issued at no number": {"iat": float("nan")},
    "issued before everything": {"iat": float("-inf")},
    "issued as a text": {"iat": "now"},
    "issued missing": {"iat": MISSING},
    "valid later": {"nbf": lambda now: now + 3600},
    "valid as a text": {"nbf": "0"},
    "subject missing": {"sub": MISSING},
    "subject empty": {"sub": ""},
    "subject too long": {"sub": "1" * 256},
    "subject a number": {"sub": int(MARIA)},
    "subject null": {"sub": None},
    "subject a list": {"sub": [MARIA]},
    "subject not ASCII": {"sub": "\uff11\uff12\uff13"},
    "subject half a character": {"sub": "\ud800"},
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_claim_opens_nothing(guest: ProviderBrowser, google: FakeProvider, forged: str) -> None:
    google.claims |= FORGED[forged]
    assert is_refused(guest.sign_in_with_google(), FAILED)
    assert not guest.is_signed_in()
    assert len(google.exchanges) == 1


TRUE: dict[str, dict[str, Any]] = {
    "audience a list of one": {"aud": [CLIENT]},
    "party missing": {"azp": MISSING},
    "issued by a clock ahead": {"iat": lambda now: now + 5},
    "expired by a clock behind": {"exp": lambda now: now - 5},
    "times with fractions": {"iat": lambda now: now - 0.5, "exp": lambda now: now + 0.5},
    "valid since a while": {"nbf": lambda now: now - 300},
    "subject as long as can be": {"sub": "1" * 255},
    "claims that nobody knows": {"jti": "x", "locale": "es", "picture": "https://example.com/x", "hd": None},
}


@pytest.mark.parametrize("true", TRUE)
def test_other_valid_forms_of_claims_are_accepted(guest: ProviderBrowser, google: FakeProvider, true: str) -> None:
    google.claims |= TRUE[true]
    assert guest.sign_in_with_google().status == 303


def none(_: bytes) -> bytes:
    """Return an empty signature."""
    return b""


HEADERS: dict[str, tuple[dict[str, Any], Callable[[bytes], bytes]]] = {
    "signed by another key": ({}, rs256(SECOND)),
    "signed by nobody": ({}, none),
    "signed with zeros": ({}, lambda _: bytes(256)),
    "algorithm none": ({"alg": "none"}, none),
    "algorithm None": ({"alg": "None"}, none),
    "algorithm missing": ({"alg": MISSING}, rs256(FIRST)),
    "algorithm null": ({"alg": None}, rs256(FIRST)),
    "algorithm a list": ({"alg": ["RS256"]}, rs256(FIRST)),
    "algorithm unknown": ({"alg": "XX256"}, rs256(FIRST)),
    "algorithm for other keys": ({"alg": "ES256"}, rs256(FIRST)),
    "the public key as a secret": ({"alg": "HS256"}, hs256(pem(FIRST))),
    "the modulus as a secret": ({"alg": "HS256"}, hs256(MODULUS)),
    "key unknown": ({"kid": "third"}, rs256(FIRST)),
    "key another of theirs": ({"kid": "second"}, rs256(FIRST)),
    "key a list": ({"kid": ["first"]}, rs256(FIRST)),
    "key an object": ({"kid": {"first": 1}}, rs256(FIRST)),
    "key of somewhere": ({"kid": "../first", "jku": "https://evil.example/keys"}, rs256(FIRST)),
    "key in the token": ({"kid": "mine", "jwk": jwk("mine", SECOND)}, rs256(SECOND)),
    "key missing and another's": (
        {"kid": MISSING},
        lambda signed: rs256(SECOND)(signed)[::-1],
    ),
}


@pytest.mark.parametrize("forged", HEADERS)
def test_a_forged_signature_opens_nothing(guest: ProviderBrowser, google: FakeProvider, forged: str) -> None:
    google.header, google.sign = HEADERS[forged]
    assert is_refused(guest.sign_in_with_google(), FAILED)
    assert not guest.is_signed_in()


def test_a_token_that_names_no_key_is_good_if_one_of_them_signed_it(
    guest: ProviderBrowser, google: FakeProvider
) -> None:
    """RFC 7515, section 4.1.4: the name of the key is a hint."""
    google.header = {"kid": MISSING}
    assert guest.sign_in_with_google().status == 303


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "..",
        "a.b.c",
        "e30.e30.",
        "e30.e30.e30.e30",
        "e30.W10.",
        "W10.e30.",
        "é.é.é",
        7,
        None,
        ["e30.e30."],
        {"token": "e30.e30."},
        "\ud800.e30.",
        f"{'W1tb' * 9000}.e30.",
    ],
    ids=lambda token: ascii(token)[:20],
)
def test_what_is_no_token_at_all_opens_nothing(guest: ProviderBrowser, google: FakeProvider, token: object) -> None:
    google.at_token = lambda conversation: conversation.tell({"id_token": token})
    assert is_refused(guest.sign_in_with_google(), FAILED)
