"""`python -m tools.load`: bounded load on a new portal, and response times by the state of an account."""

import argparse
import statistics
import sys
from http import HTTPStatus

from local import portal_process
from tools.load import flood, medians, mix
from tools.load.flood import Flood
from tools.load.mix import SETTLED, Report


def main() -> int:
    """Run the chosen parts and print their tables. Return 1 if any outcome was wrong."""
    args = _arguments()
    wrong: list[str] = []
    with portal_process.portal(engine=args.dynamodb) as portal:
        if args.part in {"all", "mix"}:
            report = mix.run(portal, args.requests, args.clients)
            _print_mix(report, args.clients)
            wrong += report.wrong
        if args.part in {"all", "flood"}:
            floods = flood.run(portal)
            _print_floods(floods)
            wrong += [sentence for one in floods for sentence in one.wrong()]
        if args.part in {"all", "medians"}:
            _print_medians(medians.measure(portal, args.rounds))
    for sentence in wrong[:20]:
        print(f"wrong: {sentence}")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.load", description="Load on a portal of its own.")
    parser.add_argument("part", choices=("all", "mix", "flood", "medians"), nargs="?", default="all")
    parser.add_argument("--requests", type=int, default=3000, help="number of requests of the mix")
    parser.add_argument("--clients", type=int, default=8, help="clients that send requests in parallel")
    parser.add_argument(
        "--rounds", type=int, default=150, help="requests for each state of an account, for the medians"
    )
    parser.add_argument("--dynamodb", choices=("ministack", "dynamodb-local"), default="ministack")
    return parser.parse_args()


def _print_mix(report: Report, clients: int) -> None:
    total = sum(map(len, report.seconds_by_action.values()))
    print(
        f"{total:,} requests by {clients} clients in {report.seconds:.0f} s: {total / report.seconds:.0f} a second; ",
        end="",
    )
    print(f"wrong outcomes: {len(report.wrong)}\n")
    print("| request | number | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|")
    for action, seconds in report.seconds_by_action.items():
        cuts = statistics.quantiles(seconds, n=100)
        print(
            f"| {action} | {len(seconds):,} | {cuts[49] * 1000:.0f} | {cuts[94] * 1000:.0f} | {cuts[98] * 1000:.0f} |"
        )
    print(f"\n| function | processes | MB after {SETTLED} requests | MB at the end |\n|---|---|---|---|")
    for function, processes, early, late in report.memory():
        print(f"| {function} | {processes} | {early:.1f} | {late:.1f} |")
    print()


def _print_floods(floods: list[Flood]) -> None:
    print("| flood | requests | let through | refused, p50 ms | neighbours served, p50 ms |")
    print("|---|---|---|---|---|")
    for one in floods:
        wait = statistics.median(one.seconds) * 1000 if one.seconds else 0
        served = sum(response.status == HTTPStatus.SEE_OTHER for response in one.neighbours)
        print(
            f"| {one.name} | {one.requests} | {one.admitted} | {len(one.seconds)}, {wait:.0f} "
            f"| {served} of {len(one.neighbours)}, {one.neighbour_ms:.0f} |"
        )
    print()


def _print_medians(medians_of: dict[str, float]) -> None:
    overall = statistics.median(medians_of.values())
    print("| account | median ms | against the median of all |\n|---|---|---|")
    for state, seconds in medians_of.items():
        print(f"| {state} | {seconds * 1000:.2f} | {(seconds / overall - 1) * 100:+.1f} % |")


if __name__ == "__main__":
    sys.exit(main())
