"""The one conversation with Google: send someone there, and make of what they come back with an identity, or nothing.

Authorization code with PKCE, state and nonce (RFC 9700). No token is kept, and nothing about a client is ever told: no
`login_hint`, an opaque state. The addresses are settings whose defaults are Google's, so that any OpenID provider
can stand in where there is no Google.
"""

import hashlib
import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.auth import exceptions, jwt

from latchkey import keys, settings
from latchkey.caches import Cache
from latchkey.deadlines import within
from latchkey.rules import addresses
from latchkey.rules.refusals import EmailMalformed, EmailMissing, IdentityUnmatched, ProviderFailed
from latchkey.tokens import base64url_decode, base64url_encode, constant_time_equal

SCOPE = "openid email profile"
"""Who someone is and no more (B71)."""
DOMAIN = "gmail.com"
"""Only here does Google itself own the address (B68)."""
GOOGLE_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
"""Google signs under either name."""
SKEW_SECONDS = 10
ANSWER_SECONDS = 2.5
"""For each of two questions: a person waits 6 seconds at most."""
LARGEST_ANSWER = 64 * 1024
MAX_TIMESTAMP = 10**12
"""Unix seconds; later is nothing that a clock of anyone's shows."""
LONGEST_SUBJECT = 255
"""OpenID Connect Core, section 2."""
KEY_REFETCH_SECONDS = 60
"""After so long an unknown key may be a new one: Google shows keys before it uses them, others do not."""


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Who Google says someone is: the account, and its verified gmail.com address in canonical form."""

    subject: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Certificates:
    """Google's keys as PEM by id, and for how long its headers let us keep them."""

    pems: dict[str, str]
    fresh_seconds: int


@dataclass(frozen=True, slots=True)
class _HttpResult:
    status: int
    body: bytes = field(repr=False)
    fresh_seconds: int
    """How long it may be kept."""


_cache = Cache[_Certificates]((ProviderFailed,))
"""Google's keys by where they are published."""


