"""Child processes: each in a session of its own, so that Ctrl-C reaches only us, and ended by its own id."""

import asyncio
import contextlib
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

READY_SECONDS = 20.0
"""How long a child that serves may take until it answers."""

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


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def wait_until_ready(url: str, process: asyncio.subprocess.Process) -> None:
    """Wait for a child to serve; it is ended if it does not, or if nobody waits any longer.

    :raises RuntimeError: it does not answer.
    """
    answered = False
    try:
        async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as http:
            while process.returncode is None and not answered:
                answered = await _answers(http, url)
    except TimeoutError:
        pass
    finally:
        if not answered:
            await kill(process)
    if not answered:
        raise RuntimeError(f"{url} does not answer")


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url):
            return True
    except aiohttp.ClientConnectionError:
        await asyncio.sleep(0.03)
        return False
