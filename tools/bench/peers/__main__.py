"""`make bench-peers`: CPU of one sign-in by mail, at Latchkey and at two peers."""

import argparse
import json
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median

from tools.bench.peers.systems import PEOPLE, CpuTime, System, allauth, better_auth, latchkey

STARTS = 3
"""Number of fresh starts. Starts differ more than rounds within a start."""
WARM_UP = 60
"""Sign-ins that are not counted: V8 compiles hot code in the first fifty."""
COUNTED = PEOPLE - WARM_UP
RESULTS = Path(__file__).parent.parent / "peers.json"

SYSTEMS: dict[str, Callable[[Path], AbstractContextManager[System]]] = {
    "latchkey": latchkey,
    "django-allauth": allauth,
    "better-auth": better_auth,
}
GOALS = (
    (10, "what a person waits for", False, {"django-allauth": 0.5, "better-auth": 1.0}),
    (11, "with the mail", True, {"django-allauth": 0.8, "better-auth": 1.75}),
)


def measure(start: Callable[[Path], AbstractContextManager[System]]) -> CpuTime:
    """Return the CPU of one sign-in after a fresh start, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder, start(Path(folder)) as system:
        for number in range(WARM_UP):
            system.sign_in(number)
        before = system.cpu_time()
        for number in range(WARM_UP, WARM_UP + COUNTED):
            system.sign_in(number)
        after = system.cpu_time()
    return CpuTime(*((getattr(after, use) - getattr(before, use)) / COUNTED for use in ("server", "mail", "database")))


def main() -> None:
    """Measure all systems in turns, print the figures, and write them to peers.json."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.peers", description=__doc__)
    parser.add_argument("--starts", type=int, default=STARTS)
    starts = parser.parse_args().starts
    cpu: dict[str, list[CpuTime]] = {name: [] for name in SYSTEMS}
    for number in range(starts):
        for name, start in SYSTEMS.items():
            cpu[name].append(measure(start))
            print(f"start {number + 1}, {name}: {cpu[name][-1]}", flush=True)

    print(f"\nCPU of one sign-in by mail, ms; the median of {starts} starts (lowest to highest)")
    print(f"{'':16}{'server':>22}{'mail apart':>22}{'database apart':>22}")
    for name, starts_of in cpu.items():
        uses = ([getattr(start, use) for start in starts_of] for use in ("server", "mail", "database"))
        cells = (f"{median(ms):6.2f} ({min(ms):5.2f} to {max(ms):5.2f})" for ms in uses)
        print(f"{name:16}" + "".join(f"{cell:>22}" for cell in cells))

    print(f"\n{'goal':6}{'what':28}{'against':18}{'ratio':>8}{'at most':>9}")
    verdicts = []
    for goal, what, with_mail, limits in GOALS:
        for peer, limit in limits.items():
            own = median(start.server + (start.mail if with_mail else 0) for start in cpu["latchkey"])
            ratio = own / median(start.server + start.mail for start in cpu[peer])
            verdict = "met" if ratio <= limit else "missed"
            verdicts.append({"goal": goal, "what": what, "against": peer, "ratio": round(ratio, 3), "at_most": limit})
            print(f"{goal:<6}{what:28}{peer:18}{ratio:8.2f}{limit:9.2f}  {verdict}")
    document = {name: [as_json(start) for start in starts_of] for name, starts_of in cpu.items()}
    RESULTS.write_text(json.dumps({"cpu_ms": document, "goals": verdicts}, indent=2) + "\n")


def as_json(cpu: CpuTime) -> dict[str, float]:
    """Return CPU times as in peers.json."""
    return {use: round(getattr(cpu, use), 3) for use in ("server", "mail", "database")}


if __name__ == "__main__":
    main()