def authorize_url(state: str, nonce: str, verifier: str, redirect_uri: str, choose: bool = False) -> str:
    """Where to send the browser. `verifier` stays here; only its SHA-256 goes along.

    `choose` has Google ask which account, also where only one is signed in: the last one opened nothing here.
    """
    told = settings.load()
    query = {
        "response_type": "code",
        "client_id": told.google_client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": state,
        "nonce": nonce,
        "code_challenge": base64url_encode(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    if choose:
        query["prompt"] = "select_account"
    joint = "&" if "?" in told.google_authorize_url else "?"
    return f"{told.google_authorize_url}{joint}{urlencode(query)}"


def fetch_identity(code: str, nonce: str, verifier: str, redirect_uri: str) -> ProviderIdentity:
    """Who brought the code.

    :raises GoogleFailed: Google does not answer, or what it answers is not for us, not now, or not this attempt's.
    :raises GoogleUnmatched: the account's address is not a verified one at gmail.com, or has a modifier (B70).
    """
    claims = _claims(_exchange_code(code, verifier, redirect_uri))
    told = settings.load()
    issuers = GOOGLE_ISSUERS if told.google_issuer in GOOGLE_ISSUERS else (told.google_issuer,)
    subject, given = claims.get("sub"), claims.get("nonce")
    # one audience may stand alone or in a list of its own (OpenID Connect Core, section 2); google-auth knows the first
    audiences = (told.google_client_id, [told.google_client_id])
    if claims.get("iss") not in issuers or claims.get("aud") not in audiences:
        raise ProviderFailed("issuer_or_audience")
    if claims.get("azp", told.google_client_id) != told.google_client_id:
        raise ProviderFailed("authorized_party")
    if not isinstance(given, str) or not constant_time_equal(given.encode(errors="replace"), nonce.encode()):
        raise ProviderFailed("nonce")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isascii():
        raise ProviderFailed("subject")
    return ProviderIdentity(subject, _address(claims))


def _address(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str) or claims.get("hd") is not None:
        raise IdentityUnmatched("unverified")
    try:
        address = addresses.canonical(email)
    except (EmailMissing, EmailMalformed):
        raise IdentityUnmatched("address") from None
    local, _, domain = address.rpartition("@")
    if domain != DOMAIN or "+" in local:
        raise IdentityUnmatched("domain_or_modifier")
    return address


def _exchange_code(code: str, verifier: str, redirect_uri: str) -> str:
    """The ID token that Google gives for a code, and nothing else of what it gives."""
    told = settings.load()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": told.google_client_id,
        "client_secret": keys.provider_client_secret(),
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    answer = _fetch("POST", told.google_token_url, form)
    token = _document(answer.body).get("id_token") if answer.status == HTTPStatus.OK else None
    if not isinstance(token, str):
        raise ProviderFailed("exchange")
    return token


def _claims(token: str) -> Mapping[str, Any]:
    """What a token says, if Google signed it and it is valid now, by the real clock: its time is foreign."""
    try:
        key = jwt.decode_header(token).get("kid")
        claims = jwt.decode(token, certs=signing_keys(key), clock_skew_in_seconds=SKEW_SECONDS)
    except (exceptions.GoogleAuthError, ValueError, TypeError, AttributeError, RecursionError):
        raise ProviderFailed("token") from None
    if not isinstance(claims, dict) or not _has_valid_times(claims):
        raise ProviderFailed("token")
    return claims


def _has_valid_times(claims: Mapping[str, Any]) -> bool:
    """Whether its times are times: google-auth only compares them, and nothing is later than NaN. A token that is not
    valid yet when it is issued (`nbf`, RFC 7519, section 4.1.5) is for nobody."""
    times = [claims.get("iat"), claims.get("exp"), claims.get("nbf", 0)]
    if not all(type(at) in (int, float) and 0 <= at < MAX_TIMESTAMP for at in times):
        return False
    issued, _, valid_from = times
    return bool(valid_from <= issued + SKEW_SECONDS)


def signing_keys(key: Any) -> dict[str, str]:
    """Google's keys, fetched again when the age that came with them is over, or `key` is none of them; an hour older
    while they cannot be fetched, if they might be kept at all.

    :raises GoogleFailed: there are none.
    """
    url = settings.load().google_certs_url

    def fits(kept: _Certificates, age: float) -> bool:
        return not key or key in kept.pems or age < KEY_REFETCH_SECONDS

    found = _cache.get(url, time.monotonic(), lambda: _fetched(url), lambda kept: kept.fresh_seconds, fits)
    if found.fresh_seconds <= 0:
        _cache.forget(url)
    return found.pems


def _fetched(url: str) -> _Certificates:
    answer = _fetch("GET", url)
    document = _document(answer.body) if answer.status == HTTPStatus.OK else {}
    try:
        pems = _from_jwks(document["keys"]) if "keys" in document else _pems(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProviderFailed("certificates") from None
    if not pems:
        raise ProviderFailed("certificates")
    return _Certificates(pems, answer.fresh_seconds)


def _pems(document: Mapping[str, Any]) -> dict[str, str]:
    """Google's own map of certificates."""
    return {key: pem for key, pem in document.items() if isinstance(pem, str) and pem.startswith("-----BEGIN ")}


def _from_jwks(jwks: list[Mapping[str, Any]]) -> dict[str, str]:
    """RSA keys of a JWK set as PEM, since google-auth takes PEM; others spoil nothing (RFC 7517, section 5)."""
    found = {}
    for jwk in jwks:
        if jwk.get("kty") == "RSA" and jwk.get("use", "sig") == "sig":
            modulus, exponent = base64url_decode(str(jwk.get("n"))), base64url_decode(str(jwk.get("e")))
            with suppress(ValueError):
                numbers = RSAPublicNumbers(int.from_bytes(exponent or b""), int.from_bytes(modulus or b""))
                pem = numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                found[str(jwk.get("kid", ""))] = pem.decode()
    return found


def _fresh_seconds(headers: Mapping[str, str]) -> int:
    """For how long an answer may be kept (RFC 9111), as far as `Cache-Control` and `Age` tell."""
    told = headers.get("cache-control", "").lower()
    most = re.search(r"\bmax-age=(\d{1,9})\b", told, re.ASCII)
    if most is None or "no-store" in told or "no-cache" in told:
        return 0
    age = re.fullmatch(r"\d{1,9}", headers.get("age", "0"), re.ASCII)
    return int(most[1]) - int(age[0] if age else 0)


def _fetch(method: str, url: str, form: dict[str, str] | None = None) -> _HttpResult:
    """What is answered in time, however it is held back: looking up a name has no time limit of its own, and that of a
    socket begins anew with every byte.

    :raises GoogleFailed: nothing, or not all of it.
    """
    try:
        answer = within(ANSWER_SECONDS, lambda: _fetch_in_thread(method, url, form))
    except TimeoutError:
        raise ProviderFailed("slow") from None
    if answer is None:
        raise ProviderFailed("unreachable")
    return answer


def _fetch_in_thread(method: str, url: str, form: dict[str, str] | None) -> _HttpResult | None:
    """The answer, as long as someone waits for it; None if there is none, or it is too large."""
    deadline = time.monotonic() + ANSWER_SECONDS
    headers = {"accept": "application/json"}
    if form:
        headers["content-type"] = "application/x-www-form-urlencoded"
    try:
        # no connection is kept: it would be dead more often than not, since between two events a function is frozen
        with (
            urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=ANSWER_SECONDS)) as http,
            http.request(
                method,
                url,
                body=urlencode(form) if form else None,
                headers=headers,
                redirect=False,
                preload_content=False,
            ) as answer,
        ):
            body = b""
            while chunk := answer.read1(LARGEST_ANSWER):
                body += chunk
                if len(body) > LARGEST_ANSWER or time.monotonic() > deadline:
                    return None
            return _HttpResult(answer.status, body, _fresh_seconds(answer.headers))
    except urllib3.exceptions.HTTPError:
        return None


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderFailed("answer") from None
    if not isinstance(document, dict):
        raise ProviderFailed("answer")
    return document
