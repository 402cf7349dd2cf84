"""The OpenID Connect client: the URL that starts a sign-in, and the identity after the callback.

It uses the authorization code flow with PKCE, state and nonce (RFC 9700). It stores no token. It sends a provider no
data about a client: there is no `login_hint`, and the state is opaque. The endpoints are settings, so that another
OpenID provider can replace the real one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from google.auth import exceptions, jwt

from latchkey import keys
from latchkey.identity.http import fetch, json_object
from latchkey.identity.jwks import signing_keys
from latchkey.identity.providers import config, issuers
from latchkey.rules.identities import ProviderIdentity, verified_address
from latchkey.rules.providers import Provider
from latchkey.rules.refusals import ProviderFailed
from latchkey.tokens import base64url_encode, constant_time_equal

SKEW_SECONDS = 10
"""Seconds by which a provider's clock may differ from ours."""
MAX_TIMESTAMP = 10**12
"""Unix seconds, in the year 33658. A token with a later time is invalid."""
MAX_SUBJECT_LENGTH = 255
"""Characters of a `sub` (OpenID Connect Core, section 2)."""


def authorize_url(
    provider: Provider, state: str, nonce: str, verifier: str, redirect_uri: str, *, force_account_choice: bool = False
) -> str:
    """Return the URL at the provider that starts a sign-in. It has the SHA-256 of `verifier`, never `verifier` itself.

    With `force_account_choice` the provider asks for an account, even if only one is signed in there.
    """
    settings = config(provider)
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(provider.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": base64url_encode(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    if force_account_choice:
        query["prompt"] = "select_account"
    separator = "&" if "?" in settings.authorize_url else "?"
    return f"{settings.authorize_url}{separator}{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class OidcClient:
    """This stack as an OAuth client of an OpenID provider."""

    client_id: str
    client_secret: str = field(repr=False)
    token_url: str
    certs_url: str
    issuers: tuple[str, ...]
    """The issuers that an ID token may have."""


def fetch_identity(provider: Provider, code: str, nonce: str, verifier: str, redirect_uri: str) -> ProviderIdentity:
    """Return the identity for an authorization code. `nonce` and `verifier` are those of the same attempt.

    :raises ProviderFailed: the provider does not answer, or its ID token is not valid for this stack, time and attempt.
    :raises IdentityUnmatched: the provider's address policy does not accept the address (B68, B70).
    """
    settings = config(provider)
    client = OidcClient(
        client_id=settings.client_id,
        client_secret=keys.provider_client_secret(provider.name),
        token_url=settings.token_url,
        certs_url=settings.certs_url,
        issuers=issuers(provider),
    )
    claims = fetch_claims(client, code, nonce, verifier, redirect_uri)
    return ProviderIdentity(claims["sub"], verified_address(claims, provider.address_policy))


def fetch_claims(client: OidcClient, code: str, nonce: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
    """Return the claims of the ID token for an authorization code. `sub` is a text.

    :raises ProviderFailed: as `fetch_identity`.
    """
    claims = _verified_claims(_exchange_code(client, code, verifier, redirect_uri), client)
    claimed_nonce = claims.get("nonce")
    if not isinstance(claimed_nonce, str) or not constant_time_equal(
        claimed_nonce.encode(errors="replace"), nonce.encode()
    ):
        raise ProviderFailed("nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH or not subject.isascii():
        raise ProviderFailed("subject")
    return claims


def _exchange_code(client: OidcClient, code: str, verifier: str, redirect_uri: str) -> str:
    """Return the ID token for a code. The other tokens of the response are dropped."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    result = fetch("POST", client.token_url, form)
    token = json_object(result.body).get("id_token") if result.status == HTTPStatus.OK else None
    if not isinstance(token, str):
        raise ProviderFailed("exchange")
    return token


def _verified_claims(token: str, client: OidcClient) -> Mapping[str, Any]:
    """Return the claims of an ID token that the provider signed for this stack and that is valid now.

    The token's times are compared with the real clock, because the provider's clock set them.
    """
    try:
        key_id = jwt.decode_header(token).get("kid")
        claims = jwt.decode(token, certs=signing_keys(client.certs_url, key_id), clock_skew_in_seconds=SKEW_SECONDS)
    except (exceptions.GoogleAuthError, ValueError, TypeError, AttributeError, RecursionError):
        raise ProviderFailed("token") from None
    if not isinstance(claims, dict) or not _has_valid_times(claims):
        raise ProviderFailed("token")
    # A single audience may be a string or a list (OpenID Connect Core, section 2). The JWT library reads only strings.
    if claims.get("iss") not in client.issuers or claims.get("aud") not in (client.client_id, [client.client_id]):
        raise ProviderFailed("issuer_or_audience")
    if claims.get("azp", client.client_id) != client.client_id:
        raise ProviderFailed("authorized_party")
    return claims


def _has_valid_times(claims: Mapping[str, Any]) -> bool:
    """Return True if the times are numbers in range and the token is valid from its issue on.

    The JWT library only compares the times, and no time is later than NaN. A token whose `nbf` is later than its issue
    is refused (RFC 7519, section 4.1.5).
    """
    times = [claims.get("iat"), claims.get("exp"), claims.get("nbf", 0)]
    if not all(type(time) in (int, float) and 0 <= time < MAX_TIMESTAMP for time in times):
        return False
    issued, _, valid_from = times
    return bool(valid_from <= issued + SKEW_SECONDS)
