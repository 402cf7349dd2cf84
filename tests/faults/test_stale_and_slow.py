"""Tests of slow sources of keys, practices and certificates while the old values are cached.

Every flow ends as without a fault, and waits for one refresh at most.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from latchkey import caches
from latchkey.store import practices as store
from tests.faults import client_flows, clinician_flows, practice_flows, record_flows, worker_flows
from tests.faults.harness import FlowStep, Harness
from tests.identity.fake_provider import Reply
from tests.identity.test_provider_outages import cut_off, dripping_body, silent
from tests.kit.aws_faults import Fault
from tests.kit.caches import saved
from tests.kit.http_response import HttpResponse
from tests.kit.sockets import BEHAVIOURS, Behaviour, listening

FLOWS = (*client_flows.FLOWS, *clinician_flows.FLOWS, *record_flows.FLOWS, *practice_flows.FLOWS, *worker_flows.FLOWS)
RETURNS = (client_flows.return_first, client_flows.return_known)
REFRESH_SECONDS = 0.1
"""Time limit of a refresh, shortened from a second. Other tests check the second."""
SLOWEST_SECONDS = 20
"""Longest time of a flow on a busy machine. A source that drips would hold it for longer."""
AGED_SECONDS = 400
"""Age of cached readings: too old for fresh, not too old to be used."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared flow of a process whose cached readings are old."""

    act: FlowStep
    begin: Callable[[], None]
    status: int
    """The status of the response without a fault."""


@pytest.fixture(scope="module")
def prepared(harness: Harness) -> Callable[[client_flows.Flow], Prepared]:
    @cache
    def prepare(flow: client_flows.Flow) -> Prepared:
        harness.provider.cache_control = "max-age=60"
        harness.begin()
        act = flow(harness)
        restore = harness.saved()
        restore()
        status = _status(act.do())
        # a process that changes a practice removes it from its cache
        store.get_cached("willow", harness.portal.now)
        aged = saved(AGED_SECONDS)

        def begin() -> None:
            restore()
            aged()

        return Prepared(act, begin, status)

    return prepare


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "REFRESH_SECONDS", REFRESH_SECONDS)


def is_secret(_scene: Harness, operation: str) -> bool:
    """Return True if a call reads a key."""
    return operation == "GetSecretValue"


def is_practice(harness: Harness, operation: str) -> bool:
    """Return True if a call reads a practice for the cache. Reads before a change are consistent, and not cached."""
    _, arguments = harness.portal.aws.calls[-1]
    return operation == "GetItem" and arguments["TableName"] == "Practices" and not arguments.get("ConsistentRead")


def ends_well(harness: Harness, flow: Prepared, answer: Any, took: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Fail unless the flow ended as without a fault."""
    assert _status(answer) == flow.status
    assert took < SLOWEST_SECONDS
    assert harness.waited == 0
    flow.act.recover(answer)
    assert harness.leaks(flow.act.secrets, "".join(capsys.readouterr())) == []


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("is_it", [is_secret, is_practice])
@pytest.mark.parametrize("flow", FLOWS)
def test_no_flow_waits_for_what_is_in_memory(
    harness: Harness,
    prepared: Callable[[client_flows.Flow], Prepared],
    flow: client_flows.Flow,
    is_it: Callable[[Harness, str], bool],
    behaviour: Behaviour,
    capsys: pytest.CaptureFixture[str],
) -> None:
    row, met = prepared(flow), 0
    row.begin()
    with listening(behaviour) as url:

        def fault_at(operation: str, _call: int) -> Fault | None:
            nonlocal met
            if not is_it(harness, operation):
                return None
            met += 1
            return Fault(url=url)

        with harness.with_faults(fault_at), timed() as took:
            answer = row.act.do()
    assert met <= 1, "one refresh, one try"
    ends_well(harness, row, answer, took(), capsys)


@pytest.mark.parametrize("reply", [silent, dripping_body, cut_off])
@pytest.mark.parametrize("flow", RETURNS)
def test_no_return_from_google_waits_for_certificates_in_memory(
    harness: Harness,
    prepared: Callable[[client_flows.Flow], Prepared],
    flow: client_flows.Flow,
    reply: Reply,
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = prepared(flow)
    row.begin()
    fetched, harness.provider.at_keys = harness.provider.keys_fetched, reply
    try:
        with harness.with_faults(lambda *_: None), timed() as took:
            answer = row.act.do()
    finally:
        harness.provider.at_keys = None
    assert harness.provider.keys_fetched == fetched + 1
    ends_well(harness, row, answer, took(), capsys)


@contextmanager
def timed() -> Iterator[Callable[[], float]]:
    """Yield a function that returns the elapsed seconds after the context ended."""
    began = time.monotonic()
    ended = 0.0
    yield lambda: ended - began
    ended = time.monotonic()


def _status(answer: Any) -> int:
    return answer.status if isinstance(answer, HttpResponse) else 200
