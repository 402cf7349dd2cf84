"""Tests of the cache of Google's signing keys, with a simulated clock."""

import hashlib
import secrets
import time
from dataclasses import replace

import pytest

from latchkey import keys, settings
from latchkey.identity import jwks
from latchkey.identity.oidc import fetch_identity
from latchkey.identity.providers import GOOGLE
from latchkey.rules.addresses import CanonicalAddress
from latchkey.rules.identities import ProviderIdentity
from latchkey.rules.refusals import ProviderFailed
from tests.identity.fake_provider import (
    CLIENT,
    MARIA,
    MISSING,
    SECOND,
    SECRET,
    FakeProvider,
    Reply,
    encoded,
    jwk,
    rs256,
)
from tests.identity.test_provider_outages import cut_off, dripping_body, dripping_head, hanging_up, silent
from tests.kit.caches import anew
from tests.kit.clock import NOON, Clock

HOUR = 3600
BACK = "https://portal.example.com/google/callback"


def with_provider(**changes: str) -> settings.Settings:
    """Return the settings with changed fields of the provider `google`."""
    loaded = settings.load()
    return replace(loaded, providers={"google": replace(loaded.providers["google"], **changes)})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, google: FakeProvider) -> Clock:
    """Return the clock of a function that has just started, with the fake Google as its provider."""
    config = with_provider(
        client_id=CLIENT, issuer=google.url, token_url=f"{google.url}/token", certs_url=f"{google.url}/certs"
    )
    clock = Clock()
    monkeypatch.setattr(settings, "load", lambda: config)
    monkeypatch.setattr(keys, "provider_client_secret", lambda _: SECRET)
    monkeypatch.setattr(jwks, "time", clock)
    monkeypatch.setattr(jwks, "_cache", anew(jwks._cache))  # noqa: SLF001 - a new function has none
    google.cache_control = f"public, max-age={HOUR}, must-revalidate, no-transform"
    return clock


def fetch(google: FakeProvider) -> ProviderIdentity:
    """Return the identity of a sign-in at the fake Google."""
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    challenge = encoded(hashlib.sha256(verifier.encode()).digest())
    query = {"nonce": nonce, "redirect_uri": BACK, "code_challenge": challenge, "code_challenge_method": "S256"}
    code = google.code_for({name: [value] for name, value in (query | {"scope": "openid"}).items()})
    return fetch_identity(GOOGLE, code, nonce, verifier, BACK)


@pytest.mark.usefixtures("clock")
def test_a_hundred_returns_ask_for_the_keys_once(google: FakeProvider) -> None:
    assert {fetch(google) for _ in range(100)} == {ProviderIdentity(MARIA, CanonicalAddress("maria.gomez@gmail.com"))}
    assert google.keys_fetched == 1


def test_keys_are_good_for_as_long_as_their_headers_say(clock: Clock, google: FakeProvider) -> None:
    fetch(google)
    clock.now += HOUR - 1
    fetch(google)
    assert google.keys_fetched == 1
    clock.now += 1
    fetch(google)
    assert google.keys_fetched == 2


@pytest.mark.parametrize(
    "header",
    [
        "",
        "no-store",
        "no-cache, max-age=60",
        "no-store, max-age=60",
        "max-age=",
        "max-age=x",
        "max-age=" + "9" * 5000,
    ],
    ids=lambda header: str(header)[:24],
)
@pytest.mark.usefixtures("clock")
def test_keys_that_may_not_be_stored_are_not(google: FakeProvider, header: str) -> None:
    google.cache_control = header
    fetch(google)
    fetch(google)
    assert google.keys_fetched == 2


@pytest.mark.parametrize("header", ["max-age=60", "MAX-AGE=60", "private,max-age=60", "max-age=60 , foo"])
def test_the_age_is_read_however_it_is_written(clock: Clock, google: FakeProvider, header: str) -> None:
    google.cache_control = header
    fetch(google)
    clock.now += 59
    fetch(google)
    assert google.keys_fetched == 1


def test_the_age_in_another_cache_counts(clock: Clock, google: FakeProvider) -> None:
    google.at_keys = lambda it: it.tell(google.keys, cache_control="max-age=3600", age="3000")
    fetch(google)
    clock.now += 599
    fetch(google)
    assert google.keys_fetched == 1
    clock.now += 1
    fetch(google)
    assert google.keys_fetched == 2


