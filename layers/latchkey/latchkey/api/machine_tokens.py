"""The token endpoint of practice systems: OAuth 2.0, client credentials (RFC 6749, section 4.4)."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from latchkey.http.requests import FORM, JSON, Request
from latchkey.http.responses import Response
from latchkey.rules.machines import SCOPE, TOKEN_PATH, TOKEN_SECONDS
from latchkey.rules.refusals import BodyInvalid, MethodRefused, TokenRefused
from latchkey.usecases import machine_tokens

BEARER = re.compile(r"[Bb]earer ([A-Za-z0-9._~+/-]{1,200})=*")


def bearer(event: Mapping[str, Any]) -> str:
    """Return the access token in the header `Authorization`. It is not verified.

    :raises TokenRefused: there is none.
    """
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    found = BEARER.fullmatch(headers.get("authorization", "").strip())
    if found is None:
        raise TokenRefused
    return found[1]


def respond(request: Request) -> Response | None:
    """Return the response of the token endpoint. None for a request to another path.

    :raises MethodRefused: the method is not POST.
    :raises RateLimited: the practice system asks too often.
    """
    if request.route != TOKEN_PATH:
        return None
    if request.method != "POST":
        raise MethodRefused(("POST",))
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return _error(400, "invalid_request")
    try:
        grant_type, scope = request.form_value("grant_type"), request.form_value("scope")
        client_id, secret = _client(request)
    except BodyInvalid:
        return _error(400, "invalid_request")
    if not grant_type:
        return _error(400, "invalid_request")
    if grant_type != "client_credentials":
        return _error(400, "unsupported_grant_type")
    if scope not in ("", SCOPE):
        return _error(400, "invalid_scope")
    try:
        token = machine_tokens.issue(client_id, secret, request.now)
    except TokenRefused:
        return _error(401, "invalid_client").with_headers({"www-authenticate": 'Basic realm="latchkey"'})
    document = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": SCOPE}
    return Response(200, json.dumps(document), JSON)


def _client(request: Request) -> tuple[str, str]:
    """Return the id and the secret of the OAuth client, from the header or from the form, and not from both.

    :raises BodyInvalid: both have one, or the header cannot be parsed.
    """
    in_form = request.form_value("client_id"), request.form_value("client_secret")
    header = request.headers.get("authorization")
    if header is None:
        return in_form
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or in_form[1]:
        raise BodyInvalid
    try:
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise BodyInvalid from None
    return unquote_plus(client_id), unquote_plus(secret)


def _error(status: int, code: str) -> Response:
    """Return an error document (RFC 6749, section 5.2)."""
    return Response(status, json.dumps({"error": code}), JSON)
