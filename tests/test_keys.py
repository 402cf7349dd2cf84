"""Tests of the keys in Secrets Manager: read when they are needed, and cached during an outage."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from latchkey import aws, keys, metrics, settings
from latchkey.rules.refusals import Unavailable
from tests.kit.aws_faults import AwsFaults, Fault
from tests.kit.caches import anew
from tests.kit.cloud import boto3_client, mocked_aws
from tests.kit.sockets import BEHAVIOURS, Behaviour, listening

MINUTE = 60
FIRST, SECOND = "a" * 64, "b" * 64


@dataclass
class Secret:
    """A key in Secrets Manager, and the seconds since the start of the test."""

    arn: str
    faults: AwsFaults
    passed: float = 0.0

    def change(self, value: str) -> None:
        """Store another value."""
        boto3_client("secretsmanager").put_secret_value(SecretId=self.arn, SecretString=value)

    def current(self) -> str:
        """Return the current key of the keyring."""
        ring = keys.link()
        return ring.keys[ring.current].decode()

    def readings(self) -> int:
        """Return the number of reads from Secrets Manager."""
        return self.faults.operations().count("GetSecretValue")


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[Secret]:
    with mocked_aws():
        arn = boto3_client("secretsmanager").create_secret(
            Name="link", SecretString=json.dumps({"current": "1", "1": FIRST})
        )["ARN"]
        config = replace(settings.load(), link_key_arn=arn, cookie_key_arn=f"{arn}-of-cookies")
        monkeypatch.setattr(settings, "load", lambda: config)
        monkeypatch.setattr(keys, "_cache", anew(keys._cache))  # noqa: SLF001 - a new function has read nothing
        with AwsFaults().listening(aws.client("secretsmanager")) as faults:
            secret = Secret(arn, faults)
            monkeypatch.setattr(keys, "time", SimpleNamespace(monotonic=lambda: 1e6 + secret.passed))
            yield secret


def test_a_key_is_read_once_in_five_minutes(secret: Secret) -> None:
    assert secret.current() == FIRST
    secret.change(json.dumps({"current": "2", "1": FIRST, "2": SECOND}))

    secret.passed = 5 * MINUTE - 1
    assert (secret.current(), secret.readings()) == (FIRST, 1)
    secret.passed = 5 * MINUTE
    assert (secret.current(), secret.readings()) == (SECOND, 2)


def refuses(secret: Secret) -> None:
    """Let Secrets Manager refuse to be read."""
    secret.faults.refuse("GetSecretValue", "AccessDeniedException", times=100)


def holds_nonsense(secret: Secret) -> None:
    """Store a document that is no keyring."""
    secret.change('{"current": "3"}')


def holds_no_json(secret: Secret) -> None:
    """Store a text that is no JSON."""
    secret.change("hunter2")


@pytest.mark.parametrize("fault", [refuses, holds_nonsense, holds_no_json])
def test_a_cached_key_is_used_for_an_hour_of_outage(secret: Secret, fault: Callable[[Secret], None]) -> None:
    """A short outage of Secrets Manager does not stop sign-in."""
    assert secret.current() == FIRST
    fault(secret)

    secret.passed = 65 * MINUTE - 1
    assert secret.current() == FIRST
    secret.passed = 65 * MINUTE
    with pytest.raises(Unavailable):
        secret.current()


@pytest.mark.parametrize("fault", [refuses, holds_nonsense, holds_no_json])
def test_a_key_that_was_never_read_is_not_made_up(secret: Secret, fault: Callable[[Secret], None]) -> None:
    fault(secret)

    with pytest.raises(Unavailable):
        secret.current()


def test_when_the_outage_is_over_the_key_is_read_anew(secret: Secret) -> None:
    secret.current()
    refuses(secret)
    secret.passed = 30 * MINUTE
    assert secret.current() == FIRST

    secret.faults.refuse("GetSecretValue", "", times=0)
    secret.change(json.dumps({"current": "1", "1": SECOND}))
    secret.passed += 29
    assert secret.current() == FIRST
    secret.passed += 1
    assert secret.current() == SECOND


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_secrets_manager_outage_delays_one_request_in_30_seconds_by_a_second(
    secret: Secret, behaviour: Behaviour
) -> None:
    """Connections are real. The cached key is valid for another hour."""
    assert secret.current() == FIRST
    secret.passed = 30 * MINUTE
    with listening(behaviour) as url, secret.faults.injecting(lambda *_: Fault(url=url), lambda _: None):
        began = time.monotonic()
        assert [secret.current() for _ in range(20)] == [FIRST] * 20
        assert time.monotonic() - began < 4  # the machine may be busy
    assert secret.readings() == 2


def test_a_refresh_that_fails_is_counted_for_the_alarm(secret: Secret) -> None:
    secret.current()
    metrics.emf_fields()
    refuses(secret)
    secret.passed = 30 * MINUTE
    secret.current()
    secret.current()
    assert metrics.emf_fields()["SecretsUnreadable"] == 1


def test_keys_for_different_purposes_are_separate(secret: Secret) -> None:
    assert secret.current() == FIRST

    with pytest.raises(Unavailable):
        keys.cookie()
