"""Keyrings from Secrets Manager, one for each purpose.

A keyring is fresh for 5 minutes. It may be used for one more hour while Secrets Manager is down, so that people can
still sign in. Ages are measured with the monotonic clock.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from latchkey import aws, settings
from latchkey.caches import Cache
from latchkey.metrics import Metric
from latchkey.rules.providers import ProviderName
from latchkey.rules.refusals import Unavailable
from latchkey.tokens import Keyring

FRESH_SECONDS = 5 * 60
READ_ERRORS = (BotoCoreError, ClientError, KeyError, ValueError)
"""Secrets Manager is down or refuses, or the secret's text is not a keyring."""

_cache = Cache[Any](READ_ERRORS, Metric.SECRETS_UNREADABLE)
"""Parsed secrets, by ARN."""


def lookup() -> Keyring:
    """Return the keyring that makes table keys from addresses. It is never rotated, because items are found by it.

    :raises Unavailable: the secret cannot be read, and no cached copy is recent enough.
    """
    return _keyring(settings.load().lookup_key_arn)


def cookie() -> Keyring:
    """Return the keyring that signs cookies.

    :raises Unavailable: as for `lookup`.
    """
    return _keyring(settings.load().cookie_key_arn)


def link() -> Keyring:
    """Return the keyring of link secrets.

    :raises Unavailable: as for `lookup`.
    """
    return _keyring(settings.load().link_key_arn)


def pin() -> Keyring:
    """Return the keyring of PIN peppers.

    :raises Unavailable: as for `lookup`.
    """
    return _keyring(settings.load().pin_key_arn)


def provider_client_secret(provider: ProviderName) -> str:
    """Return the client secret of this stack at a provider.

    :raises Unavailable: as for `lookup`.
    """
    return _read(settings.load().providers[provider].secret_arn, str)


def console_client_secret() -> str:
    """Return the client secret of the console at a foreign issuer.

    :raises Unavailable: as for `lookup`.
    """
    return _read(settings.load().console_secret_arn, str)


def preload() -> None:
    """Read every secret that this function may read, so that no request waits for it.

    :raises Unavailable: as for `lookup`.
    """
    config = settings.load()
    readers = {
        config.lookup_key_arn: lookup,
        config.cookie_key_arn: cookie,
        config.link_key_arn: link,
        config.pin_key_arn: pin,
    }
    for arn, read in readers.items():
        if arn:
            read()
    for name, provider in config.providers.items():
        if provider.client_id and provider.secret_arn:
            provider_client_secret(name)


def _keyring(arn: str) -> Keyring:
    return _read(arn, lambda text: Keyring.parse(json.loads(text)))


def _read[T](arn: str, parse: Callable[[str], T]) -> T:
    """Return a secret as `parse` returns it. `parse` raises ValueError if it cannot use the text.

    :raises Unavailable: as for `lookup`.
    """

    def read() -> T:
        return parse(aws.call("secretsmanager", "GetSecretValue", SecretId=arn)["SecretString"])

    try:
        secret: T = _cache.get(arn, time.monotonic(), read, lambda _: FRESH_SECONDS)
    except READ_ERRORS:
        raise Unavailable from None
    return secret
