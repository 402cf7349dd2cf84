"""`python -m tools.quiet_night`: print how soon alarms report an outage. Exits with 1 if too few do in time."""

import argparse
import sys
from functools import partial

from tools.quiet_night import alarms, outages

BEFORE = ("ServerErrorsAlarm", "UnsentMailAlarm", "MailWaitingAlarm", "MailRefusedAlarm")
"""Alarms that can notice such an outage without a probe."""
WITH_PROBE = (*BEFORE, "ErrorRatioAlarm", "ProbeAlarm")
SIGN_INS_PER_HOUR = (0.6, 3, 30)
GOAL = 0.95


def main() -> int:
    """Run the simulation. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.quiet_night", description=outages.__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="nights for each row (default: 1000)")
    parser.add_argument("--seed", type=int, default=18)
    args = parser.parse_args()
    print("| outage | visits an hour | probe | alarm within 15 min | median min | 95 % within min |")
    print("|---|---|---|---|---|---|")
    passed = True
    for outage in outages.OUTAGES:
        for sign_ins in SIGN_INS_PER_HOUR:
            for has_probe in (False, True):
                known = alarms.declared(WITH_PROBE if has_probe else BEFORE)
                make = partial(outages.simulate, outage, sign_ins, has_probe=has_probe)
                minutes = outages.alarm_minutes(args.runs, make, known, args.seed)
                share = sum(each <= outages.MAX_MINUTES for each in minutes) / args.runs
                passed &= share >= GOAL or not has_probe
                median, late = minutes[args.runs // 2], minutes[int(args.runs * GOAL)]
                row = (
                    outage,
                    f"{sign_ins:g}",
                    "yes" if has_probe else "no",
                    f"{share:.1%}",
                    f"{median:g}",
                    f"{late:g}",
                )
                print(f"| {' | '.join(row)} |", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
