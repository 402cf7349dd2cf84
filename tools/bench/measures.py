"""CPU and memory of cold starts and warm calls, alternating between the functions and the floor."""

import base64
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from botocore import xform_name

from tools.bench.artifact import BASELINE_PACKAGES, Artifact
from tools.bench.process import Code, running
from tools.bench.recordings import ROUNDS, RecordedEvent, Recording
from tools.bench.replay_server import ReplayServer

STARTS = 11
CALLS = 60
FIRSTS = 7
WARM_UP = 15
BASELINE = Path(__file__).parent / "baseline"

type Samples = dict[str, list[float]]


@dataclass(slots=True)
class Warm:
    """CPU of calls in milliseconds, by flow."""

    first: Samples = field(default_factory=dict)
    """First calls of processes."""
    functions: Samples = field(default_factory=dict)
    floor: Samples = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    """Peak memory in MB, by function."""


def spread(samples: list[float]) -> float:
    """Return half of the distance between the quartiles, as a ratio of the median."""
    low, _, high = quantiles(samples, n=4)
    return (high - low) / 2 / median(samples)


class BenchRunner:
    """Starts processes of functions and measures them."""

    def __init__(self, recording: Recording, server: ReplayServer, certificate: Path) -> None:
        self._recording = recording
        self._server = server
        self._trust = {"AWS_ENDPOINT_URL": server.url}
        self._baseline = self._trust | {"AWS_CA_BUNDLE": str(certificate)}
        self._log = Path(tempfile.gettempdir()) / "latchkey-bench.log"

    def starts(self, artifacts: dict[str, Artifact], functions: list[str], starts: int = STARTS) -> Samples:
        """Return the CPU of cold starts: of each function of each artifact, and of the floor. Skip the first round."""
        codes = {"floor": Code(BASELINE / "floor", BASELINE_PACKAGES, self._baseline)}
        for name, artifact in artifacts.items():
            codes |= {f"{name}{function}": self._code(artifact, function) for function in functions}
        samples: Samples = {name: [] for name in codes}
        for turn in range(starts + 1):
            # Alternate the order, so that no function always follows the same other one.
            for name in sorted(codes, reverse=bool(turn % 2)):
                with running(codes[name], self._log) as process:
                    cpu = process.started()
                if turn:
                    samples[name].append(cpu)
        return samples

    def warm(self, artifact: Artifact, flow: str, warm: Warm) -> None:
        """Measure warm calls of a flow, alternating with the same AWS calls by unmodified botocore."""
        event = self._recording.flows[flow]
        replayed = {"calls": [_as_replayed(call) for call in event.calls], "rounds": ROUNDS.get(flow, 0)}
        self._server.flow = flow
        with ExitStack() as cleanup:
            function = cleanup.enter_context(running(self._code(artifact, event.function), self._log))
            floor = cleanup.enter_context(
                running(Code(BASELINE / "replay", BASELINE_PACKAGES, self._baseline), self._log)
            )
            function.started()
            floor.started()
            calls: Samples = {"function": [], "floor": []}
            for _ in range(CALLS):
                cpu, response = function.call(event.event, event.now)
                check(event, response)
                calls["function"].append(cpu)
                calls["floor"].append(floor.call(replayed, event.now)[0])
            warm.functions[flow], warm.floor[flow] = calls["function"][WARM_UP:], calls["floor"][WARM_UP:]
            warm.peaks[event.function] = max(warm.peaks.get(event.function, 0), function.peak())

    def first(self, artifact: Artifact, flow: str, warm: Warm) -> None:
        """Measure first calls of a flow, each in a new process."""
        event = self._recording.flows[flow]
        self._server.flow = flow
        warm.first[flow] = []
        for _ in range(FIRSTS):
            with running(self._code(artifact, event.function), self._log) as process:
                process.started()
                cpu, response = process.call(event.event, event.now)
            check(event, response)
            warm.first[flow].append(cpu)

    def peak(self, artifact: Artifact, function: str) -> float:
        """Return the peak memory of a function after its start, in MB."""
        with running(self._code(artifact, function), self._log) as process:
            process.started()
            return process.peak()

    def _code(self, artifact: Artifact, function: str) -> Code:
        environment = self._recording.environments[function]
        return Code(artifact.functions / function, artifact.modules, environment | self._trust)


def check(event: RecordedEvent, response: Any) -> None:
    """Check that a function responds with the recorded status.

    :raises RuntimeError: the function responds with another status, or reports failed items.
    """
    answered = response or {}  # the listener to SES's reports returns nothing
    status = answered.get("statusCode", 0)
    if status != event.status or answered.get("batchItemFailures"):
        raise RuntimeError(f"{event.function} responds with {status} and not {event.status}")


def _as_replayed(call: tuple[str, str, dict[str, Any]]) -> tuple[str, str, Any]:
    service, operation, arguments = call
    return service, xform_name(operation), _as_json(arguments)


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list | tuple) else value


def medians(samples: Samples) -> dict[str, float]:
    """Return the median of each list of samples."""
    return {name: median(values) for name, values in samples.items()}


def ratios(measured: list[float], floor: list[float]) -> Iterator[float]:
    """Yield the ratio of each round. A disturbance of the machine is likely to affect both values of a round."""
    return (value / base for value, base in zip(measured, floor, strict=True))
