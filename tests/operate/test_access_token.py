"""Tests of the `token` command, with the stack's user pool and a simulated browser."""

import base64
import json
import secrets
import threading
import webbrowser
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import urllib3

from operate import access_token
from tests.operate.conftest import NAME, Deployed, Operate


@pytest.fixture
def endpoint(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the authorize endpoint, which on ministack has no host of its own. Shorten the command's timeout."""
    monkeypatch.setattr(access_token, "TIMEOUT_SECONDS", 10)
    return f"{deployed.address.endpoint}/oauth2/authorize"


def signed_in(deployed: Deployed, url: str) -> str:
    """Create a user, sign in at the pool's form, and return the URL that the form redirects to."""
    form = {"username": f"{secrets.token_hex(4)}@example.com", "password": secrets.token_urlsafe(24)}
    cognito, pool = deployed.client("cognito-idp"), deployed.names["ClinicianPool"]
    who = {"UserPoolId": pool, "Username": form["username"]}
    cognito.admin_create_user(**who, TemporaryPassword=form["password"], MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**who, Password=form["password"], Permanent=True)
    body = urlencode(dict(parse_qsl(urlsplit(url).query)) | form)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    page = f"{deployed.address.endpoint}/login"
    return str(urllib3.request("POST", page, body=body, headers=headers, redirect=False).headers["Location"])


def browser(monkeypatch: pytest.MonkeyPatch, live_session: Callable[[str], None]) -> None:
    """Run this function instead of a browser when the command opens a URL."""
    monkeypatch.setattr(webbrowser, "open", lambda url: threading.Thread(target=live_session, args=(url,)).start())


def scopes(token: str) -> list[str]:
    """Return the OAuth scopes of a token."""
    part = token.split(".")[1]
    fields: dict[str, str] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return fields["scope"].split()


def test_anyone_who_signs_in_in_the_browser_gets_a_token_with_the_scope(
    deployed: Deployed, operate: Operate, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def live_session(url: str) -> None:
        back = signed_in(deployed, url)
        # browsers also ask for an icon
        urllib3.request("GET", f"{back.partition('/signed-in')[0]}/favicon.ico", retries=False)
        urllib3.request("GET", back, retries=False)

    browser(monkeypatch, live_session)
    code, output, _ = operate("token", "--stack", NAME, "--sign-in", endpoint)

    assert code == 0
    assert "latchkey/admin" in scopes(output.strip())


def test_the_address_can_be_pasted_where_there_is_no_browser(
    deployed: Deployed,
    operate: Operate,
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Keyboard:
        def readline(self) -> str:
            url = next(word for word in capsys.readouterr().err.split() if word.startswith(endpoint))
            return signed_in(deployed, url) + "\n"

    monkeypatch.setattr("sys.stdin", Keyboard())
    code, output, _ = operate("token", "--stack", NAME, "--sign-in", endpoint, "--paste")

    assert code == 0
    assert "latchkey/admin" in scopes(output.strip())


def test_an_answer_to_someone_elses_question_is_refused(
    deployed: Deployed, operate: Operate, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def live_session(url: str) -> None:
        back = signed_in(deployed, url)
        urllib3.request("GET", back.replace("state=", "state=x"), retries=False)

    browser(monkeypatch, live_session)
    code, output, errors = operate("token", "--stack", NAME, "--sign-in", endpoint)

    assert (code, output) == (2, "")
    assert errors.endswith("operate: Nobody signed in: the browser returned from another sign-in. Run this again.\n")
