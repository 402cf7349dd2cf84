"""What a rehearsal stands on, started and stopped together: an account, a Google, and a folder that is removed."""

import asyncio
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from local import aws, processes
from local.aws import Address
from local.provider_choice import ProviderProcess, start_stand_in
from local.stack import BUILD, MINISTACK, PROJECT
from rehearsal import deployed
from rehearsal.artifacts import Build
from rehearsal.stacks import Stack
from rehearsal.trouble import expect

STACK = "latchkey"

MEMORY, ROOM = Path("/dev/shm"), 2 * 1024**3  # noqa: S108 (for a folder that only we can read)
"""Where files never touch a disk, and the bytes it takes: each process of a function unpacks its layers anew, some
thousand files that are all removed in the end."""


@dataclass(slots=True)
class Stage:
    """An empty account on this machine, and what is built to be deployed there."""

    address: Address
    stack: Stack
    google: ProviderProcess
    logs: Path
    """Folder with what the processes print."""
    url: str
    """Where the portal answers as soon as the door is open."""
    _listener: socket.socket
    _loop: asyncio.AbstractEventLoop
    _runner: web.AppRunner | None = field(default=None)

    @property
    def host(self) -> str:
        """What the API calls itself, as links and Google's redirect URI have it."""
        return self.stack.outputs()["ApiEndpoint"].partition("://")[2].partition(":")[0]

    def wait_for[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done where the door and the processes live, from another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def open_door(self) -> None:
        """Answer requests with the API and the functions as they are deployed now."""
        outputs = self.stack.outputs()
        api = self.stack.resource("Portal")
        app = deployed.door(self.address, api, outputs["ClinicianPoolId"], f"https://{self.host}")
        self.wait_for(self._open(app))

    async def close_door(self) -> None:
        """Answer no more."""
        if self._runner:
            await self._runner.cleanup()

    async def _open(self, app: web.Application) -> None:
        await self.close_door()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener.dup()).start()


@asynccontextmanager
async def built() -> AsyncIterator[Stage]:
    """A stage for as long as the context lasts, and nothing of it afterwards.

    :raises Trouble: there is nothing to deploy.
    """
    expect((BUILD / "template.yaml").exists(), "nothing is built yet: make build")
    async with AsyncExitStack() as ending:
        state = _folder()
        ending.callback(shutil.rmtree, state, ignore_errors=True)
        ministack, endpoint = await aws.start_ministack(MINISTACK, state, state / "ministack.log")
        ending.push_async_callback(processes.stop, ministack)
        google = await start_stand_in(Path(sys.executable), PROJECT, state / "google.log")
        ending.push_async_callback(processes.stop, google.process)
        address = Address(endpoint, endpoint)
        listener = ending.enter_context(socket.create_server(("127.0.0.1", 0)))
        stack = Stack(STACK, address, await asyncio.to_thread(Build, BUILD, address))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        stage = Stage(address, stack, google, state, url, listener, asyncio.get_running_loop())
        ending.push_async_callback(stage.close_door)
        yield stage


def _folder() -> Path:
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return Path(tempfile.mkdtemp(prefix="latchkey-rehearsal-", dir=MEMORY if roomy else None))
