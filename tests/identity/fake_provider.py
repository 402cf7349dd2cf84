"""A fake OpenID provider. A test can forge or leave out any part of its responses.

It shares no code and no library with the provider of a local run, so that one mistake cannot hide in both.
"""

import hashlib
import hmac
import json
import secrets
import sys
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CLIENT, SECRET = "portal.apps.example", "hush-hush-hush"
MARIA = "110169484474386276334"
"""The subject (`sub`) of an account at this provider."""
FORGOTTEN_SECONDS = 12
"""Longer than any client waits for a response."""


class Absent(Enum):
    """The value of a claim that is left out. Its name is the same in every test process."""

    CLAIM = "missing"


MISSING: Any = Absent.CLAIM

FIRST = rsa.generate_private_key(65537, 2048)
SECOND = rsa.generate_private_key(65537, 2048)

type Reply = Callable[["FakeProviderHandler"], None]
"""Sends another response than the correct one."""
type Claim = Any
"""A value, or a function of the current Unix second that returns one."""


def encoded(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def rs256(key: rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    """Return a function that signs with RS256, as Google does."""
    return lambda signed: key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def hs256(secret: bytes) -> Callable[[bytes], bytes]:
    """Return a function that signs with HS256. The secret may be a public key."""
    return lambda signed: hmac.digest(secret, signed, "sha256")


def pem(key: rsa.RSAPrivateKey) -> bytes:
    """Return the public key as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(kid: str, key: rsa.RSAPrivateKey) -> dict[str, str]:
    """Return the public key as a JWK (RFC 7517)."""
    numbers = key.public_key().public_numbers()
    n, e = (encoded(number.to_bytes((number.bit_length() + 7) // 8)) for number in (numbers.n, numbers.e))
    return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid, "n": n, "e": e}


@dataclass
class FakeProvider:
    """The provider's configurable responses, and the requests that it got."""

    url: str
    claims: dict[str, Claim] = field(default_factory=dict)
    """Claims of ID tokens that differ from the correct ones. `MISSING` leaves a claim out."""
    header: dict[str, Any] = field(default_factory=dict)
    """The same for the header."""
    sign: Callable[[bytes], bytes] = field(default_factory=lambda: rs256(FIRST))
    keys: dict[str, Any] = field(default_factory=lambda: {"keys": [jwk("second", SECOND), jwk("first", FIRST)]})
    """The published key set."""
    cache_control: str = "public, max-age=0, must-revalidate"
    at_token: Reply | None = None
    at_keys: Reply | None = None
    authorize_requests: list[dict[str, list[str]]] = field(default_factory=list)
    """The queries of authorization requests."""
    exchanges: list[dict[str, list[str]]] = field(default_factory=list)
    """The forms of token requests."""
    given: list[str] = field(default_factory=list)
    """Every issued code and token. The portal may not store or log them."""
    keys_fetched: int = 0
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def configuration(self) -> dict[str, str]:
        """The OpenID configuration."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/o/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/certs",
            "end_session_endpoint": f"{self.url}/end",
        }

    def consented(self, location: str) -> str:
        """Consent at the authorization URL `location`, and return path and query of the callback."""
        there, way = urlsplit(location), HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        way.request("GET", f"{there.path}?{there.query}")
        answer = way.getresponse()
        back = urlsplit(answer.headers["location"] or "")
        way.close()
        assert answer.status == 302, answer.status
        return f"{back.path}?{back.query}"

    def code_for(self, query: dict[str, list[str]]) -> str:
        """Return a single-use code for one authorization request."""
        code = f"4/0{secrets.token_urlsafe(40)}"
        with self._lock:
            self.authorize_requests.append(query)
            self.given.append(code)
            self._codes[code] = {name: values[0] for name, values in query.items()}
        return code

    def token_for(self, form: dict[str, list[str]]) -> dict[str, Any] | None:
        """Return the token response to a valid token request, None to any other."""
        config = {name: values[0] for name, values in form.items() if len(values) == 1}
        with self._lock:
            self.exchanges.append(form)
            authorize_query = self._codes.pop(config.get("code", ""), None)
        if authorize_query is None or config.get("client_id") != CLIENT or config.get("client_secret") != SECRET:
            return None
        if (
            config.get("grant_type") != "authorization_code"
            or config.get("redirect_uri") != authorize_query["redirect_uri"]
        ):
            return None
        proof = encoded(hashlib.sha256(config.get("code_verifier", "").encode()).digest())
        if authorize_query.get("code_challenge_method") != "S256" or proof != authorize_query.get("code_challenge"):
            return None
        token, access = self.token(authorize_query["nonce"]), f"ya29.{secrets.token_urlsafe(60)}"
        with self._lock:
            self.given += [token, access]
        return {"access_token": access, "expires_in": 3599, "scope": authorize_query["scope"], "id_token": token}

    def token(self, nonce: str) -> str:
        """Return an ID token with the configured claims, header and signature."""
        now = int(time.time())
        config = {
            "iss": self.url,
            "azp": CLIENT,
            "aud": CLIENT,
            "sub": MARIA,
            "email": "maria.gomez@gmail.com",
            "email_verified": True,
            "at_hash": "dGhpcyBpcyBub3QgY2hlY2tlZA",
            "nonce": nonce,
            "name": "Maria Gomez",
            "iat": now,
            "exp": now + 3600,
        }
        config |= {name: value(now) if callable(value) else value for name, value in self.claims.items()}
        header = {"alg": "RS256", "kid": "first", "typ": "JWT"} | self.header
        parts = [{k: v for k, v in part.items() if v is not MISSING} for part in (header, config)]
        signed = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{encoded(self.sign(signed.encode()))}"


class FakeProviderHandler(BaseHTTPRequestHandler):
    """A handler of one request, with the configured response."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Respond to an authorization request or a request for the keys."""
        provider, there = self._provider, urlsplit(self.path)
        if there.path == "/o/auth":
            query = parse_qs(there.query, keep_blank_values=True)
            back = urlencode({"state": query["state"][0], "code": provider.code_for(query), "scope": "email openid"})
            self.say(302, location=f"{query['redirect_uri'][0]}?{back}")
        elif there.path == "/.well-known/openid-configuration":
            self.tell(provider.configuration)
        elif there.path == "/certs":
            provider.keys_fetched += 1
            (provider.at_keys or _tell_keys)(self)
        else:
            self.say(404)

    def do_POST(self) -> None:
        """Respond to a token request."""
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode(), keep_blank_values=True)
        answer = self._provider.token_for(form) if self.path == "/token" else None
        if self._provider.at_token:
            self._provider.at_token(self)
        else:
            self.tell(answer or {"error": "invalid_grant"}, 200 if answer else 400)

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send a response with these bytes."""
        self.send_response(status)
        for name, value in ({"content_length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        # the client may have closed the connection
        with suppress(OSError):
            self.wfile.write(body)

    def tell(self, document: Any, status: int = 200, **headers: str) -> None:
        """Send a JSON response."""
        self.say(status, json.dumps(document).encode(), content_type="application/json", **headers)

    def drip(self, start: bytes, drop: bytes, seconds: float) -> None:
        """Send `drop` every `seconds` after `start`, for longer than any client waits."""
        self.close_connection = True
        with suppress(OSError):
            self.wfile.write(start)
            for _ in range(int(FORGOTTEN_SECONDS / seconds)):
                if self._over.wait(seconds):
                    return
                self.wfile.write(drop)

    def say_nothing(self) -> None:
        """Send no response."""
        self.close_connection = True
        self._over.wait(FORGOTTEN_SECONDS)

    def log_message(self, *_: object) -> None:
        """Log nothing: URLs hold codes."""

    @property
    def _provider(self) -> FakeProvider:
        return cast("Server", self.server).provider

    @property
    def _over(self) -> Event:
        return cast("Server", self.server).over


def _tell_keys(conversation: FakeProviderHandler) -> None:
    provider = cast("Server", conversation.server).provider
    conversation.tell(provider.keys, cache_control=provider.cache_control)


class Server(ThreadingHTTPServer):
    """An HTTP server on a free local port."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FakeProviderHandler)
        self.over = Event()
        self.provider = FakeProvider(f"http://127.0.0.1:{self.server_port}")

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that the client closed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def reset(self) -> FakeProvider:
        """Return a new provider at the same URL, without forged claims or recorded requests."""
        self.provider = FakeProvider(self.provider.url)
        return self.provider


@contextmanager
def serving() -> Iterator[Server]:
    """Run a provider until the context ends."""
    with Server() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def secrets_in(form: Mapping[str, list[str]]) -> list[str]:
    """Return the client secret and the code verifier of a token request."""
    return [form["client_secret"][0], form["code_verifier"][0]]


def heard(token: str) -> dict[str, Any]:
    """Return the claims of a token."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(b64decode(part + "=" * (-len(part) % 4), altchars=b"-_"))
    return claims


def read(target: str) -> dict[str, str]:
    """Return the first value of each query parameter."""
    return {name: unquote(values[0]) for name, values in parse_qs(urlsplit(target).query).items()}
