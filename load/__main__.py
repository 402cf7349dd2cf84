"""`python -m load`: a bounded mix against a portal of its own, and how long it takes to answer about an address."""

import argparse
import statistics
import sys

from load import medians, mix
from load.mix import SETTLED, Report
from local import portal_process


def main() -> int:
    """Run what is asked for and print its tables; 1 if any outcome was wrong."""
    arguments = _arguments()
    wrong: list[str] = []
    with portal_process.portal(engine=arguments.dynamodb) as portal:
        if arguments.what in {"all", "mix"}:
            report = mix.run(portal, arguments.requests, arguments.clients)
            _print_mix(report, arguments.clients)
            wrong += report.wrong
        if arguments.what in {"all", "medians"}:
            _print_medians(medians.measure(portal, arguments.rounds))
    for sentence in wrong[:20]:
        print(f"wrong: {sentence}")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m load", description="Load on a portal of its own.")
    parser.add_argument("what", choices=("all", "mix", "medians"), nargs="?", default="all")
    parser.add_argument("--requests", type=int, default=3000, help="of the mix")
    parser.add_argument("--clients", type=int, default=8, help="who send them at once")
    parser.add_argument("--rounds", type=int, default=150, help="requests of each state of an account, for the medians")
    parser.add_argument("--dynamodb", choices=("ministack", "dynamodb-local"), default="ministack")
    return parser.parse_args()


def _print_mix(report: Report, clients: int) -> None:
    total = sum(map(len, report.took.values()))
    print(
        f"{total:,} requests by {clients} clients in {report.seconds:.0f} s: {total / report.seconds:.0f} a second; ",
        end="",
    )
    print(f"wrong outcomes: {len(report.wrong)}\n")
    print("| request | number | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|")
    for kind, took in report.took.items():
        cuts = statistics.quantiles(took, n=100)
        print(f"| {kind} | {len(took):,} | {cuts[49] * 1000:.0f} | {cuts[94] * 1000:.0f} | {cuts[98] * 1000:.0f} |")
    print(f"\n| function | processes | MB after {SETTLED} requests | MB at the end |\n|---|---|---|---|")
    for function, processes, early, late in report.memory():
        print(f"| {function} | {processes} | {early:.1f} | {late:.1f} |")
    print()


def _print_medians(medians_of: dict[str, float]) -> None:
    usual = statistics.median(medians_of.values())
    print("| account | median ms | against the median of all |\n|---|---|---|")
    for state, seconds in medians_of.items():
        print(f"| {state} | {seconds * 1000:.2f} | {(seconds / usual - 1) * 100:+.1f} % |")


if __name__ == "__main__":
    sys.exit(main())
