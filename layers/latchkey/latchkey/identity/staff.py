"""The clinicians' OpenID provider: the stack's own user pool, or the issuer that the stack is configured for."""

import hashlib
import time
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from latchkey import aws, keys, settings
from latchkey.caches import Cache
from latchkey.identity.http import fetch, json_object
from latchkey.identity.oidc import SKEW_SECONDS, OidcClient, fetch_claims
from latchkey.rules.events import may_be_clinician
from latchkey.rules.refusals import ProviderFailed
from latchkey.rules.staff import StaffPerson
from latchkey.tokens import base64url_encode

SCOPES = "openid email"
POOL_CLIENT_NAME = "console"
"""The name of the console's OAuth client in the stack's own user pool, as the template sets it."""
FRESH_SECONDS = 3600
MAX_NAME_CHARACTERS = 200
REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class StaffProvider:
    """The provider as its OpenID configuration describes it, and the console as its OAuth client."""

    client: OidcClient
    authorize_url: str
    logout_url: str | None
    """The end-session endpoint. None if the provider has none."""


_cache = Cache[StaffProvider]((ProviderFailed,))
"""The one provider, by issuer."""


def provider() -> StaffProvider:
    """Return the provider. Its configuration is read once an hour.

    :raises ProviderFailed: the configuration cannot be read, or it is another issuer's.
    """
    return _cache.get(settings.load().token_issuer, time.monotonic(), _discover, lambda _: FRESH_SECONDS)


def authorize_url(state: str, nonce: str, verifier: str, redirect_uri: str, *, must_authenticate: bool) -> str:
    """Return the URL at the provider that starts a sign-in. With `must_authenticate`, a session there is not enough.

    :raises ProviderFailed: as `provider`.
    """
    known = provider()
    query = {
        "response_type": "code",
        "client_id": known.client.client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPES,
        "state": state,
        "nonce": nonce,
        "code_challenge": base64url_encode(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    if must_authenticate:
        query |= {"prompt": "login", "max_age": "0"}
    return _with_query(known.authorize_url, query)


def fetch_person(
    code: str, nonce: str, verifier: str, redirect_uri: str, authenticated_since: int | None
) -> StaffPerson:
    """Return the person for an authorization code.

    `authenticated_since` is in Unix seconds by the real clock, because the provider's clock sets `auth_time`. None
    means that an earlier authentication is enough.

    :raises ProviderFailed: the provider does not answer, its ID token is not valid, its `sub` is how the audit writes
        another actor, or the person authenticated earlier.
    """
    claims = fetch_claims(provider().client, code, nonce, verifier, redirect_uri)
    if not may_be_clinician(claims["sub"]):
        raise ProviderFailed("subject")
    if authenticated_since is not None:
        authenticated_at = claims.get("auth_time")
        if not isinstance(authenticated_at, int | float) or authenticated_at + SKEW_SECONDS < authenticated_since:
            raise ProviderFailed("auth_time")
    email = _text(claims.get("email"))
    # Cognito sends the claim as a boolean, and some providers as a text.
    is_verified = claims.get("email_verified") in (True, "true")
    return StaffPerson(claims["sub"], _text(claims.get("name")), email, email if is_verified else None)


def logout_url(return_to: str) -> str | None:
    """Return the URL that ends the person's session at the provider. None if it has no such endpoint."""
    try:
        known = provider()
    except ProviderFailed:
        return None
    if known.logout_url is None:
        return None
    # OpenID names the parameter `post_logout_redirect_uri`, and Cognito `logout_uri`. Each ignores the other's.
    query = {"client_id": known.client.client_id, "logout_uri": return_to, "post_logout_redirect_uri": return_to}
    return _with_query(known.logout_url, query)


def provider_now() -> int:
    """Return the time in Unix seconds by the real clock, which the provider's tokens are compared with."""
    return int(time.time())


def _discover() -> StaffProvider:
    config = settings.load()
    url = config.console_discovery_url or f"{config.token_issuer.rstrip('/')}/.well-known/openid-configuration"
    result = fetch("GET", url)
    document = json_object(result.body) if result.status == HTTPStatus.OK else {}
    if document.get("issuer") != config.token_issuer:
        raise ProviderFailed("configuration")
    endpoints = [document.get(name) for name in REQUIRED]
    if not all(isinstance(endpoint, str) and urlsplit(endpoint).scheme in ("https", "http") for endpoint in endpoints):
        raise ProviderFailed("configuration")
    client_id, client_secret = _client()
    logout = document.get("end_session_endpoint")
    client = OidcClient(
        client_id=client_id,
        client_secret=client_secret,
        token_url=str(document["token_endpoint"]),
        certs_url=str(document["jwks_uri"]),
        issuers=(config.token_issuer,),
    )
    return StaffProvider(client, str(document["authorization_endpoint"]), logout if isinstance(logout, str) else None)


def _client() -> tuple[str, str]:
    """Return id and secret of the console as an OAuth client.

    :raises ProviderFailed: the pool cannot be read, or it has no OAuth client for the console.
    """
    config = settings.load()
    if not config.user_pool_id:
        return config.console_client_id, keys.console_client_secret()
    try:
        pool = config.user_pool_id
        listed = aws.call("cognito-idp", "ListUserPoolClients", UserPoolId=pool, MaxResults=60)["UserPoolClients"]
        client_id = next(client["ClientId"] for client in listed if client["ClientName"] == POOL_CLIENT_NAME)
        described = aws.call("cognito-idp", "DescribeUserPoolClient", UserPoolId=pool, ClientId=client_id)
    except (BotoCoreError, ClientError, StopIteration):
        raise ProviderFailed("client") from None
    return client_id, described["UserPoolClient"].get("ClientSecret", "")


def _with_query(url: str, query: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _text(claim: object) -> str | None:
    """Return a claim that pages can show on one line, else None."""
    return claim if isinstance(claim, str) and claim.isprintable() and len(claim) <= MAX_NAME_CHARACTERS else None
