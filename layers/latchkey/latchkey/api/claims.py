"""The claims of an access token. API Gateway has verified its signature and its time.

Everything else is checked here again, so that a call past the authorizer gives no access.
"""

import re
from collections.abc import Mapping
from typing import Any

from latchkey import settings
from latchkey.rules.events import may_be_clinician
from latchkey.rules.refusals import TokenRefused

COGNITO = re.compile(r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com/[A-Za-z0-9_-]+")
"""Issuers of Cognito. Tokens of other issuers may have no `token_use` and no `client_id`."""


def subject(event: Mapping[str, Any]) -> str:
    """Return the `sub` of a request's access token.

    The role is never read from it, because tokens carry attributes that their owners can write.

    :raises TokenRefused: there is no token, or its issuer, OAuth client, OAuth scope or use is not the configured one,
        or its `sub` is how the audit writes another actor.
    """
    claims, config = _claims(event), settings.load()
    issuer = claims.get("iss", "")
    if not config.token_issuer or issuer != config.token_issuer:
        raise TokenRefused
    cognito = COGNITO.fullmatch(issuer) is not None
    if claims.get("token_use", "" if cognito else "access") != "access":
        raise TokenRefused
    client = claims.get("client_id") or ("" if cognito else claims.get("azp") or claims.get("aud", ""))
    if client not in config.token_client_ids:
        raise TokenRefused
    if not config.token_scope or config.token_scope not in claims.get("scope", "").split():
        raise TokenRefused
    sub = claims.get("sub", "")
    if not sub or not may_be_clinician(sub):
        raise TokenRefused
    return sub


def _claims(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the claims from the authorizer, without claims that are not text."""
    place: Any = event.get("requestContext")
    for name in ("authorizer", "jwt", "claims"):
        place = place.get(name) if isinstance(place, Mapping) else None
    if not isinstance(place, Mapping):
        raise TokenRefused
    return {str(name): value for name, value in place.items() if isinstance(value, str)}
