"""The `copy-time` command: how long `restore` copies a table with some number of rows, and what limits it."""

import argparse

CPU_MICROSECONDS = {"Events": 330, "Accounts": 7_900, "Clients": 7_900}
"""CPU of this command for one row. Measured by `python -m tools.bench.copies` on two cores of 2026."""
CALLS = {"Events": 6 / 100, "Accounts": 3 + 2 / 100, "Clients": 3 + 2 / 100}
"""Calls to DynamoDB for one row. A page of 100 is one scan and one read of what exists. Audit rows are written 25 in a
call. An account and a client need two questions to the audit and a write each."""
CALL_SECONDS = 0.010
"""Time of one call. DynamoDB promises "single-digit millisecond" responses (its product page)."""
NEW_TABLE_WRITES = 4_000
"""Writes a second of a table on demand that is new (DynamoDB developer guide, "initial throughput")."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("--rows", type=int, required=True, help="rows of the table, each of up to 1 KB")
    command.add_argument("--table", choices=CPU_MICROSECONDS, default="Events", help="logical id in the template")
    command.add_argument("--machines", type=int, default=1, help="machines that copy a part each (--part)")
    command.add_argument("--segments", type=int, default=16, help="segments of all machines together")
    command.add_argument(
        "--writes", type=int, default=NEW_TABLE_WRITES, help="writes a second that the new table accepts"
    )


def show(args: argparse.Namespace) -> None:
    """Print each limit in rows a second, and the time by the lowest."""
    limits = rates(args.table, args.machines, args.segments, args.writes)
    for name, rate in limits.items():
        print(f"{name}: {rate:,.0f} rows a second")
    slowest = min(limits, key=lambda name: limits[name])
    print(f"{args.rows:,} rows of {args.table}: {duration(args.rows / limits[slowest])}. The limit is: {slowest}.")


def rates(table: str, machines: int, segments: int, writes: int) -> dict[str, float]:
    """Return what each limit allows, in rows a second. A process of Python computes on one core."""
    return {
        "computing": machines * 1_000_000 / CPU_MICROSECONDS[table],
        "waiting for calls": segments / (CALLS[table] * CALL_SECONDS),
        "writes of the new table": float(writes),
    }


def duration(seconds: float) -> str:
    """Return a time in words."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
