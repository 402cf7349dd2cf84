"""Child processes. Each has its own session, so that Ctrl-C reaches only the parent, and is ended by its own id."""

import asyncio
import contextlib
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

READY_TIMEOUT_SECONDS = 20.0
"""Time that a server process has until it answers."""

STOP_TIMEOUT_SECONDS = 3.0
"""Time that a process has to end after SIGTERM. Then it gets SIGKILL."""


async def start(
    command: Sequence[str | Path], environment: Mapping[str, str], log: Path, folder: Path | None = None
) -> asyncio.subprocess.Process:
    """Start a command with exactly this environment. Its output is appended to the file `log`."""
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
    """Terminate a process and wait until it has ended. It may have ended before."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
            await process.wait()
    except TimeoutError:
        await kill(process)


async def kill(process: asyncio.subprocess.Process) -> None:
    """Kill a process and wait until it has ended."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def wait_until_ready(url: str, process: asyncio.subprocess.Process) -> None:
    """Wait until a server process answers. Kill it if it does not answer, or if the wait is cancelled.

    :raises RuntimeError: the process does not answer in time, or it has ended.
    """
    answered = False
    try:
        async with asyncio.timeout(READY_TIMEOUT_SECONDS), aiohttp.ClientSession() as http:
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
