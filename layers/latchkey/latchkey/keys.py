"""The keys outside the tables, one ring for each purpose, from Secrets Manager.

A ring is fresh for five minutes, and is used an hour longer while Secrets Manager does not answer: a sign-in must not
depend on its every second. Ages are measured with the monotonic clock, which tells no time of day.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from latchkey import aws, settings
from latchkey.caches import Cache
from latchkey.metrics import Metric
from latchkey.rules.refusals import Unavailable
from latchkey.tokens import Keyring

FRESH_SECONDS = 5 * 60
TROUBLES = (BotoCoreError, ClientError, KeyError, ValueError)
"""Secrets Manager does not answer, or what it holds is no key."""

_cache = Cache[Any](TROUBLES, Metric.SECRETS_UNREADABLE)
"""Secrets by ARN, ready for use."""


def lookup() -> Keyring:
    """For table keys made of addresses. Its keys are never rotated: items are found by them.

    :raises Unavailable: it cannot be read, and no copy is recent enough.
    """
    return _ring(settings.load().lookup_key_arn)


def cookie() -> Keyring:
    """For what a browser keeps for us. Raises as `lookup` does."""
    return _ring(settings.load().cookie_key_arn)


def link() -> Keyring:
    """For link secrets. Raises as `lookup` does."""
    return _ring(settings.load().link_key_arn)


def pin() -> Keyring:
    """The peppers of PINs. Raises as `lookup` does."""
    return _ring(settings.load().pin_key_arn)


def provider_client_secret() -> str:
    """What proves to Google that it is us who ask. Raises as `lookup` does."""
    return _read(settings.load().google_secret_arn, str)


def preload() -> None:
    """Every secret that this function was given, so that no request waits for it. Raises as `lookup` does."""
    told = settings.load()
    rings = {told.lookup_key_arn: lookup, told.cookie_key_arn: cookie, told.link_key_arn: link, told.pin_key_arn: pin}
    for arn, ring in rings.items():
        if arn:
            ring()
    if told.google_client_id and told.google_secret_arn:
        provider_client_secret()


def _ring(arn: str) -> Keyring:
    return _read(arn, lambda text: Keyring.parse(json.loads(text)))


def _read[T](arn: str, parse: Callable[[str], T]) -> T:
    """A secret as `parse` makes it; raises ValueError there for one that cannot be used."""

    def read() -> T:
        return parse(aws.service_client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])

    try:
        secret: T = _cache.get(arn, time.monotonic(), read, lambda _: FRESH_SECONDS)
    except TROUBLES:
        raise Unavailable from None
    return secret
