"""The command line: what is said of each act, and what when one fails."""

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
from rehearsal import stage
from rehearsal.play import Play
from rehearsal.stage import Stage
from rehearsal.trouble import Trouble

LAST_LINES = 15
EVERYDAY = re.compile(r'START|END|REPORT|\{"level": ?"INFO"')
"""What Lambda itself writes around the lines of a function, and lines of which nothing is to be learnt."""
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
"""Whatever can go wrong between this process and an account; all else is a mistake in the rehearsal."""


def main() -> int:
    """Rehearse; returns the exit code."""
    logging.basicConfig(format="  %(message)s", level=logging.WARNING)
    forget_the_real_aws()
    try:
        asyncio.run(_rehearsed())
    except Trouble as trouble:
        print(f"\nThe rehearsal failed: {trouble}", flush=True)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130
    return 0


async def _rehearsed() -> None:
    begun = time.monotonic()
    if task := asyncio.current_task():
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with _one_line("no stage to rehearse on"):
        async with stage.built() as ready:
            await asyncio.to_thread(_perform, ready)
    print(f"\nThe whole life of a stack, in {time.monotonic() - begun:.0f} seconds.")


def _perform(ready: Stage) -> None:
    play = Play(ready, lambda line: print(f"  {line}", flush=True))
    for number, (title, act) in enumerate(play.acts, 1):
        print(f"{number}. {title}", flush=True)
        begun = time.monotonic()
        try:
            with _one_line(title):
                act()
        except Trouble:
            with suppress(*FAILURES):
                _show(ready)
            raise
        print(f"  ({time.monotonic() - begun:.1f} s)", flush=True)


@contextmanager
def _one_line(where: str) -> Iterator[None]:
    try:
        yield
    except FAILURES as failure:
        raise Trouble(f"{where}: {type(failure).__name__}: {failure}") from failure


def _show(ready: Stage) -> None:
    """What the processes said last."""
    for log in sorted(ready.logs.glob("*.log")):
        for line in log.read_text().splitlines()[-LAST_LINES:]:
            print(f"  {log.stem}: {line}")
    logs = ready.address.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        told = [line for event in events for line in event["message"].splitlines() if not EVERYDAY.match(line)]
        for line in told[-LAST_LINES:]:
            print(f"  {group['logGroupName'].rpartition('/')[2]}: {line}")
