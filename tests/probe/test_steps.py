"""Steps at which a run of the probe stops, and the status that CodeDeploy gets: by scripted responses."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from latchkey import aws, metrics, settings
from latchkey.metrics import Metric
from latchkey.probe import app, sign_in_run
from latchkey.probe.browser import PortalResponse
from latchkey.probe.sign_in_run import RunFailed

ORIGIN = "https://portal.example.com"
NOW = 1_700_000_000
SESSION = json.dumps({"method": "pin"}).encode()
HOOK = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "h-1"}

ANSWERS = {
    "sign_in_page": (200, b""),
    "request_link": (303, b""),
    "type_pin": (303, b""),
    "session": (200, SESSION),
    "sign_out": (303, b""),
    "signed_out": (401, b""),
}
"""The responses of a portal in order, by the step that they belong to."""


class ScriptedBrowser:
    """A browser that gets the next response, whatever it asks for."""

    def __init__(self, answers: dict[str, tuple[int, bytes]]) -> None:
        self._answers: Iterator[tuple[int, bytes]] = iter(answers.values())

    def get(self, *_: str) -> PortalResponse:
        """Return the next response."""
        return PortalResponse(*next(self._answers))

    def submit_form(self, *_: str, **fields: str) -> PortalResponse:
        """Return the next response."""
        assert all(fields.values())
        return PortalResponse(*next(self._answers))


def backend(delivered_at: int = NOW) -> sign_in_run.CallBackend:
    """Return a backend whose client got the newest mail at this time."""
    answers: dict[str, dict[str, Any]] = {
        "status": {
            "address": "a@example.com",
            "now": NOW,
            "email_status": "delivered",
            "email_status_at": delivered_at,
        },
        "pin": {"pin": "123456"},
    }
    return lambda action, _: answers[action]


def run(monkeypatch: pytest.MonkeyPatch, changed: dict[str, tuple[int, bytes]], delivered_at: int = NOW) -> str:
    """Return the step at which a run fails, or `passed`."""
    monkeypatch.setattr(sign_in_run, "Browser", lambda _: ScriptedBrowser(ANSWERS | changed))
    try:
        sign_in_run.run(ORIGIN, 1, backend(delivered_at), delivery_seconds=-1)
    except RunFailed as failed:
        return failed.step
    return "passed"


def test_a_portal_that_does_everything_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """B200"""
    assert run(monkeypatch, {}) == "passed"


@pytest.mark.parametrize(
    ("step", "answer", "reason"),
    [
        ("sign_in_page", (503, b""), "sign_in_page_503"),
        ("request_link", (429, b""), "request_link_429"),
        ("type_pin", (401, b""), "type_pin_401"),
        ("session", (503, b""), "session_503"),
        ("session", (200, b'{"method": "link"}'), "session_method"),
        ("sign_out", (403, b""), "sign_out_403"),
        ("signed_out", (200, SESSION), "signed_out_200"),
    ],
)
def test_each_step_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, step: str, answer: tuple[int, bytes], reason: str
) -> None:
    """B200: the runbook explains the alarm by these reasons."""
    assert run(monkeypatch, {step: answer}) == reason


def test_the_letter_of_an_earlier_run_is_not_this_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """B200: the same address is used every three hours."""
    assert run(monkeypatch, {}, delivered_at=NOW - 1) == "letter_not_delivered"


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the fields that CodeDeploy gets, and the metrics that are counted."""
    found: dict[str, Any] = {"metrics": []}
    monkeypatch.setattr(aws, "call", lambda *_, **fields: found.update(fields))
    monkeypatch.setattr(metrics, "count", found["metrics"].append)
    monkeypatch.setattr(app, "PAUSE_SECONDS", 0.0)
    return found


@pytest.mark.parametrize(
    ("failures", "status", "metric"),
    [(0, "Succeeded", Metric.PROBE_PASSED), (1, "Succeeded", Metric.PROBE_PASSED), (2, "Failed", Metric.PROBE_FAILED)],
)
def test_a_deployment_goes_on_only_after_a_run_that_passed(
    monkeypatch: pytest.MonkeyPatch, reported: dict[str, Any], failures: int, status: str, metric: Metric
) -> None:
    """B202: a run that passes at the second try holds nothing back."""
    tries: list[int] = []

    def scripted_run(_: str, number: int, __: object) -> None:
        tries.append(number)
        if len(tries) <= failures:
            raise RunFailed("type_pin_503")

    loaded = settings.load()
    monkeypatch.setattr(settings, "load", lambda: replace(loaded, portal_origin=ORIGIN))
    monkeypatch.setattr(sign_in_run, "run", scripted_run)

    app.handle(HOOK, None)  # type: ignore[arg-type] # the handler does not read the context

    assert (reported["status"], reported["metrics"]) == (status, [metric])
    assert (reported["deploymentId"], reported["lifecycleEventHookExecutionId"]) == ("d-1", "h-1")
    assert len(set(tries)) == len(tries), "each try is of another client"


def test_a_deployment_without_a_domain_is_not_held_back(
    monkeypatch: pytest.MonkeyPatch, reported: dict[str, Any]
) -> None:
    """Only the schedule knows the address then."""
    loaded = settings.load()
    monkeypatch.setattr(settings, "load", lambda: replace(loaded, portal_origin=""))

    assert app.handle(HOOK, None) == {"outcome": "no_address"}  # type: ignore[arg-type] # as above
    assert (reported["status"], reported["metrics"]) == ("Succeeded", [])
