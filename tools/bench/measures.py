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
FIRSTS = 11
WARM_UP = 15
BASELINE = Path(__file__).parent / "baseline"

type Samples = dict[str, list[float]]


@dataclass(slots=True)
class Warm:
    """CPU of calls in milliseconds, by flow."""

    first: Samples = field(default_factory=dict)
    """First calls of processes."""
    second: Samples = field(default_factory=dict)
    """Second calls, each by the process of the first one."""
    first_floor: Samples = field(default_factory=dict)
    """Cold starts of the floor, one beside each first call."""
    functions: Samples = field(default_factory=dict)
    floor: Samples = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    """Peak memory in MB, by function."""


@dataclass(slots=True)
class Starts:
    """CPU of cold starts in milliseconds, by function. The two lists of a function were measured in turn."""

    functions: Samples = field(default_factory=dict)
    base: Samples = field(default_factory=dict)

    def ratios(self, name: str) -> list[float]:
        """Return the ratio of a function's start to its base, of each round."""
        return list(ratios(self.functions[name], self.base[name]))

    @property
    def base_ms(self) -> float:
        """The median of all starts of the base."""
        return median(cpu for samples in self.base.values() for cpu in samples)


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

    def starts(self, artifact: Artifact, functions: list[str], base: Artifact | None = None) -> Starts:
        """Return the CPU of cold starts of functions, each beside one of `base`, or of the floor if there is none.

        The first round is skipped.
        """
        measured: Starts = Starts()
        for turn in range(STARTS + 1):
            for name in functions:
                pair = [self._code(artifact, name), self._code(base, name) if base else self._floor()]
                # Which one comes first alternates, because the second finds warmer caches.
                order = (0, 1) if turn % 2 else (1, 0)
                cpu = {place: self._start(pair[place]) for place in order}
                if turn:
                    measured.functions.setdefault(name, []).append(cpu[0])
                    measured.base.setdefault(name, []).append(cpu[1])
        return measured

    def _start(self, code: Code) -> float:
        with running(code, self._log) as process:
            return process.started()

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
        """Measure first and second calls of a flow, each pair in a new process."""
        event = self._recording.flows[flow]
        self._server.flow = flow
        warm.first[flow], warm.second[flow], warm.first_floor[flow] = [], [], []
        for _ in range(FIRSTS):
            warm.first_floor[flow].append(self._start(self._floor()))
            with running(self._code(artifact, event.function), self._log) as process:
                process.started()
                for calls in (warm.first[flow], warm.second[flow]):
                    cpu, response = process.call(event.event, event.now)
                    check(event, response)
                    calls.append(cpu)

    def peak(self, artifact: Artifact, function: str) -> float:
        """Return the peak memory of a function after its start, in MB."""
        with running(self._code(artifact, function), self._log) as process:
            process.started()
            return process.peak()

    def _floor(self) -> Code:
        return Code(BASELINE / "floor", BASELINE_PACKAGES, self._baseline)

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
