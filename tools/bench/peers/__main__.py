"""`make bench-peers`: what one sign-in by mail costs and how long a person waits, at Latchkey and at two peers."""

import argparse
import json
import sys
import tempfile
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
COUNTED = PEOPLE - WARM_UP
RESULTS = Path(__file__).parent.parent / "peers.json"

SYSTEMS: dict[str, Callable[[Path], AbstractContextManager[System]]] = {
    "latchkey": latchkey,
    "django-allauth": allauth,
    "better-auth": better_auth,
}
CPU_GOALS = (
    (10, "CPU a person waits for", False, {"django-allauth": 0.5, "better-auth": 1.0}),
    (11, "CPU with the mail", True, {"django-allauth": 0.7, "better-auth": 1.35}),
)
P95_GOAL = 1.0
"""Goal 12: p95 of what a person waits, beside django-allauth."""


@dataclass(frozen=True, slots=True)
class Start:
    """One sign-in after a fresh start, in milliseconds."""

    server: float
    """CPU of responding to requests."""
    mail: float
    """CPU of sending mail after the response."""
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
        after = system.cpu_time()
    return Start(
        server=(after.server - before.server) / COUNTED,
        mail=(after.mail - before.mail) / COUNTED,
        database=(after.database - before.database) / COUNTED,
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
    uses = ("server", "mail", "database", "p50", "p95")
    headings = ("CPU", "CPU of mail apart", "CPU of database", "wait, p50", "wait, p95")
    print(f"{'':16}" + "".join(f"{heading:>24}" for heading in headings))
    for name, starts_of in measured.items():
        columns = ([getattr(start, use) for start in starts_of] for use in uses)
        cells = (f"{median(ms):6.2f} ({min(ms):5.2f} to {max(ms):5.2f})" for ms in columns)
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
    """Return the ratios to the peers: of the medians of all starts."""
    figures = []
    for number, what, with_mail, limits in CPU_GOALS:
        own = median(start.server + (start.mail if with_mail else 0) for start in measured["latchkey"])
        for peer, limit in limits.items():
            ratio = own / median(start.server + start.mail for start in measured[peer])
            figures.append(Figure(number, f"{what}, beside {peer}", ratio, limit))
    p95 = {name: median(start.p95 for start in starts) for name, starts in measured.items()}
    ratio = p95["latchkey"] / p95["django-allauth"]
    return [*figures, Figure(12, "p95 of what a person waits, beside django-allauth", ratio, P95_GOAL)]


if __name__ == "__main__":
    sys.exit(main())
