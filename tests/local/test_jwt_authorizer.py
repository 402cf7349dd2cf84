"""Tests of the local JWT authorizer: accepted and refused tokens, and the claims that the function gets."""

import asyncio
import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from local.gateway import Incoming
from local.jwt_authorizer import Denied, JwtAuthorizer
from local.sam_template import Authorizer, Route

ISSUER = "https://issuer.example/pool"
AUTHORIZER = Authorizer(ISSUER, ("desk", "tablet"), "authorization")
ROUTE = Route("ANY /admin", "Admin", AUTHORIZER, ("latchkey/admin", "latchkey/all"))
CLAIMS = {"iss": ISSUER, "client_id": "desk", "sub": "dr", "scope": "openid latchkey/admin", "token_use": "access"}


class Issuer:
    """An issuer with keys, and a server that publishes them."""

    def __init__(self) -> None:
        self.keys = [_key("first")]
        self.reads = 0
        self.url = ""

    def token(self, key: RSAKey | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a token that is valid now. Claims with the value None are left out."""
        now = int(time.time())
        fields = CLAIMS | {"iat": now, "exp": now + 60} | claims
        signed_by = key or self.keys[-1]
        named = {"alg": "RS256", "kid": signed_by.kid} | (header or {})
        stored = {name: value for name, value in fields.items() if value is not None}
        return jwt.encode(named, stored, signed_by, [named["alg"]])


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()

    class Documents(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.reads += 1
            keys = KeySet([*made.keys]).as_dict(private=False)
            document = {"jwks_uri": f"{made.url}/keys"} if self.path.endswith("openid-configuration") else keys
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Documents) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture
def gate(issuer: Issuer) -> JwtAuthorizer:
    return JwtAuthorizer({ISSUER: issuer.url})


def request(gate: JwtAuthorizer, *values: str, route: Route = ROUTE) -> Any:
    """Return the authorizer's result for a request with these `Authorization` headers."""
    headers = tuple((b"Authorization", value.encode()) for value in values)
    return asyncio.run(gate.authorize(route, Incoming("GET", "/admin", headers, b"", "127.0.0.1")))


def refused(gate: JwtAuthorizer, *values: str) -> tuple[int, str, str]:
    with pytest.raises(Denied) as denied:
        request(gate, *values)
    return denied.value.status, denied.value.message, denied.value.challenge


def test_a_route_without_an_authorizer_asks_for_nothing(gate: JwtAuthorizer) -> None:
    assert request(gate, route=Route("$default", "Session")) is None


def test_the_function_learns_every_claim_as_text(gate: JwtAuthorizer, issuer: Issuer) -> None:
    token = issuer.token(groups=["a", "b"], verified=True)
    fields = request(gate, f"Bearer {token}")["jwt"]

    assert fields["scopes"] == ["latchkey/admin"]
    assert {name: fields["claims"][name] for name in ("sub", "groups", "verified")} == {
        "sub": "dr",
        "groups": "[a b]",
        "verified": "true",
    }
    assert fields["claims"]["exp"].isdecimal()


@pytest.mark.parametrize("word", ["Bearer ", "bearer ", ""])
def test_the_word_before_the_token_may_be_left_out(gate: JwtAuthorizer, issuer: Issuer, word: str) -> None:
    assert request(gate, word + issuer.token())["jwt"]["claims"]["sub"] == "dr"


@pytest.mark.parametrize(
    "claims", [{"aud": "tablet"}, {"aud": ["other", "desk"]}, {"scope": None, "scp": ["latchkey/all"]}]
)
def test_audience_and_scope_have_two_names_each(gate: JwtAuthorizer, issuer: Issuer, claims: dict[str, Any]) -> None:
    assert request(gate, issuer.token(**claims))


def test_without_a_token_the_response_only_asks_for_one(gate: JwtAuthorizer) -> None:
    assert refused(gate) == refused(gate, "") == refused(gate, "Bearer ") == (401, "Unauthorized", "Bearer")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": 9_999_999_999},
        {"iat": 9_999_999_999},
        {"iss": "https://issuer.example/other"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"client_id": "another"},
        {"client_id": None},
        {"aud": "another"},
        {"aud": []},
    ],
)
def test_a_token_that_is_not_for_us_or_not_for_now_is_refused(
    gate: JwtAuthorizer, issuer: Issuer, claims: dict[str, Any]
) -> None:
    status, message, challenge = refused(gate, f"Bearer {issuer.token(**claims)}")

    assert (status, message) == (401, "Unauthorized")
    assert 'error="invalid_token"' in challenge


def test_a_token_of_another_key_is_refused_whatever_it_calls_its_key(gate: JwtAuthorizer, issuer: Issuer) -> None:
    stranger = _key("stranger's")

    assert refused(gate, issuer.token(stranger))[0] == 401
    assert refused(gate, issuer.token(stranger, {"kid": issuer.keys[0].kid}))[0] == 401


def test_a_public_key_is_no_secret_to_sign_with_and_no_signature_is_none(gate: JwtAuthorizer, issuer: Issuer) -> None:
    known, claims = issuer.keys[0], issuer.token().split(".")[1]
    by_hand = _text(json.dumps({"alg": "HS256", "kid": known.kid}).encode()) + "." + claims
    signature = _text(hmac.digest(known.as_pem(private=False), by_hand.encode(), "sha256"))
    unsigned = _text(json.dumps({"alg": "none", "kid": known.kid}).encode()) + "." + claims

    assert refused(gate, f"{by_hand}.{signature}")[0] == 401
    assert refused(gate, f"{unsigned}.")[0] == 401


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_that_was_changed_is_refused(gate: JwtAuthorizer, issuer: Issuer, part: int) -> None:
    parts = issuer.token().split(".")
    parts[part] = ("A" if parts[part][8] != "A" else "B").join([parts[part][:8], parts[part][9:]])

    assert refused(gate, ".".join(parts))[0] == 401


@pytest.mark.parametrize("value", ["Basic ZHI6ZHI=", "Bearer x", "Bearer a.b.c", "Bearer ..", "\x01", "e30.e30."])
def test_what_is_no_token_is_refused(gate: JwtAuthorizer, value: str) -> None:
    assert refused(gate, value)[0] == 401


def test_two_tokens_are_none(gate: JwtAuthorizer, issuer: Issuer) -> None:
    assert refused(gate, issuer.token(), issuer.token())[0] == 401


@pytest.mark.parametrize("scope", ["openid", "", "latchkey/adminx", None])
def test_a_token_without_a_scope_of_the_route_is_not_enough(
    gate: JwtAuthorizer, issuer: Issuer, scope: str | None
) -> None:
    assert refused(gate, issuer.token(scope=scope))[:2] == (403, "Forbidden")


def test_keys_are_read_once_and_once_more_for_a_key_that_is_new(gate: JwtAuthorizer, issuer: Issuer) -> None:
    for _ in range(3):
        request(gate, issuer.token())
    assert issuer.reads == 2

    issuer.keys.append(_key("second"))
    assert request(gate, issuer.token())
    assert issuer.reads == 4


def test_keys_that_cannot_be_read_open_nothing(issuer: Issuer) -> None:
    assert refused(JwtAuthorizer({ISSUER: "http://127.0.0.1:9"}), issuer.token())[0] == 401


@cache
def _key(_name: str) -> RSAKey:
    """Return a cached key with this name, because making one takes long."""
    return RSAKey.generate_key(auto_kid=True)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
