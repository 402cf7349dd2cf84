"""Tests of each flow with a fault at each of its calls to AWS.

In every case a session starts only with a valid proof, and at most one starts. The person can continue, gets a response
in time, and no secret is stored or logged.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from latchkey.settings import Transport
from tests.faults import client_flows, clinician_flows, practice_flows, record_flows, worker_flows
from tests.faults.fault_kinds import (
    EVERYWHERE,
    IN_BATCHES,
    IN_TRANSACTIONS,
    OF_RINGS,
    OF_SECRETS,
    OF_SES,
    SAME_ABOVE_BOTOCORE,
    FaultKind,
)
from tests.faults.harness import MAX_RESPONSE_SECONDS, FlowStep, Harness
from tests.kit.http_response import HttpResponse

FLOWS = (*client_flows.FLOWS, *clinician_flows.FLOWS, *record_flows.FLOWS, *practice_flows.FLOWS, *worker_flows.FLOWS)
WITHOUT_TRANSACTIONS = (
    client_flows.ask,
    client_flows.open_a_link,
    client_flows.ask_from_a_known_browser,
    client_flows.type_a_wrong_pin,
    client_flows.start_google_sign_in,
    client_flows.choose_a_profile,
    client_flows.go_home,
    client_flows.who_am_i,
    client_flows.authorize,
    client_flows.sign_out,
    clinician_flows.make_a_pin,
    clinician_flows.change_the_settings,
    clinician_flows.read_the_diagnosis,
    record_flows.make_a_pin_for_a_contact,
    *practice_flows.FLOWS,
    worker_flows.send_a_mail,
)
WITHOUT_SECRETS = (
    client_flows.choose_a_profile,
    client_flows.go_home,
    client_flows.who_am_i,
    client_flows.authorize,
    client_flows.sign_out,
    clinician_flows.disable,
    clinician_flows.change_the_settings,
    record_flows.remove_a_contact,
    record_flows.close_to_everyone,
    record_flows.erase,
    record_flows.sign_out_everywhere,
    record_flows.unbind_google,
    record_flows.share_more,
    *practice_flows.FLOWS,
    worker_flows.report_bounce,
)
WITH_BATCHES = (
    client_flows.open_a_link,
    client_flows.open_with_button,
    client_flows.sign_in_at_once,
    client_flows.type_the_pin,
    client_flows.return_known,
    client_flows.choose_a_profile,
    client_flows.go_home,
    client_flows.who_am_i,
    client_flows.authorize,
    client_flows.sign_out,
)
WITH_TRANSACTIONS = tuple(flow for flow in FLOWS if flow not in WITHOUT_TRANSACTIONS)
WITH_SECRETS = tuple(flow for flow in FLOWS if flow not in WITHOUT_SECRETS)
WITH_RINGS = tuple(flow for flow in WITH_SECRETS if flow not in (client_flows.return_first, client_flows.return_known))
"""Flows that read a keyring. A provider's client secret can be any text, so an unreadable one is no fault."""
SLOWEST_SECONDS = 20
"""Longest time of a flow on a busy machine. Pauses take no real time."""


@pytest.fixture(scope="module")
def arranged(harness: Harness) -> Callable[[client_flows.Flow], tuple[FlowStep, Callable[[], None], tuple[str, ...]]]:
    """Return a function that prepares a flow. It returns the step, a function that restores the state before it, and
    the operations of its calls without a fault.
    """

    @cache
    def arrange(flow: client_flows.Flow) -> tuple[FlowStep, Callable[[], None], tuple[str, ...]]:
        harness.begin()
        act = flow(harness)
        restore = harness.saved()
        restore()
        with harness.with_faults(lambda _operation, _call: None) as calls:
            answer = act.do()
        assert harness.waited == 0
        assert _status(answer) < 400 or flow is client_flows.type_a_wrong_pin
        act.recover(answer)
        return act, restore, tuple(calls)

    return arrange


