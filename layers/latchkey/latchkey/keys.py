"""The keys outside the tables, one ring for each purpose, from Secrets Manager.

A ring is kept five minutes, and an hour longer while Secrets Manager does not answer: a sign-in must not
depend on its every second. Ages are measured with the monotonic clock, which tells no time of day.
"""

import json
import time
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from latchkey import aws, settings
from latchkey.rules.refusals import Unavailable
from latchkey.tokens import Keyring

FRESH_SECONDS = 5 * 60
STALE_SECONDS = 60 * 60


@dataclass(slots=True)
class _Kept:
    """Rings by ARN with the monotonic second of their reading."""

    rings: dict[str, tuple[Keyring, float]] = field(default_factory=dict)


_kept = _Kept()


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


def _ring(arn: str) -> Keyring:
    now = time.monotonic()
    ring, read_at = _kept.rings.get(arn, (None, 0.0))
    if ring and now - read_at < FRESH_SECONDS:
        return ring
    try:
        text = aws.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        ring = Keyring.parse(json.loads(text))
    except (BotoCoreError, ClientError, ValueError):
        if ring and now - read_at < FRESH_SECONDS + STALE_SECONDS:
            return ring
        raise Unavailable from None
    _kept.rings[arn] = (ring, now)
    return ring
