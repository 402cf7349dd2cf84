"""One portal for all rows; nobody waits for real."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.retries.quota import RetryQuota
from botocore.retries.standard import ExponentialBackoff
from moto import mock_aws

from latchkey import tokens
from tests.faults.harness import Scene, set_up, verbose
from tests.functions.conftest import AS_WE_ARE
from tests.identity import fake_provider


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with fake_provider.serving() as server, mock_aws(config=AS_WE_ARE):
        cloud, portal = set_up(server.provider)
        with portal.opened(), verbose(), pytest.MonkeyPatch.context() as patch:
            scene = Scene(cloud, portal, server.provider)
            patch.setattr(time, "sleep", scene.wait)
            patch.setattr(ExponentialBackoff, "delay_amount", _longest(ExponentialBackoff.delay_amount))
            # a client that has met many faults tries less often; here each fault is the first
            patch.setattr(RetryQuota, "acquire", lambda _quota, _amount: True)
            # how long a PIN is stretched is another test's affair
            patch.setattr(tokens, "PIN_ROUNDS", 1000)
            yield scene


def _longest(amount: Callable[[Any, Any], float]) -> Callable[[Any, Any], float]:
    """As long as chance can make it."""

    def delay_amount(backoff: Any, context: Any) -> float:
        backoff._random = lambda: 1.0  # noqa: SLF001 - botocore takes it when a client is made
        return amount(backoff, context)

    return delay_amount
