"""The test environment: an AWS account on this machine, an OpenID provider and a temporary folder."""

import asyncio
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from local import aws, processes
from local.aws import Address
from local.provider_choice import ProviderProcess, start_stand_in
from local.stack import BUILD, MINISTACK, PROJECT
from tools.rehearsal import deployed_api
from tools.rehearsal.artifacts import Build
from tools.rehearsal.errors import expect
from tools.rehearsal.stacks import Stack

STACK = "latchkey"

MEMORY, NEEDED_BYTES = Path("/dev/shm"), 2 * 1024**3  # noqa: S108 - mkdtemp makes a folder that only we can read
"""A folder in memory, and the bytes that a rehearsal needs there. Each process of a function unpacks its layers again:
some thousand files, all removed in the end."""


@dataclass(slots=True)
class TestEnvironment:
    """An account on this machine, and the stack to deploy there."""

    address: Address
    stack: Stack
    google: ProviderProcess
    logs: Path
    """Folder with the logs of the processes."""
    url: str
    """Base URL of the API server, once it is started."""
    _listener: socket.socket
    _loop: asyncio.AbstractEventLoop
    _ministack: asyncio.subprocess.Process
    _cleanup: AsyncExitStack
    _runner: web.AppRunner | None = field(default=None)

    @property
    def host(self) -> str:
        """Host name of the deployed API, as in links and redirect URIs."""
        return self.stack.outputs()["ApiEndpoint"].partition("://")[2].partition(":")[0]

    def wait_for[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the event loop of the servers, from another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def start_api_server(self, services: Mapping[str, str] | None = None) -> None:
        """Serve the API and its functions as they are deployed now, and APIs of services by their prefixes."""
        outputs = self.stack.outputs()
        api = self.stack.resource("Portal")
        app = deployed_api.api_server(self.address, api, outputs["ClinicianPoolId"], f"https://{self.host}", services)
        self.wait_for(self._start(app))

    def lose_region(self) -> None:
        """Kill the account's region with all that is in it. Start another, in which nothing is deployed."""
        self.wait_for(self._lose())
        self.stack = Stack(STACK, self.address, Build(BUILD, self.address))

    async def _lose(self) -> None:
        await self.stop_api_server()
        await processes.kill(self._ministack)
        folder = self.logs / "another-region"
        folder.mkdir()
        self._ministack, endpoint = await aws.start_ministack(MINISTACK, folder, self.logs / "another-region.log")
        self._cleanup.push_async_callback(processes.stop, self._ministack)
        self.address = Address(endpoint, endpoint)

    async def stop_api_server(self) -> None:
        """Stop the server, if it runs."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _start(self, app: web.Application) -> None:
        await self.stop_api_server()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener.dup()).start()


@asynccontextmanager
async def running() -> AsyncIterator[TestEnvironment]:
    """Start a test environment. Stop it and remove its files when the context ends.

    :raises RehearsalError: nothing is built that could be deployed.
    """
    expect((BUILD / "template.yaml").exists(), "nothing is built yet: make build")
    async with AsyncExitStack() as cleanup:
        state = _folder()
        cleanup.callback(shutil.rmtree, state, ignore_errors=True)
        ministack, endpoint = await aws.start_ministack(MINISTACK, state, state / "ministack.log")
        cleanup.push_async_callback(processes.stop, ministack)
        google = await start_stand_in(Path(sys.executable), PROJECT, state / "google.log")
        cleanup.push_async_callback(processes.stop, google.process)
        address = Address(endpoint, endpoint)
        listener = cleanup.enter_context(socket.create_server(("127.0.0.1", 0)))
        stack = Stack(STACK, address, await asyncio.to_thread(Build, BUILD, address))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        loop = asyncio.get_running_loop()
        environment = TestEnvironment(address, stack, google, state, url, listener, loop, ministack, cleanup)
        cleanup.push_async_callback(environment.stop_api_server)
        yield environment


def _folder() -> Path:
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED_BYTES
    return Path(tempfile.mkdtemp(prefix="latchkey-rehearsal-", dir=MEMORY if in_memory else None))
