"""Signing keys of providers, cached for as long as the provider's headers allow."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from latchkey.caches import Cache
from latchkey.identity.http import fetch, json_object
from latchkey.rules.refusals import ProviderFailed
from latchkey.tokens import base64url_decode

KEY_REFETCH_SECONDS = 60
"""Age in seconds from which an unknown key id causes a new fetch. Some providers use a key before they publish it."""


@dataclass(frozen=True, slots=True)
class _SigningKeys:
    """The keys of a provider."""

    pems: dict[str, str]
    """The keys as PEM, by id."""
    fresh_seconds: int
    """Seconds for which the headers allow to cache the keys."""


_cache = Cache[_SigningKeys]((ProviderFailed,))
"""Signing keys by the URL that publishes them."""


def signing_keys(url: str, key_id: Any) -> dict[str, str]:
    """Return the keys that `url` publishes, as PEM by id.

    They are fetched again when they expire, or when `key_id` is none of them. While fetches fail, expired keys are used
    for one more hour, unless their headers forbid to cache them.

    :raises ProviderFailed: the keys cannot be fetched, and none are cached.
    """

    def fits(cached: _SigningKeys, age: float) -> bool:
        return not key_id or key_id in cached.pems or age < KEY_REFETCH_SECONDS

    keys = _cache.get(url, time.monotonic(), lambda: _fetch_keys(url), lambda cached: cached.fresh_seconds, fits)
    if keys.fresh_seconds <= 0:
        _cache.forget(url)
    return keys.pems


def _fetch_keys(url: str) -> _SigningKeys:
    result = fetch("GET", url)
    document = json_object(result.body) if result.status == HTTPStatus.OK else {}
    try:
        pems = _from_jwks(document["keys"]) if "keys" in document else _from_certificates(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProviderFailed("certificates") from None
    if not pems:
        raise ProviderFailed("certificates")
    return _SigningKeys(pems, result.fresh_seconds)


def _from_certificates(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the PEM texts of a map from key id to certificate."""
    return {key: pem for key, pem in document.items() if isinstance(pem, str) and pem.startswith("-----BEGIN ")}


def _from_jwks(jwks: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return the RSA keys of a JWK set as PEM, the form that the JWT library takes.

    Leave out keys of other types (RFC 7517, section 5).
    """
    pems = {}
    for jwk in jwks:
        if jwk.get("kty") == "RSA" and jwk.get("use", "sig") == "sig":
            modulus, exponent = base64url_decode(str(jwk.get("n"))), base64url_decode(str(jwk.get("e")))
            with suppress(ValueError):
                numbers = RSAPublicNumbers(int.from_bytes(exponent or b""), int.from_bytes(modulus or b""))
                pem = numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                pems[str(jwk.get("kid", ""))] = pem.decode()
    return pems
