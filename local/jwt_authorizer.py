"""Replacement for API Gateway's JWT authorizer. Refuses requests without a valid token of the route's issuer."""

import asyncio
import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from local.gateway import Incoming
from local.sam_template import Authorizer, Route

ALGORITHMS = ("RS256", "RS384", "RS512")
"""Signature algorithms. API Gateway supports only those with RSA."""

REQUEST_TIMEOUT_SECONDS = 3.0


class Denied(Exception):
    """The request is refused. `challenge` is the value of the header `WWW-Authenticate`."""

    def __init__(self, status: int, message: str, challenge: str) -> None:
        super().__init__(message)
        self.status, self.message, self.challenge = status, message, challenge


class JwtAuthorizer:
    """Checks the tokens of requests to routes with an authorizer.

    Tokens are checked by the machine's clock, not by the portal's, because their issuer uses the machine's clock.
    """

    def __init__(self, urls: Mapping[str, str]) -> None:
        """`urls` are the URLs of the issuers' documents on this machine, by issuer."""
        self._urls = urls
        self._keys: dict[str, KeySet] = {}

    async def authorize(self, route: Route, request: Incoming) -> dict[str, Any] | None:
        """Return the claims and OAuth scopes for the function's event, or None for a route without a JWT authorizer.

        :raises Denied: the token is missing or invalid, or has none of the route's OAuth scopes.
        """
        if not isinstance(route.authorizer, Authorizer):
            return None
        token = _without_scheme(request.header(route.authorizer.header))
        if not token:
            raise Denied(401, "Unauthorized", "Bearer")
        try:
            claims = await self._verify(token, route.authorizer)
        except JoseError as error:
            raise _invalid_token(error.error) from None
        except (OSError, ValueError, LookupError, TypeError):
            raise _invalid_token("unknown_keys") from None
        granted = _granted_scopes(claims)
        if route.scopes and not granted & {*route.scopes}:
            challenge = f'Bearer scope="{" ".join(route.scopes)}" error="insufficient_scope"'
            raise Denied(403, "Forbidden", challenge)
        scopes = [scope for scope in route.scopes if scope in granted]
        return {"jwt": {"claims": {name: _as_text(value) for name, value in claims.items()}, "scopes": scopes}}

    async def _verify(self, token: str, authorizer: Authorizer) -> dict[str, Any]:
        keys = self._keys.get(authorizer.issuer) or await self._fetch_keys(authorizer.issuer)
        try:
            claims = jwt.decode(token, keys, ALGORITHMS).claims
        except InvalidKeyIdError:
            # the issuer may have added a key since the keys were read
            claims = jwt.decode(token, await self._fetch_keys(authorizer.issuer), ALGORITHMS).claims
        audience = "aud" if "aud" in claims else "client_id"
        expected: dict[str, jwt.ClaimsOption] = {
            "exp": {"essential": True},
            "iss": {"essential": True, "value": authorizer.issuer},
            audience: {"essential": True, "values": [*authorizer.audience]},
        }
        jwt.JWTClaimsRegistry(None, 0, **expected).validate(claims)
        return claims

    async def _fetch_keys(self, issuer: str) -> KeySet:
        url = self._urls.get(issuer, issuer)
        metadata = await asyncio.to_thread(_fetch_json, f"{url}/.well-known/openid-configuration")
        keys = KeySet.import_key_set(await asyncio.to_thread(_fetch_json, metadata["jwks_uri"]))
        self._keys[issuer] = keys
        return keys


def _invalid_token(reason: str) -> Denied:
    return Denied(401, "Unauthorized", f'Bearer scope="" error="invalid_token" error_description="{reason}"')


def _without_scheme(value: str) -> str:
    """Return the token in a header. API Gateway accepts it with and without `Bearer` before it."""
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else value


def _granted_scopes(claims: Mapping[str, Any]) -> set[str]:
    scopes = claims.get("scope", claims.get("scp", ""))
    return {str(scope) for scope in scopes} if isinstance(scopes, list) else set(str(scopes).split())


def _as_text(value: Any) -> str:
    """Return a claim as text. API Gateway passes every claim as text."""
    match value:
        case str():
            return value
        case list():
            return f"[{' '.join(map(_as_text, value))}]"
        case _:
            return json.dumps(value)


def _fetch_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=REQUEST_TIMEOUT_SECONDS) as response:  # noqa: S310 - the template's issuer
        return json.load(response)
