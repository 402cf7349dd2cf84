"""`make bench-peers`: CPU of one sign-in by mail, here and at two peers, in turns."""

import argparse
import json
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median

from bench.peers.systems import PEOPLE, Spent, System, allauth, better_auth, latchkey

STARTS = 3
"""Fresh starts differ by more than rounds within one."""
WARM_UP = 60
"""Sign-ins before it counts: V8 compiles what is hot in its first fifty."""
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


def measure(start: Callable[[Path], AbstractContextManager[System]]) -> Spent:
    """CPU of one sign-in after a fresh start, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder, start(Path(folder)) as system:
        for turn in range(WARM_UP):
            system.sign_in(turn)
        before = system.spent()
        for turn in range(WARM_UP, WARM_UP + COUNTED):
            system.sign_in(turn)
        after = system.spent()
    return Spent(*((getattr(after, part) - getattr(before, part)) / COUNTED for part in ("server", "mail", "database")))


def main() -> None:
    """Measure in turns, print, and write the figures down."""
    parser = argparse.ArgumentParser(prog="bench.peers", description=__doc__)
    parser.add_argument("--starts", type=int, default=STARTS)
    starts = parser.parse_args().starts
    spent: dict[str, list[Spent]] = {name: [] for name in SYSTEMS}
    for number in range(starts):
        for name, start in SYSTEMS.items():
            spent[name].append(measure(start))
            print(f"start {number + 1}, {name}: {spent[name][-1]}", flush=True)

    print(f"\nCPU of one sign-in by mail, ms; the median of {starts} starts (lowest to highest)")
    print(f"{'':16}{'server':>22}{'mail apart':>22}{'database apart':>22}")
    for name, each in spent.items():
        parts = ([getattr(one, part) for one in each] for part in ("server", "mail", "database"))
        cells = (f"{median(ms):6.2f} ({min(ms):5.2f} to {max(ms):5.2f})" for ms in parts)
        print(f"{name:16}" + "".join(f"{cell:>22}" for cell in cells))

    print(f"\n{'goal':6}{'what':28}{'against':18}{'ratio':>8}{'at most':>9}")
    verdicts = []
    for goal, what, with_mail, limits in GOALS:
        for peer, most in limits.items():
            ours = median(one.server + (one.mail if with_mail else 0) for one in spent["latchkey"])
            ratio = ours / median(one.server + one.mail for one in spent[peer])
            verdict = "met" if ratio <= most else "missed"
            verdicts.append({"goal": goal, "what": what, "against": peer, "ratio": round(ratio, 3), "at_most": most})
            print(f"{goal:<6}{what:28}{peer:18}{ratio:8.2f}{most:9.2f}  {verdict}")
    told = {name: [vars_of(one) for one in each] for name, each in spent.items()}
    RESULTS.write_text(json.dumps({"cpu_ms": told, "goals": verdicts}, indent=2) + "\n")


def vars_of(spent: Spent) -> dict[str, float]:
    """As JSON."""
    return {part: round(getattr(spent, part), 3) for part in ("server", "mail", "database")}


if __name__ == "__main__":
    main()
