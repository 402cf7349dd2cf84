"""Fixtures: one portal for all cases, without real pauses."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.retries.quota import RetryQuota
from botocore.retries.standard import ExponentialBackoff

from latchkey import tokens
from tests.faults.harness import Harness, set_up, verbose
from tests.identity import fake_provider
from tests.identity.fake_provider import FakeProvider
from tests.kit import transports
from tests.kit.cloud import Cloud, mocked_aws
from tests.kit.portal import Portal


@pytest.fixture(scope="module")
def seeded() -> Iterator[tuple[Cloud, Portal, FakeProvider]]:
    """Yield the template's resources, a portal of two practices, and its fake Google."""
    with fake_provider.serving() as server, mocked_aws():
        with transports.calling():
            cloud, portal = set_up(server.provider)
        yield cloud, portal, server.provider


@pytest.fixture(scope="module", params=["lean"])
def harness(request: pytest.FixtureRequest, seeded: tuple[Cloud, Portal, FakeProvider]) -> Iterator[Harness]:
    """Yield a portal whose calls use the transport that a test names."""
    _, portal, _ = seeded
    with (
        transports.calling(transport=request.param),
        portal.opened(),
        verbose(),
        pytest.MonkeyPatch.context() as patch,
    ):
        harness = Harness(*seeded)
        patch.setattr(time, "sleep", harness.wait)
        patch.setattr(ExponentialBackoff, "delay_amount", _max_delay(ExponentialBackoff.delay_amount))
        # a client retries less after many faults, but here each fault is the first
        patch.setattr(RetryQuota, "acquire", lambda _quota, _amount: True)
        # other tests check how slow PBKDF2 is
        patch.setattr(tokens, "PIN_ROUNDS", 1000)
        yield harness


def _max_delay(amount: Callable[[Any, Any], float]) -> Callable[[Any, Any], float]:
    """Return a function that always returns the longest random pause."""

    def delay_amount(backoff: Any, context: Any) -> float:
        backoff._random = lambda: 1.0  # noqa: SLF001 - botocore takes it when a client is made
        return amount(backoff, context)

    return delay_amount
