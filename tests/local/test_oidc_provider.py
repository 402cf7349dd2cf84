"""Tests of the stand-in for Google. To a portal, it behaves as Google does."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from local import oidc_provider

BASE = "http://127.0.0.1:9000"
CALLBACK = "http://localhost:8000/google/callback"
VERIFIER = "v" * 43
MARIA, KIM = oidc_provider.ACCOUNTS[0], oidc_provider.ACCOUNTS[1]


class ProviderUnderTest:
    """The stand-in, the portal's OAuth client there, and a browser."""

    def __init__(self) -> None:
        app = oidc_provider.provider()
        self.browser: FlaskClient = app.test_client()
        body = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"}
        known = self.browser.post("/oauth2/clients", json=body, base_url=BASE).get_json()
        self.id, self.secret = known["client_id"], known["client_secret"]

    def asks(self, **other: str) -> dict[str, str]:
        """Return the query of the portal's authorization request."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
        usual = {"response_type": "code", "client_id": self.id, "redirect_uri": CALLBACK, "state": "s", "nonce": "n"}
        proof = {"scope": "openid email profile", "code_challenge": challenge, "code_challenge_method": "S256"}
        return usual | proof | other

    def opened(self, **other: str) -> TestResponse:
        return self.browser.get(oidc_provider.AUTHORIZE, query_string=self.asks(**other), base_url=BASE)

    def pressed(self, account: oidc_provider.ProviderAccount, **other: str) -> TestResponse:
        form = {"sub": account.subject}
        return self.browser.post(oidc_provider.AUTHORIZE, query_string=self.asks(**other), data=form, base_url=BASE)

    def exchanged(self, code: str, **other: str) -> TestResponse:
        usual = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        form = usual | {"code": code, "client_id": self.id, "client_secret": self.secret} | other
        return self.browser.post(oidc_provider.TOKEN, data=form, base_url=BASE)


@pytest.fixture(autouse=True)
def _plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stand-in use plain HTTP on loopback."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def provider(_plainly: None) -> ProviderUnderTest:
    return ProviderUnderTest()


def code_in(answer: TestResponse) -> str:
    assert answer.location
    assert answer.location.startswith(CALLBACK)
    return parse_qs(urlsplit(answer.location).query)["code"][0]


def test_people_choose_one_of_their_accounts(provider: ProviderUnderTest) -> None:
    page = provider.opened()

    assert page.status_code == 200
    assert all(account.email in page.text and account.subject in page.text for account in oidc_provider.ACCOUNTS)


def test_a_code_is_worth_one_token_that_says_who_it_is(provider: ProviderUnderTest) -> None:
    code = code_in(provider.pressed(MARIA))
    answer = provider.exchanged(code)
    keys = provider.browser.get(oidc_provider.KEYS, base_url=BASE)
    claims = jwt.decode(answer.get_json()["id_token"], KeySet.import_key_set(keys.get_json()), ["RS256"]).claims

    assert (claims["iss"], claims["aud"], claims["nonce"], claims["sub"]) == (BASE, [provider.id], "n", MARIA.subject)
    assert (claims["email"], claims["email_verified"]) == ("maria.gomez@gmail.com", True)
    assert "max-age=3600" in keys.headers["Cache-Control"]
    assert provider.exchanged(code).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"client_secret": "guess"},
        {"redirect_uri": "http://x.example/"},
    ],
)
def test_a_code_is_worth_nothing_to_a_stranger(provider: ProviderUnderTest, wrong: dict[str, str]) -> None:
    assert provider.exchanged(code_in(provider.pressed(MARIA)), **wrong).status_code >= 400


def test_nobody_gets_the_form_without_a_code_challenge_or_sent_elsewhere(provider: ProviderUnderTest) -> None:
    assert provider.opened(code_challenge_method="plain").status_code == 400
    assert provider.opened(redirect_uri="https://evil.example/").status_code == 400
    assert provider.opened(client_id="nobody").status_code == 400


def test_anyone_who_chose_before_is_sent_straight_back(provider: ProviderUnderTest) -> None:
    provider.pressed(KIM)
    repeated = provider.opened()

    assert repeated.status_code == 302
    assert provider.exchanged(code_in(repeated)).status_code == 200
    assert provider.opened(prompt="select_account").status_code == 200
    provider.browser.get(oidc_provider.FORGET, base_url=BASE)
    assert provider.opened().status_code == 200


def test_anyone_who_cancels_comes_back_without_a_code(provider: ProviderUnderTest) -> None:
    form = {"action": "deny"}
    answer = provider.browser.post(oidc_provider.AUTHORIZE, query_string=provider.asks(), data=form, base_url=BASE)

    assert parse_qs(urlsplit(answer.location or "").query)["error"] == ["access_denied"]
