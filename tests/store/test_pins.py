"""Tests of stored PINs: five guesses, one session, and no conflict with other sign-in methods."""

from collections.abc import Iterator
from functools import partial

import pytest

from latchkey import aws, keys, tokens
from latchkey.rules.accounts import Account, AccountKey
from latchkey.rules.pins import Pin
from latchkey.rules.refusals import PinRefused, Refusal, SignedOut
from latchkey.rules.sessions import LiveSession
from latchkey.store import accounts, pins, sessions
from latchkey.store.batches import read_batch
from latchkey.store.pins import PinProof
from tests.kit.aws_faults import AwsFaults
from tests.kit.clock import NOON
from tests.store.flows import RING, at_once, disable, enable, new_attempt, on_file, open_by, opens_nothing, send

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def pepper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "pin", lambda: RING)


@pytest.fixture
def faults() -> Iterator[AwsFaults]:
    with AwsFaults().listening(aws.client("dynamodb")) as tapped:
        yield tapped


@pytest.fixture
def ana() -> Account:
    return on_file()


def made(account: Account, now: int = NOON) -> Pin:
    """Create a PIN and count a guess. Return the PIN as it is read for the comparison."""
    pins.create(account, now * 1000)
    return attempt(account, now)


def attempt(account: Account, now: int = NOON) -> Pin:
    """Count a guess, and return the PIN."""
    return pins.count_guess(account.key, tokens.new_ulid(now * 1000), now)


def type_in(pin: Pin, account: Account) -> LiveSession:
    """Start a session by a PIN that was typed correctly."""
    return sessions.start(PinProof(account, pin), new_attempt(account))


def sessions_of(account: Account) -> int:
    stored = accounts.find(account.key)
    assert stored is not None
    return len(stored.sessions)


def test_a_pin_opens_one_session_and_no_second(ana: Account) -> None:
    """B98"""
    pin = made(ana)
    sign_in_attempt = new_attempt(ana)

    assert sessions.start(PinProof(ana, pin), sign_in_attempt).account.id == ana.id
    assert sessions.touch("willow", sign_in_attempt.cookie, NOON)
    for seen in (ana, accounts.find(ana.key)):
        assert seen
        with pytest.raises(PinRefused):
            sessions.start(PinProof(seen, pin), new_attempt(ana))
    with pytest.raises(PinRefused):
        attempt(ana)


def test_a_pin_expires_after_24_hours(ana: Account) -> None:
    """B98: the conditions of the writes contain the time."""
    pin = made(ana)

    assert attempt(ana, NOON + DAY - 1)
    with pytest.raises(PinRefused):
        attempt(ana, NOON + DAY)
    with pytest.raises(Refusal):
        sessions.start(PinProof(ana, pin), new_attempt(ana, NOON + DAY))
    assert sessions_of(ana) == 0


def test_sixty_four_tries_at_once_are_five(ana: Account) -> None:
    pins.create(ana, NOON * 1000)

    became = at_once(*[partial(attempt, ana)] * 64)

    assert sum(isinstance(outcome, Pin) for outcome in became) == 5


def test_a_new_pin_replaces_the_old_one_and_has_its_own_five_tries(ana: Account) -> None:
    """B99"""
    old = made(ana)
    for _ in range(4):
        attempt(ana)

    new = made(ana, NOON + 1)

    with pytest.raises(PinRefused):
        sessions.start(PinProof(ana, old), new_attempt(ana, NOON + 1))
    for _ in range(4):
        attempt(ana, NOON + 1)
    with pytest.raises(PinRefused):
        attempt(ana, NOON + 1)
    assert sessions.start(PinProof(ana, new), new_attempt(ana, NOON + 1))


def test_disabling_access_ends_the_pin_and_enabling_does_not_revive_it(ana: Account) -> None:
    """B58"""
    pin = made(ana)
    disable(ana)
    repeated = enable(ana)

    for account in (ana, repeated):
        assert opens_nothing(PinProof(account, pin), new_attempt(account))
    assert not pins.is_live(read_batch([pins.item_key(repeated.key)]), repeated, NOON)
    assert sessions_of(ana) == 0


def test_a_pin_typed_thirty_two_times_at_once_opens_one_session() -> None:
    for _ in range(5):
        ana = on_file()
        pin = made(ana)

        became = at_once(*[partial(type_in, pin, ana)] * 32)

        assert sum(not isinstance(outcome, Refusal) for outcome in became) == 1
        assert sessions_of(ana) == 1


def test_a_link_and_a_pin_at_once_open_a_session_each() -> None:
    """Both sign-ins write to the same account, and neither overwrites the other's session."""
    for _ in range(10):
        ana = on_file()
        link, pin = send(ana), made(ana)

        by_link, by_pin = at_once(partial(open_by, link), partial(type_in, pin, ana))

        assert not isinstance(by_link, Refusal)
        assert not isinstance(by_pin, Refusal)
        assert sessions_of(ana) == 2


def test_a_sign_in_with_a_lost_response_starts_one_session(ana: Account, faults: AwsFaults) -> None:
    pin, sign_in_attempt = made(ana), new_attempt(ana)
    faults.drop_response("TransactWriteItems")

    sessions.start(PinProof(ana, pin), sign_in_attempt)

    assert sessions.touch("willow", sign_in_attempt.cookie, NOON)
    assert sessions_of(ana) == 1


def test_a_session_by_pin_ends_with_its_access(ana: Account) -> None:
    """B62"""
    sign_in_attempt = new_attempt(ana)
    sessions.start(PinProof(ana, made(ana)), sign_in_attempt)

    disable(ana)

    with pytest.raises(SignedOut):
        sessions.touch("willow", sign_in_attempt.cookie, NOON)


def test_the_hash_of_a_pin_depends_on_account_and_salt(ana: Account) -> None:
    pin, _ = pins.create(ana, NOON * 1000)

    stored = attempt(ana)

    assert stored.hash == tokens.hash_pin(RING, stored.pepper_id, stored.salt, ana.key, pin)
    assert stored.hash != tokens.hash_pin(RING, stored.pepper_id, bytes(16), ana.key, pin)
    assert stored.hash != tokens.hash_pin(RING, stored.pepper_id, stored.salt, AccountKey(bytes(16)), pin)


def attempts(account: Account) -> int:
    """Return the number of counted guesses at the account's newest PIN."""
    return int(pins.PinItem.get(tokens.base64url_encode(account.key), consistent_read=True).guesses)


def test_a_guess_counts_once_and_is_released_once_however_often_either_is_sent(ana: Account) -> None:
    pins.create(ana, NOON * 1000)
    attempt(ana)
    name = tokens.new_ulid(NOON * 1000)

    assert len({pins.count_guess(ana.key, name, NOON).generation for _ in range(3)}) == 1
    assert attempts(ana) == 2
    at_once(*[partial(pins.release_guess, ana.key, name)] * 32)
    assert attempts(ana) == 1


def test_a_guess_at_one_pin_is_not_released_from_the_next(ana: Account) -> None:
    pins.create(ana, NOON * 1000)
    name = tokens.new_ulid(NOON * 1000)
    pins.count_guess(ana.key, name, NOON)
    pins.create(ana, (NOON + 1) * 1000)
    attempt(ana, NOON + 1)

    pins.release_guess(ana.key, name)
    assert attempts(ana) == 1