def test_old_keys_are_used_for_an_hour_while_there_are_no_new_ones(clock: Clock, google: FakeProvider) -> None:
    fetch(google)
    google.at_keys = lambda it: it.say(500)
    clock.now += 2 * HOUR - 1
    fetch(google)
    clock.now += 1
    with pytest.raises(ProviderFailed):
        fetch(google)


def test_keys_that_cannot_be_fetched_are_requested_twice_a_minute(clock: Clock, google: FakeProvider) -> None:
    fetch(google)
    google.at_keys = lambda it: it.say(500)
    for second in range(60):
        clock.now = NOON + HOUR + second
        fetch(google)
    assert google.keys_fetched == 3


@pytest.mark.usefixtures("clock")
def test_keys_that_may_not_be_stored_are_not_used_while_there_are_no_new_ones(google: FakeProvider) -> None:
    google.cache_control = "no-store"
    fetch(google)
    google.at_keys = lambda it: it.say(500)
    with pytest.raises(ProviderFailed):
        fetch(google)


@pytest.mark.parametrize("reply", [silent, dripping_head, dripping_body, hanging_up, cut_off])
def test_slow_keys_delay_one_sign_in_in_30_seconds_by_a_second(
    clock: Clock, google: FakeProvider, reply: Reply
) -> None:
    fetch(google)
    google.at_keys = reply
    clock.now += HOUR
    began = time.monotonic()
    for _ in range(5):
        fetch(google)
    assert time.monotonic() - began < 4  # five waits take five seconds, and the machine may be busy
    assert google.keys_fetched == 2


@pytest.mark.usefixtures("clock")
def test_an_answer_without_keys_is_not_stored(google: FakeProvider) -> None:
    google.at_keys = lambda it: it.tell({"error": "oops"}, cache_control="max-age=3600")
    with pytest.raises(ProviderFailed):
        fetch(google)
    google.at_keys = None
    fetch(google)


def test_a_new_key_is_known_within_a_minute_though_the_old_ones_are_fresh(clock: Clock, google: FakeProvider) -> None:
    fetch(google)
    google.keys = {"keys": [jwk("third", SECOND)]}
    google.header, google.sign = {"kid": "third"}, rs256(SECOND)
    clock.now += 59
    for _ in range(3):
        with pytest.raises(ProviderFailed):
            fetch(google)
    assert google.keys_fetched == 1
    clock.now += 1
    fetch(google)
    assert google.keys_fetched == 2


def test_keys_that_are_withdrawn_sign_nothing_any_more(clock: Clock, google: FakeProvider) -> None:
    fetch(google)
    google.keys = {"keys": [jwk("second", SECOND)]}
    clock.now += HOUR
    with pytest.raises(ProviderFailed):
        fetch(google)


def test_a_key_that_never_was_is_fetched_no_more_than_once_a_minute(clock: Clock, google: FakeProvider) -> None:
    fetch(google)
    google.header = {"kid": "never"}
    for _ in range(12):
        clock.now += 10
        with pytest.raises(ProviderFailed):
            fetch(google)
    assert google.keys_fetched == 3


def test_a_token_that_without_a_key_id_fetches_no_keys(clock: Clock, google: FakeProvider) -> None:
    google.header = {"kid": MISSING}
    fetch(google)
    clock.now += HOUR - 1
    fetch(google)
    assert google.keys_fetched == 1


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
@pytest.mark.usefixtures("clock")
def test_google_itself_signs_under_either_name(
    monkeypatch: pytest.MonkeyPatch, google: FakeProvider, issuer: str
) -> None:
    config = with_provider(issuer="https://accounts.google.com")
    monkeypatch.setattr(settings, "load", lambda: config)
    google.claims["iss"] = issuer
    assert fetch(google).subject == MARIA
    google.claims["iss"] = google.url
    with pytest.raises(ProviderFailed):
        fetch(google)


@pytest.mark.usefixtures("clock")
def test_a_printed_identity_shows_no_personal_data(google: FakeProvider) -> None:
    assert repr(fetch(google)) == "ProviderIdentity()"


@pytest.mark.usefixtures("clock")
def test_nobody_at_the_other_end_is_a_failure(monkeypatch: pytest.MonkeyPatch, google: FakeProvider) -> None:
    for url in ("http://127.0.0.1:9/token", "http://nowhere.invalid/token", "http://[::bad/token"):
        config = with_provider(token_url=url)
        monkeypatch.setattr(settings, "load", lambda config=config: config)
        with pytest.raises(ProviderFailed):
            fetch(google)
