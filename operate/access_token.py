"""An access token, the way clinicians' own pages get theirs: authorization code with PKCE at the stack's user pool.

Only tokens that come this way carry the scope of the API.
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
PATIENCE_SECONDS = 300
"""How long someone may take to sign in."""


def show(asked: argparse.Namespace) -> None:
    """Print the token, and nothing else on standard output."""
    print(token(aws.stack(asked.stack), asked.sign_in, paste=asked.paste))


def token(stack: aws.Stack, endpoint: str | None, *, paste: bool) -> str:
    """An access token of whoever signs in now in the browser; good for an hour.

    `endpoint` is the pool's authorize endpoint, if it is not the one that the stack names. With `paste`, or where the
    pool sends people to a page that is not on this machine, the address they end at is asked for.

    :raises Trouble: nobody signed in, or the pool refused.
    """
    endpoint = endpoint or stack.outputs.get("ClinicianSignIn")
    client = stack.outputs.get("ClinicianClientId")
    if not endpoint or not client:
        raise CommandError(f"{stack.name} takes another issuer's tokens: get one there, and give it as --token")
    callback = _callback(stack, client)
    state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
    asked = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": callback,
        "scope": SCOPES,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    url = f"{endpoint}?{urlencode(asked)}"
    local = urlsplit(callback).hostname in ("localhost", "127.0.0.1")
    returned = _read_pasted_url(url) if paste or not local else _wait_for_callback(url, callback)
    if returned.get("state") != [state] or "code" not in returned:
        raise CommandError(
            f"nobody was signed in: {' '.join(returned.get('error_description', ['another answer came back']))}"
        )
    return _exchanged(endpoint, client, callback, returned["code"][0], verifier)


def _callback(stack: aws.Stack, client: str) -> str:
    told = aws.client("cognito-idp").describe_user_pool_client(
        UserPoolId=stack.outputs["ClinicianPoolId"], ClientId=client
    )
    return str(told["UserPoolClient"]["CallbackURLs"][0])


def _read_pasted_url(url: str) -> dict[str, list[str]]:
    print(
        f"Sign in at\n  {url}\nand paste the address that you end at (the page itself need not open):", file=sys.stderr
    )
    return parse_qs(urlsplit(sys.stdin.readline().strip()).query)


def _wait_for_callback(url: str, callback: str) -> dict[str, list[str]]:
    """What the pool sends the browser back with, taken on this machine."""
    returned: list[dict[str, list[str]]] = []
    place = urlsplit(callback)

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = urlsplit(self.path)
            if here.path != place.path:
                self.send_error(404)
                return
            returned.append(parse_qs(here.query))
            said = b"Done. You can close this page, and go back to the terminal."
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Nothing: the address holds a code."""

    try:
        server = HTTPServer(("127.0.0.1", place.port or 80), Door)
    except OSError:
        raise CommandError(f"port {place.port} is taken: stop what listens there, or use --paste") from None
    with server:
        print(f"Sign in at\n  {url}", file=sys.stderr)
        webbrowser.open(url)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not returned and (left := deadline - time.monotonic()) > 0:
            server.timeout = left
            server.handle_request()
    if not returned:
        raise CommandError("nobody signed in within 5 minutes")
    return returned[0]


def _exchanged(endpoint: str, client: str, callback: str, code: str, verifier: str) -> str:
    exchange = {
        "grant_type": "authorization_code",
        "client_id": client,
        "redirect_uri": callback,
        "code": code,
        "code_verifier": verifier,
    }
    answer = urllib3.request(
        "POST",
        endpoint.removesuffix("/authorize") + "/token",
        body=urlencode(exchange),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        retries=False,
        timeout=api.SECONDS,
    )
    try:
        return str(json.loads(answer.data)["access_token"])
    except (ValueError, KeyError, TypeError):
        raise CommandError(f"the user pool gave no token: it answered {answer.status}") from None
