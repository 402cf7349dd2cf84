"""Calls to AWS with short timeouts, by one of two transports: our own, or botocore's clients.

Both raise botocore's errors. `AwsTransport` in the template chooses (docs/decisions/0016-transport.md).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from math import inf
from typing import Any, Protocol, assert_never

import botocore.session
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import EnvProvider
from botocore.exceptions import BotoCoreError, ConnectionClosedError, NoCredentialsError
from botocore.httpsession import get_cert_path

from latchkey import __version__, settings
from latchkey.transport import endpoints
from latchkey.transport.client import JsonClient
from latchkey.transport.connections import Endpoint
from latchkey.transport.signature import Credentials

USER_AGENT = f"latchkey/{__version__}"
CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 2
MAX_TRIES = 3
"""Tries of one call, including the first."""
RESPONSE_MARGIN_SECONDS = 2
"""Time for the response, of a function's 10 seconds. A person waits at most 8 seconds, even for an error."""


class InvocationContext(Protocol):
    """The part of Lambda's context object that is used here."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""


type GatewayHandler = Callable[[Mapping[str, Any], InvocationContext], dict[str, Any]]
"""A Lambda handler of API Gateway's events."""


class DeadlineTooClose(BotoCoreError):
    """A call to AWS was not started, because it could outlast the function."""

    fmt = "Too little time is left for this call"


@dataclass(slots=True)
class _Clock:
    left: Callable[[], float] = lambda: inf
    """Returns the milliseconds until Lambda ends the invocation."""


_clock = _Clock()


def within_deadline[Event, Answer](
    handle: Callable[[Event, InvocationContext], Answer],
) -> Callable[[Event, InvocationContext], Answer]:
    """Return a Lambda handler that starts no call to AWS too late.

    A late call raises `DeadlineTooClose` at once, as an outage does. So Lambda never ends a call in the middle.
    """

    @wraps(handle)
    def timed(event: Event, context: InvocationContext) -> Answer:
        previous, _clock.left = _clock.left, context.get_remaining_time_in_millis
        try:
            return handle(event, context)
        finally:
            _clock.left = previous

    return timed


NOT_RETRIED = {"sesv2"}
"""Services without retries. SQS redelivers a mail job later. An immediate retry could send a letter twice."""

_one_try = ContextVar("_one_try", default=False)


@contextmanager
def one_try() -> Iterator[None]:
    """Switch off retries inside the `with` block, for calls whose failure does no harm."""
    token = _one_try.set(True)
    try:
        yield
    finally:
        _one_try.reset(token)


@cache
def botocore_session() -> botocore.session.Session:
    """Return the only botocore session of this process. Each session parses the service models again."""
    session = botocore.session.get_session()
    # botocore builds its default user agent at each call, which takes a tenth of the call's CPU time
    session.set_default_client_config(Config(user_agent=USER_AGENT))
    session.register("request-created", _refuse_late_request)
    # a more specific event name than that of botocore's own retry handler, so ours runs first
    session.register("needs-retry.*.*", _retry_decision)
    return session


def call(service: str, operation: str, **arguments: Any) -> dict[str, Any]:
    """Call an operation of AWS. `service` is botocore's name of it, `operation` the API's.

    :raises ClientError: AWS refuses the call.
    :raises BotoCoreError: there is no response that can be trusted, or too little time is left for one.
    """
    return client(service).call(operation, arguments)


class ServiceClient(Protocol):
    """Calls to one service, by either transport."""

    def call(self, operation: str, arguments: dict[str, Any], /) -> dict[str, Any]:
        """Return the response of an operation. Raises as `call` does."""


@cache
def client(service: str) -> ServiceClient:
    """Return the client of a service, by botocore's name. Services that few requests call are left to botocore."""
    if service not in endpoints.SERVICES:
        return _BotocoreClient(service)
    match settings.load().transport:
        case "lean":
            return _lean_client(service)
        case "botocore":
            return _BotocoreClient(service)
        case unknown:
            assert_never(unknown)


def _lean_client(service: str) -> JsonClient:
    row, config = endpoints.SERVICES[service], settings.load()
    configured = settings.endpoint_url(row.environment_name)
    is_retried = service not in NOT_RETRIED
    return JsonClient(
        row,
        Endpoint(
            endpoints.url(row, config.region, configured=configured, fips=config.fips),
            connect_seconds=CONNECT_TIMEOUT_SECONDS,
            read_seconds=READ_TIMEOUT_SECONDS,
            ca_bundle=config.ca_bundle or get_cert_path(verify=True),
        ),
        region=config.region,
        user_agent=USER_AGENT,
        credentials=_credentials,
        before_try=_refuse_late_try,
        max_tries=lambda: MAX_TRIES if is_retried and not _one_try.get() else 1,
        resends_stale=is_retried,
    )


def _credentials() -> Credentials:
    """Return the credentials of this function.

    :raises NoCredentialsError: there are none.
    """
    credentials = _credentials_of_process()
    if credentials is None:
        raise NoCredentialsError
    frozen = credentials.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


@cache
def _credentials_of_process() -> Any:
    # Lambda gives them as environment variables. Elsewhere, botocore looks for them in all of its places.
    return EnvProvider().load() or botocore_session().get_credentials()


class _BotocoreClient:
    """A client of botocore."""

    def __init__(self, service: str) -> None:
        self.client: Any = botocore_session().create_client(
            service,
            region_name=settings.load().region,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                parameter_validation=False,
                retries={"mode": "standard", "total_max_attempts": 1 if service in NOT_RETRIED else MAX_TRIES},
            ),
        )

    def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the response of an operation."""
        response: dict[str, Any] = self.client._make_api_call(operation, arguments)  # noqa: SLF001 - as PynamoDB does
        return response


def _refuse_late_request(**event: Any) -> None:
    """Refuse a late try of botocore, which calls this before each. Raises as `_refuse_late_try` does."""
    request: AWSRequest = event["request"]
    _refuse_late_try(request.context["retries"]["attempt"])


def _refuse_late_try(number: int) -> None:
    """Refuse a try that could outlast the function. `number` counts the tries of a call from 1.

    Retries leave time to read back or undo what earlier tries wrote.

    :raises DeadlineTooClose: the try could outlast the function.
    """
    needed = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS + RESPONSE_MARGIN_SECONDS
    if number > 1:
        needed += READ_TIMEOUT_SECONDS
    if _clock.left() < 1000 * needed:
        raise DeadlineTooClose


def _retry_decision(**event: Any) -> Any:
    """Return False to forbid another try, or None to let botocore decide. botocore calls this after each try.

    :raises ConnectionClosedError: the response body is shorter than its Content-Length. botocore would take it for an
        empty response, so an item that could not be read would look like a missing item.
    """
    response: tuple[AWSResponse, Any] | None = event["response"]
    if response and _is_truncated(response[0]):
        raise ConnectionClosedError(endpoint_url=response[0].url)
    return False if _one_try.get() else None


def _is_truncated(response: AWSResponse) -> bool:
    length = response.headers.get("content-length", "")
    return length.isdecimal() and len(response.content) < int(length)
