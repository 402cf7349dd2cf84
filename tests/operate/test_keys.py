"""Tests of the `rotate` command. At each step, every function accepts what any other function has made."""

import json
import time
from datetime import timedelta
from itertools import pairwise

import pytest

from latchkey import keys as functions
from latchkey import tokens
from latchkey.tokens import Keyring
from operate import keys
from tests.operate.conftest import NAME, Deployed, Operate

ROTATED = tuple(ring for ring in keys.RINGS if ring != keys.NOT_ROTATABLE)


@pytest.fixture(autouse=True)
def naps(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Set every keyring to its first state. Return the list of times that the command would have waited, in seconds."""
    for ring in keys.RINGS:
        write(deployed, ring, {"current": "1", "1": "k" * 64})
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def write(deployed: Deployed, ring: str, document: dict[str, str]) -> None:
    """Store a keyring."""
    secret = deployed.client("secretsmanager")
    secret.put_secret_value(SecretId=deployed.names[ring], SecretString=json.dumps(document))


def read(deployed: Deployed, ring: str) -> Keyring:
    """Return a keyring as functions read it."""
    retained = deployed.client("secretsmanager").get_secret_value(SecretId=deployed.names[ring])
    return Keyring.parse(json.loads(retained["SecretString"]))


def knows(ring: Keyring, other: Keyring) -> bool:
    """Return True if a function with the keyring `ring` accepts what a function with the keyring `other` has signed."""
    return tokens.unsign(ring, "asked", "willow", tokens.sign(other, "asked", "willow", b"x")) == b"x"


@pytest.mark.parametrize("ring", ROTATED)
def test_every_function_accepts_the_keys_of_every_other_at_each_step(
    deployed: Deployed, operate: Operate, ring: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [read(deployed, ring)]
    monkeypatch.setattr(time, "sleep", lambda _: steps.append(read(deployed, ring)))
    monkeypatch.setattr(keys, "EXPIRY_TIME", timedelta())

    assert operate("rotate", "--stack", NAME, "--key", ring)[0] == 0
    steps.append(read(deployed, ring))
    assert operate("rotate", "--stack", NAME, "--key", ring, "--finish")[0] == 0

    assert [step.current for step in steps] == ["1", "1", "2"]
    for before, after in pairwise(steps):
        assert knows(before, after)
        assert knows(after, before)
    last = read(deployed, ring)
    assert (last.current, set(last.keys)) == ("2", {"2"})
    assert not knows(last, steps[0])


def test_a_new_key_is_used_when_every_function_has_read_it(operate: Operate, naps: list[float]) -> None:
    operate("rotate", "--stack", NAME, "--key", "LinkKey")

    assert functions.FRESH_SECONDS < naps[0] <= keys.PROPAGATION_TIME.total_seconds()


def test_a_rotation_that_was_stopped_goes_on(deployed: Deployed, operate: Operate) -> None:
    write(deployed, "LinkKey", {"current": "1", "1": "k" * 64, "2": "m" * 64})

    assert operate("rotate", "--stack", NAME, "--key", "LinkKey")[0] == 0
    ring = read(deployed, "LinkKey")
    assert (ring.current, ring.keys["2"]) == ("2", b"m" * 64)


def test_an_old_key_is_stored_as_long_as_what_was_made_under_it(deployed: Deployed, operate: Operate) -> None:
    operate("rotate", "--stack", NAME, "--key", "PinPepper")
    code, _, errors = operate("rotate", "--stack", NAME, "--key", "PinPepper", "--finish")

    assert code == 2
    assert "Cannot drop the old PinPepper yet" in errors
    assert set(read(deployed, "PinPepper").keys) == {"1", "2"}


def test_a_key_that_is_out_is_replaced_at_once(deployed: Deployed, operate: Operate, naps: list[float]) -> None:
    operate("rotate", "--stack", NAME, "--key", "LinkKey", "--at-once")
    code, output, _ = operate("rotate", "--stack", NAME, "--key", "LinkKey", "--finish", "--at-once")

    assert (code, naps) == (0, [])
    assert "Invalid within 5 minutes: links" in output
    assert set(read(deployed, "LinkKey").keys) == {"2"}


def test_the_lookup_key_stays(deployed: Deployed, operate: Operate) -> None:
    code, _, errors = operate("rotate", "--stack", NAME, "--key", "LookupKey", "--at-once")

    assert (code, errors.count("\n")) == (2, 1)
    assert "with another key they would find none" in errors
    assert set(read(deployed, "LookupKey").keys) == {"1"}


def test_a_key_that_is_not_in_use_yet_is_not_mistaken_for_an_old_one(deployed: Deployed, operate: Operate) -> None:
    write(deployed, "LinkKey", {"current": "1", "1": "k" * 64, "2": "m" * 64})
    code, _, _ = operate("rotate", "--stack", NAME, "--key", "LinkKey", "--finish", "--at-once")

    assert code == 2
    assert set(read(deployed, "LinkKey").keys) == {"1", "2"}


@pytest.mark.parametrize("step", [(), ("--finish", "--at-once")])
def test_a_dry_run_changes_nothing(deployed: Deployed, operate: Operate, step: tuple[str, ...]) -> None:
    before = {"current": "2", "1": "k" * 64, "2": "m" * 64}
    write(deployed, "LinkKey", before)
    code, output, _ = operate("rotate", "--stack", NAME, "--key", "LinkKey", "--dry-run", *step)

    assert (code, output.startswith("Would")) == (0, True)
    ring = read(deployed, "LinkKey")
    assert (ring.current, set(ring.keys)) == ("2", {"1", "2"})


def test_what_two_people_do_at_once_is_not_mixed(
    deployed: Deployed, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"current": "1", "1": "k" * 64, "2": "o" * 64, "3": "p" * 64}
    monkeypatch.setattr(time, "sleep", lambda _: write(deployed, "LinkKey", other))

    assert operate("rotate", "--stack", NAME, "--key", "LinkKey")[0] == 2
    assert set(read(deployed, "LinkKey").keys) == {"1", "2", "3"}
