"""`make bench`: builds what ships, measures it against the floor, prints a table and writes bench/results.json."""

import json
import os
import platform
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median

from bench import artifact, cost, scale
from bench.endpoint import served
from bench.flows import record
from bench.goals import Figure, table
from bench.measures import Bench, Samples, Warm, medians, ratios, spread
from tests.kit import sam_template

RESULTS = Path(__file__).parent / "results.json"
COLD_GOALS = {
    **dict.fromkeys(("RequestLink", "RedeemLink", "Pin", "Session", "SendMail", "MailEvents"), 1.05),
    **dict.fromkeys(("Admin", "GoogleCallback"), 1.35),
}
DATED = ["RequestLink", "Admin"]
"""Functions that are started from an artifact as built, too."""
FLOWS = ("ask", "mail", "open", "pin", "check", "home")
CALL_GOALS = {
    "ask": {"writes": 4, "reads": 1, "messages": 1},
    "mail": {"writes": 3, "reads": 1, "messages": 1},
    "open": {"writes": 1, "reads": 1, "transactions": 1},
    "pin": {"writes": 3, "reads": 1, "transactions": 1},
    "check": {"reads": 1},
    "replay": {"reads": 1, "writes": 1},
}
KINDS = {
    **dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem"), "writes"),
    **dict.fromkeys(("GetItem", "TransactGetItems"), "reads"),
    **dict.fromkeys(("SendMessage", "SendEmail"), "messages"),
    "TransactWriteItems": "transactions",
}


def main() -> int:
    """Measure everything; 1 if a goal is missed."""
    say("Building ...")
    artifact.build()
    tape = record()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="latchkey-bench-") as name, served(tape, Path(name)) as (endpoint, trusted):
        folder = Path(name)
        shipped = artifact.unpacked(folder / "shipped", dated=True, trusting=trusted)
        built = artifact.unpacked(folder / "built", dated=False, trusting=trusted)
        bench = Bench(tape, endpoint, trusted)
        functions = sorted(sam_template.resources("AWS::Serverless::Function"))
        say("Cold starts ...")
        cold = bench.starts({"": shipped}, functions)
        figures += [
            Figure(1, f"cold start / floor: {name}", median(cold[name]) / median(cold["floor"]), COLD_GOALS[name],
                   spread=spread(cold[name]))
            for name in functions
        ]  # fmt: skip
        figures += dates(bench.starts({"": shipped, "as built ": built}, DATED))
        figures.append(Figure(2, "modules compiled at each start", len(artifact.stale(shipped)), 0, "files"))
        say("Warm calls ...")
        warm = Warm()
        for flow in (*FLOWS, "sign-in page", "replay"):
            bench.warm(shipped, flow, warm)
        for flow in FLOWS:
            bench.first(shipped, flow, warm)
        cpu = medians(warm.ours)
        figures += [
            Figure(3, f"first request / steady state: {flow}", median(first) / cpu[flow], 2, spread=spread(first))
            for flow, first in warm.first.items()
        ]
        for flow in FLOWS:
            turns = list(ratios(warm.ours[flow], warm.floor[flow]))
            figures.append(Figure(4, f"warm call / same AWS calls: {flow}", median(turns), 1.15, spread=spread(turns)))
        for flow, goals in CALL_GOALS.items():
            made = Counter(KINDS.get(operation, "others") for _, operation, _ in tape.flows[flow].calls)
            figures += [Figure(5, f"{flow}: {kind}", n, goals.get(kind, 0), "calls") for kind, n in made.items()]
        peaks = {name: warm.peaks.get(name) or bench.peak(shipped, name) for name in functions}
        say("One hundred thousand items ...")
        grown = scale.ratios(folder)
        figures += [Figure(6, f"by {road}, 10^5 items / 10^2", ratio, 1.10) for road, ratio in grown.items()]
        size = artifact.size("DependenciesLayer", folder)
    figures += [
        Figure(7, "dependencies, zipped", size.zipped / 1e6, 18, "MB"),
        Figure(7, "dependencies, unzipped", size.unzipped / 1e6, 51, "MB"),
        *(Figure(8, f"peak memory: {name}", peak, 64, "MB") for name, peak in peaks.items()),
    ]
    memory = {name: memory_of(name) for name in functions}
    dollars = [cost.million(steps, tape, cpu, medians(cold), memory) for steps in (cost.SIGN_IN, cost.PAGES)]
    figures.append(Figure(9, "a million sign-ins", dollars[0], 15, "USD"))
    print(table(figures))
    say(f"The pages around a million sign-ins cost {dollars[1]:.2f} USD more.")
    write(figures, cold, warm)
    return int(not all(figure.reached for figure in figures))


def dates(cold: Samples) -> list[Figure]:
    """What it costs that packaging resets the dates of files."""
    figures = []
    for name in DATED:
        turns = list(ratios(cold[name], cold[f"as built {name}"]))
        what = f"cold with dates reset / as built: {name}"
        figures.append(Figure(2, what, median(turns), 1.03, spread=spread(turns)))
    return figures


def memory_of(function: str) -> int:
    """MB, as the template has it."""
    told = sam_template.resources("AWS::Serverless::Function")[function]
    return int(told.get("MemorySize") or sam_template.shared("MemorySize"))


def write(figures: list[Figure], cold: Samples, warm: Warm) -> None:
    """Keep the figures, and the milliseconds they come from."""
    document = {
        "machine": {"python": platform.python_version(), "processor": platform.machine(), "cores": os.cpu_count()},
        "figures": [figure.document() for figure in figures],
        "milliseconds": {
            "cold": rounded(medians(cold)),
            "warm": rounded(medians(warm.ours)),
            "warm floor": rounded(medians(warm.floor)),
        },
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def rounded(values: dict[str, float]) -> dict[str, float]:
    """To a hundredth."""
    return {name: round(value, 2) for name, value in values.items()}


def say(what: str) -> None:
    """Tell whoever waits."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
