"""CPU and memory of cold starts and of warm calls, of what ships and of the floor, in turn."""

import base64
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from botocore import xform_name

from bench.artifact import STOCK, Artifact
from bench.endpoint import Endpoint
from bench.flows import ROUNDS, Step, Tape
from bench.process import Code, running

STARTS = 11
CALLS = 60
FIRSTS = 7
WARM_UP = 15
FLOOR = Path(__file__).parent / "stock"

type Samples = dict[str, list[float]]


@dataclass(slots=True)
class Warm:
    """Milliseconds of CPU of calls, by flow."""

    first: Samples = field(default_factory=dict)
    """Of the first ones of processes."""
    ours: Samples = field(default_factory=dict)
    floor: Samples = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    """MB at most, by function."""


def spread(samples: list[float]) -> float:
    """Half of the distance between the quartiles, as a ratio of the median."""
    low, _, high = quantiles(samples, n=4)
    return (high - low) / 2 / median(samples)


class Bench:
    """Everything that processes are started with."""

    def __init__(self, tape: Tape, endpoint: Endpoint, certificate: Path) -> None:
        self._tape = tape
        self._endpoint = endpoint
        self._trust = {"AWS_ENDPOINT_URL": endpoint.url}
        self._stock = self._trust | {"AWS_CA_BUNDLE": str(certificate)}
        self._log = Path(tempfile.gettempdir()) / "latchkey-bench.log"

    def starts(self, artifacts: dict[str, Artifact], functions: list[str], starts: int = STARTS) -> Samples:
        """Cold starts of each function of each artifact, and of the floor; the first round is not counted."""
        codes = {"floor": Code(FLOOR / "floor", STOCK, self._stock)}
        for name, artifact in artifacts.items():
            codes |= {f"{name}{function}": self._ours(artifact, function) for function in functions}
        samples: Samples = {name: [] for name in codes}
        for turn in range(starts + 1):
            # to and fro, so that none always follows the same one
            for name in sorted(codes, reverse=bool(turn % 2)):
                with running(codes[name], self._log) as process:
                    cpu = process.started()
                if turn:
                    samples[name].append(cpu)
        return samples

    def warm(self, artifact: Artifact, flow: str, warm: Warm) -> None:
        """Calls of a flow, by turns with the same calls by botocore as it comes, each in a process of its own."""
        step = self._tape.flows[flow]
        replayed = {"calls": [_told(call) for call in step.calls], "rounds": ROUNDS.get(flow, 0)}
        self._endpoint.flow = flow
        with ExitStack() as ending:
            ours = ending.enter_context(running(self._ours(artifact, step.function), self._log))
            floor = ending.enter_context(running(Code(FLOOR / "replay", STOCK, self._stock), self._log))
            ours.started()
            floor.started()
            calls: Samples = {"ours": [], "floor": []}
            for _ in range(CALLS):
                cpu, answer = ours.call(step.event, step.now)
                check(step, answer)
                calls["ours"].append(cpu)
                calls["floor"].append(floor.call(replayed, step.now)[0])
            warm.ours[flow], warm.floor[flow] = calls["ours"][WARM_UP:], calls["floor"][WARM_UP:]
            warm.peaks[step.function] = max(warm.peaks.get(step.function, 0), ours.peak())

    def first(self, artifact: Artifact, flow: str, warm: Warm) -> None:
        """First calls of a flow, each in a process of its own."""
        step = self._tape.flows[flow]
        self._endpoint.flow = flow
        warm.first[flow] = []
        for _ in range(FIRSTS):
            with running(self._ours(artifact, step.function), self._log) as process:
                process.started()
                cpu, answer = process.call(step.event, step.now)
            check(step, answer)
            warm.first[flow].append(cpu)

    def peak(self, artifact: Artifact, function: str) -> float:
        """Memory that a function has taken once it has started, in MB."""
        with running(self._ours(artifact, function), self._log) as process:
            process.started()
            return process.peak()

    def _ours(self, artifact: Artifact, function: str) -> Code:
        told = self._tape.environments[function]
        return Code(artifact.functions / function, artifact.modules, told | self._trust)


def check(step: Step, answer: Any) -> None:
    """Fail if a function does not answer as it did when the flow was recorded."""
    status = answer.get("statusCode", 0)
    if status != step.status or answer.get("batchItemFailures"):
        raise RuntimeError(f"{step.function} answers {status} and not {step.status}")


def _told(call: tuple[str, str, dict[str, Any]]) -> tuple[str, str, Any]:
    service, operation, arguments = call
    return service, xform_name(operation), _as_json(arguments)


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _as_json(part) for key, part in value.items()}
    return [_as_json(part) for part in value] if isinstance(value, list | tuple) else value


def medians(samples: Samples) -> dict[str, float]:
    """The median of each."""
    return {name: median(values) for name, values in samples.items()}


def ratios(ours: list[float], floor: list[float]) -> Iterator[float]:
    """Turn by turn: what disturbs one of a turn is likely to have disturbed the other."""
    return (one / other for one, other in zip(ours, floor, strict=True))
