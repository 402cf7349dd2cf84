"""The one conversation with Google: send someone there, and make of what they come back with an identity, or nothing.

Authorization code with PKCE, state and nonce (RFC 9700). No token is kept, and nothing about a client is ever told: no
`login_hint`, an opaque state. The addresses are settings whose defaults are Google's, so that any OpenID provider
can stand in where there is no Google.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.auth import exceptions, jwt

from latchkey import keys, settings
from latchkey.rules import addresses
from latchkey.rules.refusals import EmailMalformed, EmailMissing, GoogleFailed, GoogleUnmatched
from latchkey.tokens import decode, encode, same

SCOPE = "openid email profile"
"""Who someone is and no more (B71)."""
DOMAIN = "gmail.com"
"""Only here does Google itself own the address (B68)."""
OWN_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
"""Google signs under either name."""
SKEW_SECONDS = 10
ANSWER_SECONDS = 2.5
"""For each of two questions: a person waits 6 seconds at most."""
LARGEST_ANSWER = 64 * 1024
LONGEST_SUBJECT = 255
"""OpenID Connect Core, section 2."""


@dataclass(frozen=True, slots=True)
class GoogleIdentity:
    """Who Google says someone is: the account, and its verified gmail.com address in canonical form."""

    subject: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(slots=True)
class _Kept:
    """Google's keys as PEM by id, and the monotonic second until which they may be used."""

    certificates: dict[str, str] = field(default_factory=dict)
    until: float = 0.0


_kept = _Kept()
_http = urllib3.PoolManager(retries=False, maxsize=2)


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
        "code_challenge": encode(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    if choose:
        query["prompt"] = "select_account"
    joint = "&" if "?" in told.google_authorize_url else "?"
    return f"{told.google_authorize_url}{joint}{urlencode(query)}"


def identify(code: str, nonce: str, verifier: str, redirect_uri: str) -> GoogleIdentity:
    """Who brought the code.

    :raises GoogleFailed: Google does not answer, or what it answers is not for us, not now, or not this attempt's.
    :raises GoogleUnmatched: the account's address is not a verified one at gmail.com, or has a modifier (B70).
    """
    claims = _claims(_exchanged(code, verifier, redirect_uri))
    told = settings.load()
    issuers = OWN_ISSUERS if told.google_issuer in OWN_ISSUERS else (told.google_issuer,)
    subject, given = claims.get("sub"), claims.get("nonce")
    # one audience may stand alone or in a list of its own (OpenID Connect Core, section 2); google-auth knows the first
    audiences = (told.google_client_id, [told.google_client_id])
    if claims.get("iss") not in issuers or claims.get("aud") not in audiences:
        raise GoogleFailed("issuer_or_audience")
    if claims.get("azp", told.google_client_id) != told.google_client_id:
        raise GoogleFailed("authorized_party")
    if not isinstance(given, str) or not same(given.encode(), nonce.encode()):
        raise GoogleFailed("nonce")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise GoogleFailed("subject")
    return GoogleIdentity(subject, _address(claims))


def _address(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str) or claims.get("hd") is not None:
        raise GoogleUnmatched("unverified")
    try:
        address = addresses.canonical(email)
    except (EmailMissing, EmailMalformed):
        raise GoogleUnmatched("address") from None
    local, _, domain = address.rpartition("@")
    if domain != DOMAIN or "+" in local:
        raise GoogleUnmatched("domain_or_modifier")
    return address


def _exchanged(code: str, verifier: str, redirect_uri: str) -> str:
    """The ID token that Google gives for a code, and nothing else of what it gives."""
    told = settings.load()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": told.google_client_id,
        "client_secret": keys.google_secret(),
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    status, body, _ = _asked("POST", told.google_token_url, form)
    token = _document(body).get("id_token") if status == HTTPStatus.OK else None
    if not isinstance(token, str):
        raise GoogleFailed("exchange")
    return token


def _claims(token: str) -> Mapping[str, Any]:
    """What a token says, if Google signed it and it is valid now, by the real clock: its time is foreign."""
    try:
        claims = jwt.decode(
            token,
            certs=_certificates(),
            clock_skew_in_seconds=SKEW_SECONDS,
        )
    except (exceptions.GoogleAuthError, ValueError, TypeError, AttributeError):
        raise GoogleFailed("token") from None
    if not isinstance(claims, dict):
        raise GoogleFailed("token")
    return claims


def _certificates() -> dict[str, str]:
    """Google's keys, fetched again when the age that came with them is over."""
    if _kept.certificates and time.monotonic() < _kept.until:
        return _kept.certificates
    status, body, cache_control = _asked("GET", settings.load().google_certs_url)
    if status != HTTPStatus.OK:
        raise GoogleFailed("certificates")
    document = _document(body)
    try:
        certificates = _from_jwks(document["keys"]) if "keys" in document else {k: str(v) for k, v in document.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise GoogleFailed("certificates") from None
    _kept.certificates, _kept.until = certificates, time.monotonic() + _max_age(cache_control)
    return certificates


def _from_jwks(jwks: list[dict[str, str]]) -> dict[str, str]:
    """RSA keys of a JWK set as PEM, since google-auth takes PEM."""
    found = {}
    for jwk in jwks:
        modulus, exponent = decode(jwk.get("n", "")), decode(jwk.get("e", ""))
        if jwk.get("kty") == "RSA" and jwk.get("use", "sig") == "sig" and modulus and exponent:
            numbers = RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus))
            pem = numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            found[jwk.get("kid", "")] = pem.decode()
    return found


def _max_age(cache_control: str) -> int:
    for part in cache_control.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.isdecimal():
            return int(value)
    return 0


def _asked(method: str, url: str, form: dict[str, str] | None = None) -> tuple[int, bytes, str]:
    """Status, body and `Cache-Control` of an answer that came in time."""
    deadline = time.monotonic() + ANSWER_SECONDS
    body = urlencode(form) if form else None
    headers = {"accept": "application/json"}
    if form:
        headers["content-type"] = "application/x-www-form-urlencoded"
    try:
        with _http.request(
            method,
            url,
            body=body,
            headers=headers,
            redirect=False,
            preload_content=False,
            timeout=urllib3.Timeout(total=ANSWER_SECONDS),
        ) as answer:
            received = b""
            for chunk in answer.stream(4096):
                received += chunk
                if len(received) > LARGEST_ANSWER or time.monotonic() > deadline:
                    raise GoogleFailed("slow")
            return answer.status, received, answer.headers.get("cache-control", "")
    except urllib3.exceptions.HTTPError:
        raise GoogleFailed("unreachable") from None


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise GoogleFailed("answer") from None
    if not isinstance(document, dict):
        raise GoogleFailed("answer")
    return document
