"""A stand-in for Google: an OpenID Connect provider. Run it as `python -m local.oidc_provider --port 9000`.

`oidc-provider-mock` signs with its own RSA keys, registers OAuth clients, checks their secrets and redirect URIs, and
accepts each authorization code once. This module adds what Google does too. It checks PKCE, lists accounts by name, and
returns a browser at once if it has chosen an account before.
"""

import argparse
import hashlib
import logging
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import oidc_provider_mock  # type: ignore[import-untyped]
from flask import Flask, Response, redirect, request
from flask.typing import ResponseReturnValue
from jinja2 import FileSystemLoader
from werkzeug.serving import run_simple

from local import page_templates

AUTHORIZE, TOKEN, KEYS, FORGET = "/oauth2/authorize", "/oauth2/token", "/jwks", "/forget"
KEYS_SECONDS = 3600
ACCOUNT_COOKIE = "account"
"""Cookie with the subject of the account that this browser has chosen."""


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """A person's account at the provider."""

    subject: str
    name: str
    email: str
    about: str
    """Explanation for the reader of the page."""

    @property
    def claims(self) -> dict[str, object]:
        """Claims of the ID token, besides the subject."""
        return {"name": self.name, "email": self.email, "email_verified": True}


ACCOUNTS = (
    ProviderAccount("108153379520442000001", "Maria Gomez", "maria.gomez@gmail.com", "on file at Willow Creek"),
    ProviderAccount(
        "108153379520442000002", "Kim Lee", "kim@gmail.com", "on file with a modifier, as kim+kids@gmail.com"
    ),
    ProviderAccount("108153379520442000003", "Pat Quinn", "pat.quinn@gmail.com", "not on file at any practice"),
    ProviderAccount(
        "108153379520442000004", "Ana Reyes", "ana@example.com", "on file, with an address that is not at Google"
    ),
    ProviderAccount(
        "108153379520442000005", "Mario Gomez", "maria.gomez@gmail.com", "another account with Maria's address"
    ),
)


def provider() -> Flask:
    """Return the provider as a Flask app. It has no OAuth client until one registers."""
    people = [oidc_provider_mock.User(sub=account.subject, claims=account.claims) for account in ACCOUNTS]
    app: Flask = oidc_provider_mock.app(require_client_registration=True, require_nonce=True, user_claims=people)
    app.debug = False
    app.jinja_loader = FileSystemLoader([page_templates.GOOGLE, *page_templates.FOLDERS])
    app.jinja_env.globals["accounts"] = ACCOUNTS
    _verify_pkce(app)
    _skip_account_choice(app)
    app.after_request(_allow_key_caching)
    return app


def _verify_pkce(app: Flask) -> None:
    """Accept a code only with the code verifier of its request (PKCE, RFC 7636)."""
    challenges: dict[str, str] = {}

    @app.before_request
    def check() -> ResponseReturnValue | None:
        if request.path == AUTHORIZE and request.args.get("code_challenge_method") != "S256":
            return {"error": "invalid_request"}, 400
        if request.path == TOKEN:
            verifier = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
            proof = urlsafe_b64encode(verifier).decode().rstrip("=")
            if challenges.pop(request.form.get("code", ""), None) != proof:
                return {"error": "invalid_grant"}, 400
        return None

    @app.after_request
    def save_challenge(response: Response) -> Response:
        for code in _codes(response):
            challenges[code] = request.args.get("code_challenge", "")
        return response


def _skip_account_choice(app: Flask) -> None:
    """Skip the list of accounts if this browser has chosen one before, unless the request has `prompt`."""
    subjects = {account.subject for account in ACCOUNTS}

    @app.before_request
    def return_at_once() -> ResponseReturnValue | None:
        subject = request.cookies.get(ACCOUNT_COOKIE)
        if request.path != AUTHORIZE or request.method != "GET" or subject not in subjects or "prompt" in request.args:
            return None
        return app.test_client().post(request.full_path, data={"sub": subject}, base_url=request.host_url)

    @app.after_request
    def save_choice(response: Response) -> Response:
        if any(_codes(response)) and request.form:
            response.set_cookie(ACCOUNT_COOKIE, request.form["sub"], httponly=True, samesite="Lax")
        return response

    @app.get(FORGET)
    def forget() -> ResponseReturnValue:
        response = redirect(request.args.get("back", "/"))
        response.delete_cookie(ACCOUNT_COOKIE)
        return response


def _allow_key_caching(response: Response) -> Response:
    if request.path == KEYS:
        response.cache_control.public = True
        response.cache_control.max_age = KEYS_SECONDS
    return response


def _codes(response: Response) -> list[str]:
    return parse_qs(urlsplit(response.location or "").query).get("code", [])


def main() -> None:
    """Run the provider on a port of this machine. Requests are not logged, because their URLs contain codes."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(prog="python -m local.oidc_provider")
    parser.add_argument("--port", type=int, required=True)
    run_simple("127.0.0.1", parser.parse_args().port, provider(), threaded=True)


if __name__ == "__main__":
    main()
