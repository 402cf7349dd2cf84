"""Tests of stored devices under concurrent requests, on both engines in place of DynamoDB."""

from functools import partial

import pytest

from latchkey import tokens
from latchkey.rules.accounts import Account
from latchkey.rules.app_codes import MAX_TRIES
from latchkey.rules.refusals import AppCodeRefused, RefreshTokenRefused, RefreshTokenReused, SignedOut, Unavailable
from latchkey.rules.times import millis
from latchkey.store import app_codes, devices, sessions
from latchkey.store.devices import AppAttempt, SignedInDevice
from tests.kit import sam_template
from tests.kit.clock import NOON
from tests.store.engines import Engine
from tests.store.flows import at_once, disable, on_file, sign_in

REQUEST = "request-of-an-app"
CROWD = 8


@pytest.fixture
def ana(engine: Engine) -> Account:
    sam_template.delete_items(engine.client)
    account = on_file()
    cookie = sign_in(account)
    live = sessions.peek("willow", cookie, NOON)
    app_codes.save(REQUEST, live, "code", "typed", NOON)
    return live.account


def attempt(account: Account) -> AppAttempt:
    return AppAttempt(
        id=tokens.new_ulid(NOON * 1000),
        session_token=tokens.new_session_cookie(account.key),
        refresh_token=tokens.new_refresh_token(account.key, tokens.new_family()),
        now_ms=millis(NOON),
        support_code="JKL5-2M4P",
    )


def redeem(account: Account, made: AppAttempt | None = None) -> SignedInDevice:
    stored = app_codes.find(REQUEST)
    assert stored
    app_codes.count_try(REQUEST, NOON)
    return devices.sign_in(REQUEST, stored, "code", "", made or attempt(account))


def renewal_of(token: str) -> AppAttempt:
    account_key, family = tokens.parse_refresh_token(token) or (b"", b"")
    return AppAttempt(
        id=tokens.new_ulid(NOON * 1000),
        session_token=tokens.new_session_cookie(account_key),  # type: ignore[arg-type]
        refresh_token=tokens.new_refresh_token(account_key, family),  # type: ignore[arg-type]
        now_ms=millis(NOON),
        support_code="JKL5-2M4P",
    )


def is_in(made: AppAttempt) -> bool:
    try:
        sessions.peek("willow", made.session_token, NOON, tokens.app_session_digest)
    except SignedOut:
        return False
    return True


def test_a_code_that_is_sent_often_at_once_opens_one_session(ana: Account) -> None:
    """B221, B223"""
    made = [attempt(ana) for _ in range(32)]
    results = at_once(*(partial(redeem, ana, one) for one in made))
    assert sum(isinstance(result, SignedInDevice) for result in results) == 1
    assert all(isinstance(result, SignedInDevice | AppCodeRefused | Unavailable) for result in results)
    assert sum(map(is_in, made)) == 1
    stored = app_codes.find(REQUEST)
    assert stored
    assert stored.is_used
    assert stored.tries <= MAX_TRIES


def test_a_code_that_another_used_after_it_was_read_opens_nothing(ana: Account) -> None:
    """B221: the device of the other is stored already, so no place is left to fight for."""
    stored, late = app_codes.find(REQUEST), attempt(ana)
    assert stored
    app_codes.count_try(REQUEST, NOON)
    redeem(ana)
    with pytest.raises(AppCodeRefused):
        devices.sign_in(REQUEST, stored, "code", "", late)
    assert not is_in(late)


def test_a_refresh_token_that_is_sent_often_at_once_ends_the_device(ana: Account) -> None:
    """B224: the first of them has nothing left either."""
    first = attempt(ana)
    redeem(ana, first)
    renewals = [renewal_of(first.refresh_token) for _ in range(CROWD)]
    results = at_once(*(partial(devices.refresh, "willow", first.refresh_token, one) for one in renewals))
    assert sum(isinstance(result, SignedInDevice) for result in results) <= 1
    assert any(isinstance(result, RefreshTokenReused) for result in results)
    assert not any(map(is_in, renewals))
    assert devices.live(ana.key, NOON) == []
    for one in (first, *renewals):
        with pytest.raises(RefreshTokenRefused):
            devices.refresh("willow", one.refresh_token, renewal_of(one.refresh_token))


@pytest.mark.parametrize("meanwhile", ["renewed", "ended"])
def test_a_device_that_changed_after_it_was_read_is_not_renewed(
    ana: Account, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """B224"""
    first = attempt(ana)
    device = redeem(ana, first).device
    reads, find = [devices.find(ana.key)], devices.find
    if meanwhile == "renewed":
        devices.refresh("willow", first.refresh_token, renewal_of(first.refresh_token))
    else:
        devices.end(device, "signed_out", millis(NOON), "JKL5-2M4P")
    monkeypatch.setattr(devices, "find", lambda key: reads.pop() if reads else find(key))
    late = renewal_of(first.refresh_token)
    with pytest.raises(RefreshTokenReused if meanwhile == "renewed" else RefreshTokenRefused):
        devices.refresh("willow", first.refresh_token, late)
    assert not is_in(late)
    assert devices.live(ana.key, NOON) == []


def test_a_device_that_is_ended_while_it_is_renewed_stays_ended(ana: Account) -> None:
    """B225: by its owner, by the app itself, and with access."""
    first = attempt(ana)
    device = redeem(ana, first).device
    live = sessions.peek("willow", first.session_token, NOON, tokens.app_session_digest)
    renewal = renewal_of(first.refresh_token)
    at_once(
        partial(devices.refresh, "willow", first.refresh_token, renewal),
        partial(devices.end, device, "signed_out", millis(NOON), "JKL5-2M4P"),
        partial(sessions.end, live, millis(NOON)),
    )
    assert not is_in(renewal)
    assert devices.live(ana.key, NOON) == []


def test_signing_out_by_a_session_that_was_replaced_ends_the_device(ana: Account) -> None:
    """B226: the app signed out while it renewed its tokens."""
    first = attempt(ana)
    redeem(ana, first)
    live = sessions.peek("willow", first.session_token, NOON, tokens.app_session_digest)
    renewal = renewal_of(first.refresh_token)
    devices.refresh("willow", first.refresh_token, renewal)
    sessions.end(live, millis(NOON))
    assert not is_in(renewal)
    assert devices.live(ana.key, NOON) == []


def test_a_code_of_an_account_that_is_disabled_at_once_opens_nothing(ana: Account) -> None:
    """B225"""
    made = attempt(ana)
    at_once(partial(redeem, ana, made), partial(disable, ana))
    assert not is_in(made)


def test_a_renewal_is_recognised_after_a_lost_response(ana: Account) -> None:
    first = attempt(ana)
    redeem(ana, first)
    renewal = renewal_of(first.refresh_token)
    devices.refresh("willow", first.refresh_token, renewal)
    assert (is_in(first), is_in(renewal)) == (False, True)
    # the same attempt again, whose response was lost
    assert devices.refresh("willow", first.refresh_token, renewal).live_session.session.device
