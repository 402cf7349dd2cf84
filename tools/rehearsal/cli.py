"""The command line: run the scenario, print each step, and show logs if a step fails."""

import asyncio
import logging
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from botocore.exceptions import BotoCoreError, ClientError

from local.cli import forget_the_real_aws
from local.stack import StartError
from tools.rehearsal import environment
from tools.rehearsal.commands import Commands
from tools.rehearsal.environment import TestEnvironment
from tools.rehearsal.errors import RehearsalError
from tools.rehearsal.run import Run
from tools.rehearsal.scenario import STEPS

LAST_LINES = 15
EVERYDAY = re.compile(r'START|END|REPORT|\{"level": ?"INFO"')
"""Lines of Lambda itself, and informational lines of the functions. They do not explain a failure."""
FAILURES = (
    BotoCoreError,
    ClientError,
    LookupError,
    OSError,
    RuntimeError,
    StartError,
    ValueError,
    subprocess.SubprocessError,
)
"""Exceptions of calls to the account. Any other exception is a mistake in the rehearsal."""


def main() -> int:
    """Run the rehearsal. Return the exit code."""
    logging.basicConfig(format="  %(message)s", level=logging.WARNING)
    forget_the_real_aws()
    try:
        asyncio.run(_rehearse())
    except RehearsalError as error:
        print(f"\nThe rehearsal failed: {error}", flush=True)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130
    return 0


async def _rehearse() -> None:
    begun = time.monotonic()
    if task := asyncio.current_task():
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with _summary("the test environment did not start"):
        async with environment.running() as ready:
            await asyncio.to_thread(_run_steps, ready)
    print(f"\nThe whole life of a stack, in {time.monotonic() - begun:.0f} seconds.")


def _run_steps(ready: TestEnvironment) -> None:
    run = Run(ready, lambda line: print(f"  {line}", flush=True), Commands(ready.address))
    for number, (title, step) in enumerate(STEPS, 1):
        print(f"{number}. {title}", flush=True)
        begun = time.monotonic()
        try:
            with _summary(title):
                step(run)
        except RehearsalError:
            with suppress(*FAILURES):
                _print_logs(ready)
            raise
        print(f"  ({time.monotonic() - begun:.1f} s)", flush=True)


@contextmanager
def _summary(where: str) -> Iterator[None]:
    """Turn a failed call into a RehearsalError of one line."""
    try:
        yield
    except FAILURES as failure:
        raise RehearsalError(f"{where}: {type(failure).__name__}: {failure}") from failure


def _print_logs(ready: TestEnvironment) -> None:
    """Print the last lines of every log."""
    for log in sorted(ready.logs.glob("*.log")):
        for line in log.read_text().splitlines()[-LAST_LINES:]:
            print(f"  {log.stem}: {line}")
    logs = ready.address.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        lines = [line for event in events for line in event["message"].splitlines() if not EVERYDAY.match(line)]
        for line in lines[-LAST_LINES:]:
            print(f"  {group['logGroupName'].rpartition('/')[2]}: {line}")
