"""The `token` command: get an access token from the stack's user pool, by authorization code with PKCE.

Clinicians' own pages use the same flow. Only tokens from this flow have the OAuth scope of the API.
"""

import argparse
import base64
import hashlib
import json
import secrets
import sys
import time
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3

from operate import api, aws
from operate.errors import CommandError

SCOPES = "openid latchkey/admin"
TIMEOUT_SECONDS = 300
"""Time that a person has to sign in."""


def show(args: argparse.Namespace) -> None:
    """Print the access token. Print nothing else on standard output."""
    print(token(aws.stack(args.stack), args.sign_in, paste=args.paste))


def token(stack: aws.Stack, endpoint: str | None, *, paste: bool) -> str:
    """Return an access token of the person who signs in now in the browser. It is valid for an hour.

    `endpoint` is the pool's authorize endpoint. None means the stack's output ClinicianSignIn. With `paste`, the
    command asks for the address that the browser ends at. It also asks if the callback is not on this machine.

    :raises CommandError: the stack has no user pool, nobody signed in, or the pool refused.
    """
    endpoint = endpoint or stack.outputs.get("ClinicianSignIn")
    client = stack.outputs.get("ClinicianClientId")
    if not endpoint or not client:
        raise CommandError(
            f"{stack.name} has no user pool of its own. Get a token from its issuer and give it as --token."
        )
    callback = _callback(stack, client)
    state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
    query = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": callback,
        "scope": SCOPES,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    url = f"{endpoint}?{urlencode(query)}"
    is_local = urlsplit(callback).hostname in ("localhost", "127.0.0.1")
    returned = _read_pasted_url(url) if paste or not is_local else _wait_for_callback(url, callback)
    if returned.get("state") != [state] or "code" not in returned:
        reason = " ".join(returned.get("error_description", ["the browser returned from another sign-in"]))
        raise CommandError(f"Nobody signed in: {reason}. Run this again.")
    return _exchange_code(endpoint, client, callback, returned["code"][0], verifier)


def _callback(stack: aws.Stack, client: str) -> str:
    description = aws.client("cognito-idp").describe_user_pool_client(
        UserPoolId=stack.outputs["ClinicianPoolId"], ClientId=client
    )
    return str(description["UserPoolClient"]["CallbackURLs"][0])


def _read_pasted_url(url: str) -> dict[str, list[str]]:
    print(
        f"Sign in at\n  {url}\nThen paste the address that the browser ends at. The page itself need not open:",
        file=sys.stderr,
    )
    return parse_qs(urlsplit(sys.stdin.readline().strip()).query)


def _wait_for_callback(url: str, callback: str) -> dict[str, list[str]]:
    """Return the query parameters of the callback, received by a server on this machine."""
    returned: list[dict[str, list[str]]] = []
    expected = urlsplit(callback)

    class CallbackHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path != expected.path:
                self.send_error(404)
                return
            returned.append(parse_qs(url.query))
            text = b"Done. You can close this page and go back to the terminal."
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Log nothing, because the URL contains an authorization code."""

    try:
        server = HTTPServer(("127.0.0.1", expected.port or 80), CallbackHandler)
    except OSError:
        raise CommandError(
            f"Port {expected.port} is in use. Stop the program that listens there, or use --paste."
        ) from None
    with server:
        print(f"Sign in at\n  {url}", file=sys.stderr)
        webbrowser.open(url)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not returned and (left := deadline - time.monotonic()) > 0:
            server.timeout = left
            server.handle_request()
    if not returned:
        raise CommandError("Nobody signed in within 5 minutes. Run this again.")
    return returned[0]


def _exchange_code(endpoint: str, client: str, callback: str, code: str, verifier: str) -> str:
    form = {
        "grant_type": "authorization_code",
        "client_id": client,
        "redirect_uri": callback,
        "code": code,
        "code_verifier": verifier,
    }
    response = urllib3.request(
        "POST",
        endpoint.removesuffix("/authorize") + "/token",
        body=urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        retries=False,
        timeout=api.REQUEST_TIMEOUT_SECONDS,
    )
    try:
        return str(json.loads(response.data)["access_token"])
    except (ValueError, KeyError, TypeError):
        raise CommandError(f"The user pool issued no token: it answered {response.status}. Run this again.") from None
