"""Sign-in to the console by an OpenID provider that is not the stack's own pool."""

import time
from collections.abc import Iterator

import pytest

from latchkey import tokens
from latchkey.identity import jwks, staff
from latchkey.rules.members import Role
from latchkey.store import members
from tests.identity import fake_provider
from tests.identity.fake_provider import (
    CLIENT,
    FIRST,
    MARIA,
    MISSING,
    SECOND,
    SECRET,
    FakeProvider,
    Server,
    hs256,
    jwk,
    pem,
    rs256,
)
from tests.kit import caches
from tests.kit.browser import Browser
from tests.kit.cloud import boto3_client
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal
from tests.kit.sockets import listening, silent

WAY_ON_SECONDS = 6


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with fake_provider.serving() as started:
        yield started


@pytest.fixture
def provider(portal: Portal, server: Server) -> FakeProvider:
    """Return a provider that the console trusts, with a clinician of Willow."""
    known = server.reset()
    portal.parameters |= {"TokenIssuer": known.url, "TokenClientIds": CLIENT, "ConsoleClientId": CLIENT}
    stored = boto3_client("secretsmanager").create_secret(Name=tokens.random_id().hex(), SecretString=SECRET)
    portal._names["ConsoleSecret"] = stored["ARN"]  # noqa: SLF001 - a secret of the stack
    caches.empty(staff)
    caches.empty(jwks)
    with portal._environment("Console"):  # noqa: SLF001 - the table is written as a function would
        members.set_role("willow", MARIA, Role.CLINICIAN, "Maria Gomez")
    return known


@pytest.fixture
def browser(portal: Portal) -> Browser:
    return portal.browser()


def sign_in(browser: Browser, provider: FakeProvider, to: str = "/admin/willow") -> HttpResponse:
    """Sign in at the provider, and return the response to the callback."""
    return browser.get(provider.consented(browser.get(f"/admin/sign-in?to={to}").location))


def test_a_member_signs_in_by_any_openid_provider(browser: Browser, provider: FakeProvider) -> None:
    response = sign_in(browser, provider, "/admin/willow/clients")
    assert (response.status, response.location) == (303, "/admin/willow/clients")
    assert browser.get("/admin/willow/clients").page.heading == "Clients"
    (query,) = provider.authorize_requests
    assert query["code_challenge_method"] == ["S256"]
    assert query["scope"] == ["openid email"]
    out = browser.post("/admin/sign-out").page
    assert out.links["Sign out of your account too"].startswith(f"{provider.url}/end?")


def test_a_key_that_the_provider_has_rotated_is_fetched(
    browser: Browser, provider: FakeProvider, portal: Portal
) -> None:
    assert sign_in(browser, provider).status == 303
    provider.keys = {"keys": [jwk("third", SECOND)]}
    provider.sign, provider.header = rs256(SECOND), {"kid": "third"}
    portal.now += 3600
    later = portal.browser()
    assert sign_in(later, provider).status == 303
    assert later.get("/admin/willow").status == 200


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"aud": "another"}, {}),
        ({"iss": "https://evil.example"}, {}),
        ({"exp": lambda now: now - 600}, {}),
        ({"nonce": "another"}, {}),
        ({"nonce": MISSING}, {}),
        ({"sub": MISSING}, {}),
        ({"sub": "client"}, {}),
        ({"sub": "system"}, {}),
        ({"sub": "machine:01ARZ3NDEKTSV4RRFFQ69G5FAV"}, {}),
        ({}, {"alg": "none"}),
        ({}, {"kid": "unknown"}),
    ],
)
def test_a_forged_token_signs_nobody_in(
    browser: Browser, provider: FakeProvider, claims: dict[str, object], header: dict[str, object]
) -> None:
    provider.claims, provider.header = claims, header
    refused = sign_in(browser, provider)
    assert refused.status >= 400
    assert refused.page.links["Try once more"] == "/admin/sign-in"
    assert "__Host-staff" not in browser.cookies


def test_a_token_that_another_key_signed_signs_nobody_in(browser: Browser, provider: FakeProvider) -> None:
    for sign, header in ((rs256(SECOND), {}), (hs256(pem(FIRST)), {"alg": "HS256"})):
        provider.sign, provider.header = sign, header
        assert sign_in(browser, provider).status >= 400
    assert "__Host-staff" not in browser.cookies


def test_after_an_idle_end_an_earlier_authentication_is_not_enough(
    portal: Portal, browser: Browser, provider: FakeProvider
) -> None:
    assert sign_in(browser, provider).status == 303
    portal.now += 21 * 60
    assert browser.get("/admin/willow").status == 401
    provider.claims = {"auth_time": lambda now: now - 3600}
    assert sign_in(browser, provider).status >= 400
    provider.claims = {"auth_time": lambda now: now}
    assert sign_in(browser, provider).status == 303
    assert provider.authorize_requests[-1]["prompt"] == ["login"]


def test_a_callback_is_not_accepted_a_second_time(portal: Portal, browser: Browser, provider: FakeProvider) -> None:
    location = browser.get("/admin/sign-in").location
    started = browser.cookies["__Host-staff-state"]
    callback = provider.consented(location)
    assert browser.get(callback).status == 303
    thief = portal.browser()
    thief.cookies["__Host-staff-state"] = started
    assert thief.get(callback).status >= 400
    assert "__Host-staff" not in thief.cookies


@pytest.mark.parametrize("endpoint", ["token", "keys"])
def test_a_silent_provider_gets_a_page_with_a_way_on(browser: Browser, provider: FakeProvider, endpoint: str) -> None:
    if endpoint == "token":
        provider.at_token = lambda handler: handler.say_nothing()
    else:
        provider.at_keys = lambda handler: handler.say_nothing()
    started = time.monotonic()
    refused = sign_in(browser, provider)
    assert time.monotonic() - started < WAY_ON_SECONDS
    assert refused.status >= 400
    assert refused.page.links["Try once more"] == "/admin/sign-in"


@pytest.mark.usefixtures("provider")
def test_a_provider_without_configuration_gets_a_page_with_a_way_on(portal: Portal, browser: Browser) -> None:
    with listening(silent) as url:
        portal.parameters["ConsoleDiscoveryUrl"] = url
        started = time.monotonic()
        refused = browser.get("/admin/sign-in")
    assert time.monotonic() - started < WAY_ON_SECONDS
    assert refused.status >= 400
    assert refused.page.links["Try once more"] == "/admin/sign-in"


@pytest.mark.usefixtures("provider")
def test_a_configuration_of_another_issuer_is_refused(portal: Portal, browser: Browser, provider: FakeProvider) -> None:
    url = f"{provider.url}/.well-known/openid-configuration"
    portal.parameters |= {"TokenIssuer": "https://issuer.example", "ConsoleDiscoveryUrl": url}
    assert browser.get("/admin/sign-in").status >= 400
    assert not provider.authorize_requests
