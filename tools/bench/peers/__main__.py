"""`make bench-peers`: what one sign-in by mail costs and how long a person waits, at Latchkey and at two peers."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

from tools.bench.goals import Figure, table
from tools.bench.peers.systems import PEOPLE, System, allauth, better_auth, latchkey

STARTS = 3
"""Number of fresh starts. Starts differ more than rounds within a start."""
WARM_UP = 600
"""Sign-ins that are not counted. V8 runs better-auth at half of its speed in the first sixty."""
USES = ("server", "mail", "events", "database")
SETTLE_SECONDS = 0.5
"""Time for what a system does after its last response."""
RESULTS = Path(__file__).parent.parent / "peers.json"

SYSTEMS: dict[str, Callable[[Path], AbstractContextManager[System]]] = {
    "latchkey": latchkey,
    "django-allauth": allauth,
    "better-auth": better_auth,
}


@dataclass(frozen=True, slots=True)
class Start:
    """One sign-in after a fresh start, in milliseconds."""

    server: float
    """CPU of responding to requests."""
    mail: float
    """CPU of sending mail after the response."""
    events: float
    """CPU of publishing events for other systems. The peers have none."""
    database: float
    p50: float
    """Median of the time that a person waits for all responses of a sign-in. The mail's way is not in it."""
    p95: float


def measure(start: Callable[[Path], AbstractContextManager[System]]) -> Start:
    """Return the figures of one fresh start."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder, start(Path(folder)) as system:
        for number in range(WARM_UP):
            system.sign_in(number)
        before = system.cpu_time()
        waits = [system.sign_in(number) * 1000 for number in range(WARM_UP, PEOPLE)]
        time.sleep(SETTLE_SECONDS)
        after = system.cpu_time()
    return Start(
        **{use: (getattr(after, use) - getattr(before, use)) / len(waits) for use in USES},
        p50=median(waits),
        p95=quantiles(waits, n=20)[-1],
    )


def main() -> int:
    """Measure all systems in turns, print the figures, and write them to peers.json. Return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.peers", description=__doc__)
    parser.add_argument("--starts", type=int, default=STARTS)
    starts = parser.parse_args().starts
    measured: dict[str, list[Start]] = {name: [] for name in SYSTEMS}
    for number in range(starts):
        names = list(SYSTEMS)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            measured[name].append(measure(SYSTEMS[name]))
            print(f"start {number + 1}, {name}: {measured[name][-1]}", flush=True)

    print(f"\nOne sign-in by mail, ms. The median of {starts} starts (lowest to highest)")
    columns = (*USES, "p50", "p95")
    headings = ("CPU", "CPU of mail apart", "CPU of events", "CPU of database", "wait, p50", "wait, p95")
    print(f"{'':16}" + "".join(f"{heading:>24}" for heading in headings))
    for name, starts_of in measured.items():
        samples = ([getattr(start, column) for start in starts_of] for column in columns)
        cells = (f"{median(ms):6.2f} ({min(ms):5.2f} to {max(ms):5.2f})" for ms in samples)
        print(f"{name:16}" + "".join(f"{cell:>24}" for cell in cells))

    figures = goals(measured)
    print("\n" + table(figures))
    document = {
        "milliseconds": {
            name: [{use: round(ms, 3) for use, ms in asdict(start).items()} for start in starts_of]
            for name, starts_of in measured.items()
        },
        "goals": [figure.document() for figure in figures],
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")
    return int(not all(figure.reached for figure in figures))


def goals(measured: dict[str, list[Start]]) -> list[Figure]:
    """Return the ratios to the peers. Each is the median of the starts' ratios, because a machine's speed changes."""
    compared: list[tuple[int, str, float, str, Callable[[Start], float]]] = [
        (10, "CPU a person waits for", 0.5, "django-allauth", lambda start: start.server),
        (10, "CPU a person waits for", 1.0, "better-auth", lambda start: start.server),
        (11, "CPU with the mail", 0.7, "django-allauth", lambda start: start.server + start.mail),
        (11, "CPU with the mail", 1.35, "better-auth", lambda start: start.server + start.mail),
        (12, "p95 of what a person waits", 1.0, "django-allauth", lambda start: start.p95),
    ]
    figures = []
    for number, what, limit, peer, value in compared:
        starts = zip(measured["latchkey"], measured[peer], strict=True)
        ratios = sorted(value(own) / value(other) for own, other in starts)
        spread = (ratios[-1] - ratios[0]) / 2 / median(ratios)
        figures.append(Figure(number, f"{what}, beside {peer}", median(ratios), limit, spread=spread))
    return figures


if __name__ == "__main__":
    sys.exit(main())
