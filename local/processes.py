"""Child processes: each in a session of its own, so that Ctrl-C reaches only us, and ended by its own id."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE_SECONDS = 3.0
"""How long a child may take to end when asked, before it is made to."""


async def start(
    command: Sequence[str | Path], environment: Mapping[str, str], log: Path, folder: Path | None = None
) -> asyncio.subprocess.Process:
    """Run a command with exactly that environment; what it prints is added to `log`."""
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            env=dict(environment),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a child and wait until it is gone; one that has ended by itself is no error."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await process.wait()
    except TimeoutError:
        await kill(process)


async def kill(process: asyncio.subprocess.Process) -> None:
    """End a child at once and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
