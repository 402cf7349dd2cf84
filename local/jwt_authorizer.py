"""API Gateway's JWT authorizer: without a token that its issuer made for us, and that is valid now, nothing gets by."""

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
"""API Gateway knows no others than RSA's."""

ANSWER_SECONDS = 3.0


class Denied(Exception):
    """The request does not get through; `challenge` says why, for `WWW-Authenticate`."""

    def __init__(self, status: int, message: str, challenge: str) -> None:
        super().__init__(message)
        self.status, self.message, self.challenge = status, message, challenge


class JwtAuthorizer:
    """Lets requests through to the routes that an authorizer stands before.

    Tokens are judged by the machine's clock, however far the service's was moved: whoever made them goes by it too.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        """`places` are issuers whose documents are somewhere else here than their names say."""
        self._places = places
        self._keys: dict[str, KeySet] = {}

    async def open(self, route: Route, request: Incoming) -> dict[str, Any] | None:
        """What the route's authorizer tells its function about a request; None where there is no authorizer.

        :raises Denied: there is no token, it is not good, or not for this route.
        """
        if route.authorizer is None:
            return None
        token = _bare(request.header(route.authorizer.header))
        if not token:
            raise Denied(401, "Unauthorized", "Bearer")
        try:
            claims = await self._verified(token, route.authorizer)
        except JoseError as error:
            raise _not_good(error.error) from None
        except (OSError, ValueError, LookupError, TypeError):
            raise _not_good("unknown_keys") from None
        granted = _granted(claims)
        if route.scopes and not granted & {*route.scopes}:
            challenge = f'Bearer scope="{" ".join(route.scopes)}" error="insufficient_scope"'
            raise Denied(403, "Forbidden", challenge)
        scopes = [scope for scope in route.scopes if scope in granted]
        return {"jwt": {"claims": {name: _as_text(value) for name, value in claims.items()}, "scopes": scopes}}

    async def _verified(self, token: str, authorizer: Authorizer) -> dict[str, Any]:
        keys = self._keys.get(authorizer.issuer) or await self._fetched(authorizer.issuer)
        try:
            claims = jwt.decode(token, keys, ALGORITHMS).claims
        except InvalidKeyIdError:
            # signed since the keys were read, or with none of them
            claims = jwt.decode(token, await self._fetched(authorizer.issuer), ALGORITHMS).claims
        audience = "aud" if "aud" in claims else "client_id"
        wanted: dict[str, jwt.ClaimsOption] = {
            "exp": {"essential": True},
            "iss": {"essential": True, "value": authorizer.issuer},
            audience: {"essential": True, "values": [*authorizer.audience]},
        }
        jwt.JWTClaimsRegistry(None, 0, **wanted).validate(claims)
        return claims

    async def _fetched(self, issuer: str) -> KeySet:
        place = self._places.get(issuer, issuer)
        told = await asyncio.to_thread(_document, f"{place}/.well-known/openid-configuration")
        keys = KeySet.import_key_set(await asyncio.to_thread(_document, told["jwks_uri"]))
        self._keys[issuer] = keys
        return keys


def _not_good(reason: str) -> Denied:
    return Denied(401, "Unauthorized", f'Bearer scope="" error="invalid_token" error_description="{reason}"')


def _bare(value: str) -> str:
    """The token of a header, with or without the word that API Gateway lets stand before it."""
    kind, _, token = value.partition(" ")
    return token.strip() if kind.lower() == "bearer" else value


def _granted(claims: Mapping[str, Any]) -> set[str]:
    scope = claims.get("scope", claims.get("scp", ""))
    return {str(one) for one in scope} if isinstance(scope, list) else set(str(scope).split())


def _as_text(value: Any) -> str:
    """A claim as a function gets to see it: always text."""
    match value:
        case str():
            return value
        case list():
            return f"[{' '.join(map(_as_text, value))}]"
        case _:
            return json.dumps(value)


def _document(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 (the issuer that the template names)
        return json.load(answer)