def everything_holds(harness: Harness, act: FlowStep, fault_at: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a step with faults, and continue without them."""
    before, began = harness.sessions(), time.monotonic()
    with harness.with_faults(fault_at):
        answer = act.do()
    took = time.monotonic() - began
    opened = harness.sessions() - before

    assert harness.waited < MAX_RESPONSE_SECONDS, f"waits for {harness.waited:.2f} s"
    assert took < SLOWEST_SECONDS
    if isinstance(answer, HttpResponse):
        is_an_answer(answer)
    assert len(opened) <= 1
    if act.consumed:
        assert act.consumed() == bool(opened), "a session and its proof go together"
    if isinstance(answer, HttpResponse):
        given = any("__Host-session" in name and value for name, value in answer.cookie_values.items())
        assert given or not opened, "a session without its cookie"
        assert opened or not given or answer.status == 503, "a cookie without a session"  # unknown outcome
    if _is_new(harness, act, answer):
        act.recover(answer)
    printed = "".join(capsys.readouterr())
    assert harness.leaks(act.secrets, printed) == []


def _is_new(harness: Harness, act: FlowStep, answer: Any) -> bool:
    """Return True if nobody has continued from this state yet. States are equal if the same calls were carried out and
    the response has the same status.
    """
    fields = (*harness.portal.aws.carried_out, str(getattr(answer, "status", answer)))
    new = fields not in act.continued_from
    act.continued_from.add(fields)
    return new


def is_an_answer(answer: HttpResponse) -> None:
    """Fail unless a response is complete: a heading or a problem code, and Retry-After with 503."""
    assert answer.status < 500 or answer.status == 503, answer.status
    if answer.status == 503:
        assert int(answer.headers["retry-after"]) > 0
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert answer.page.heading
    elif answer.status >= 400:
        assert answer.code


def _status(answer: Any) -> int:
    return answer.status if isinstance(answer, HttpResponse) else 200


def _rows(kinds: tuple[FaultKind, ...], flows: tuple[client_flows.Flow, ...] = FLOWS) -> pytest.MarkDecorator:
    """Return each flow with each kind, by the lean transport. Return clients' flows by botocore's clients too."""
    cases: list[tuple[Transport, client_flows.Flow]] = [("lean", flow) for flow in flows]
    cases += [("botocore", flow) for flow in flows if flow in client_flows.FLOWS]
    return pytest.mark.parametrize(
        ("harness", "flow", "kind"),
        [
            pytest.param(transport, flow, kind, id=f"{transport}-{flow.__name__}-{kind.name}")
            for transport, flow in cases
            for kind in kinds
        ],
        indirect=["harness"],
        scope="module",
    )


def everywhere(
    harness: Harness, arranged: Any, flow: client_flows.Flow, kind: FaultKind, capsys: pytest.CaptureFixture[str]
) -> None:
    """Inject a kind of fault at each call of a flow in turn."""
    act, restore, calls = arranged(flow)
    sites = [site for site, operation in enumerate(calls, 1) if kind.fault_of(operation)]
    assert sites
    harness.has_two_faults = kind.then is not None
    failed = []
    for site in sites:
        restore()
        try:
            everything_holds(harness, act, kind.fault_at(site), capsys)
        except Exception as error:  # noqa: BLE001 - the row goes on, so that one run tells of every site
            failed.append(f"{flow.__name__}, call {site} {calls[site - 1]}, {kind.name}: {error!r:.300}")
    assert not failed, "\n".join(failed)


@_rows(EVERYWHERE)
def test_at_every_call(harness: Harness, arranged: Any, flow: client_flows.Flow, kind: FaultKind, capsys: Any) -> None:
    everywhere(harness, arranged, flow, kind, capsys)


@_rows(SAME_ABOVE_BOTOCORE, client_flows.FLOWS)
def test_at_every_call_of_a_client(
    harness: Harness, arranged: Any, flow: client_flows.Flow, kind: FaultKind, capsys: Any
) -> None:
    everywhere(harness, arranged, flow, kind, capsys)


@_rows(IN_TRANSACTIONS, WITH_TRANSACTIONS)
def test_at_every_transaction(
    harness: Harness, arranged: Any, flow: client_flows.Flow, kind: FaultKind, capsys: Any
) -> None:
    everywhere(harness, arranged, flow, kind, capsys)


@_rows(IN_BATCHES, WITH_BATCHES)
def test_at_every_batch(harness: Harness, arranged: Any, flow: client_flows.Flow, kind: FaultKind, capsys: Any) -> None:
    everywhere(harness, arranged, flow, kind, capsys)


@_rows(OF_SECRETS, WITH_SECRETS)
def test_at_every_secret(
    harness: Harness, arranged: Any, flow: client_flows.Flow, kind: FaultKind, capsys: Any
) -> None:
    everywhere(harness, arranged, flow, kind, capsys)


@_rows(OF_RINGS, WITH_RINGS)
def test_at_every_ring(harness: Harness, arranged: Any, flow: client_flows.Flow, kind: FaultKind, capsys: Any) -> None:
    everywhere(harness, arranged, flow, kind, capsys)


@_rows(OF_SES, (worker_flows.send_a_mail,))
def test_at_every_mail(harness: Harness, arranged: Any, flow: client_flows.Flow, kind: FaultKind, capsys: Any) -> None:
    everywhere(harness, arranged, flow, kind, capsys)
