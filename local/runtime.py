"""Runs functions as Lambda does: by Lambda's runtime client, in a clean environment, one event at a time."""

import asyncio
import os
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from local import loopback, processes
from local.sam_template import REGION, Function, function_arn

MAX_WORKERS = 4
"""Processes of one function. A developer's machine has few cores."""

INIT_SECONDS = 10.0
"""Time that Lambda gives a function to start."""


class FunctionFailed(Exception):
    """The function raised an exception, ended or did not start. Its log says why."""


class FunctionTimedOut(FunctionFailed):
    """The function took longer than its timeout in the template and was killed."""


@dataclass(frozen=True, slots=True)
class SharedEnvironment:
    """The parts of a process's environment that do not come from its function's properties."""

    python: Path
    """Python interpreter that has only the runtime client installed."""
    variables: dict[str, str]
    """Environment variables with the URLs of AWS and the credentials."""
    logs: Path
    """Folder for log files."""
    sdk: Path | None = None
    """Folder of boto3. None for functions whose layers have all that they import."""


@dataclass(slots=True)
class _Job:
    event: bytes
    client_context: str | None
    deadline_ms: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    answer: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Worker:
    """One process of a function, with a runtime API of its own from which it gets events."""

    def __init__(self, function: Function, environment: SharedEnvironment) -> None:
        self._function = function
        self._environment = environment
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._job: _Job | None = None
        self._polled = asyncio.Event()
        self._api: web.ServerRunner | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """True if the process is running."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process and wait until it asks for an event.

        :raises FunctionFailed: it ends or takes too long.
        """
        self._api = web.ServerRunner(web.Server(self._respond), shutdown_timeout=0.1)
        address = await loopback.listen(self._api)
        self._process = await processes.start(
            [self._environment.python, "-m", "awslambdaric", self._function.handler],
            self._variables(address),
            self._environment.logs / f"{self._function.name}.log",
            self._function.folder,
        )
        self._watch = asyncio.create_task(self._watch_exit(self._process))
        polled = asyncio.create_task(self._polled.wait())
        await asyncio.wait({polled, self._watch}, timeout=INIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not polled.done():
            polled.cancel()
            raise FunctionFailed(f"{self._function.name} does not start")

    async def invoke(self, event: bytes, client_context: str | None) -> bytes:
        """Return the function's result for one event.

        :raises FunctionFailed: the function raised, ended or timed out.
        """
        deadline_ms = int((time.time() + self._function.timeout) * 1000)
        self._job = job = _Job(event, client_context, deadline_ms)
        self._jobs.put_nowait(job)
        try:
            async with asyncio.timeout(self._function.timeout):
                return await job.answer
        except TimeoutError:
            if self._process:
                await processes.kill(self._process)
            raise FunctionTimedOut(f"{self._function.name} timed out after {self._function.timeout} s") from None
        finally:
            self._job = None

    async def stop(self) -> None:
        """End the process and its runtime API."""
        if self._process:
            await processes.kill(self._process)
        if self._watch:
            await self._watch
        if self._api:
            await self._api.cleanup()

    def _variables(self, api: str) -> dict[str, str]:
        layers = [str(layer / "python") for layer in self._function.layers]
        layers += [str(self._environment.sdk)] if self._environment.sdk else []
        return {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": os.pathsep.join(layers),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "AWS_LAMBDA_RUNTIME_API": api,
            "AWS_LAMBDA_FUNCTION_NAME": self._function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self._function.memory),
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "LAMBDA_TASK_ROOT": str(self._function.folder),
            "_HANDLER": self._function.handler,
            **self._environment.variables,
            **self._function.environment,
        }

    async def _watch_exit(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        if self._job and not self._job.answer.done():
            self._job.answer.set_exception(FunctionFailed(f"{self._function.name} ended in the middle of an event"))

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.path.removeprefix("/2018-06-01/runtime/").split("/"):
            case ["invocation", "next"]:
                self._polled.set()
                return _send_event(await self._jobs.get(), self._function)
            case ["invocation", id_, "response"]:
                self._settle(id_, await request.read())
            case ["invocation", id_, "error"]:
                self._settle(id_, FunctionFailed(f"{self._function.name} raised an exception"))
        return web.Response(status=202)

    def _settle(self, job_id: str, answer: bytes | FunctionFailed) -> None:
        if self._job is None or self._job.id != job_id or self._job.answer.done():
            return
        if isinstance(answer, bytes):
            self._job.answer.set_result(answer)
        else:
            self._job.answer.set_exception(answer)


def _send_event(job: _Job, function: Function) -> web.Response:
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": job.id,
        "Lambda-Runtime-Deadline-Ms": str(job.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": function_arn(function.name),
    }
    if job.client_context:
        headers["Lambda-Runtime-Client-Context"] = job.client_context
    return web.Response(body=job.event, headers=headers)


class Pool:
    """A function with one process for each parallel event, up to `MAX_WORKERS`."""

    def __init__(self, function: Function, environment: SharedEnvironment) -> None:
        self.function = function
        self._environment = environment
        self._slots = asyncio.Semaphore(MAX_WORKERS)
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()

    async def warm(self) -> None:
        """Start one process, so that the first event need not wait for it.

        :raises FunctionFailed: the process does not start.
        """
        async with self._slots:
            self._idle.append(await self._start_worker())

    async def invoke(self, event: bytes, client_context: str | None = None) -> bytes:
        """Return the function's result for one event.

        :raises FunctionFailed: the function raised, ended, timed out or did not start.
        """
        async with self._slots:
            worker = await self._idle_or_new()
            try:
                return await worker.invoke(event, client_context)
            finally:
                if worker.alive:
                    self._idle.append(worker)
                else:
                    await self._discard(worker)

    async def stop(self) -> None:
        """End every process of the function."""
        await asyncio.gather(*map(self._discard, tuple(self._workers)))

    async def _idle_or_new(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            await self._discard(worker)
        return await self._start_worker()

    async def _start_worker(self) -> Worker:
        worker = Worker(self.function, self._environment)
        self._workers.add(worker)
        try:
            await worker.start()
        except FunctionFailed:
            await self._discard(worker)
            raise
        return worker

    async def _discard(self, worker: Worker) -> None:
        self._workers.discard(worker)
        await worker.stop()
