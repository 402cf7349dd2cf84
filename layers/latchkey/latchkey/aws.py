"""Calls to AWS with short timeouts, by one of two transports: our own, or botocore's clients.

Both raise botocore's errors. `AwsTransport` in the template chooses (docs/decisions/0016-transport.md).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from math import inf
from pathlib import Path
from typing import Any, Protocol, assert_never

import botocore
from botocore.exceptions import BotoCoreError, NoCredentialsError

from latchkey import __version__, settings
from latchkey.transport import endpoints
from latchkey.transport.client import JsonClient
from latchkey.transport.connections import Endpoint
from latchkey.transport.endpoints import Service
from latchkey.transport.signature import Credentials

USER_AGENT = f"latchkey/{__version__}"
CA_BUNDLE = str(Path(botocore.__file__).with_name("cacert.pem"))
CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 2
MAX_TRIES = 3
"""Tries of one call, including the first."""
RESPONSE_MARGIN_SECONDS = 2
"""Time for the response, of a function's 10 seconds. A person waits at most 8 seconds, even for an error."""


class InvocationContext(Protocol):
    """The part of Lambda's context object that this package uses."""

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


def milliseconds_left() -> float:
    """Return the milliseconds until Lambda ends the invocation."""
    return _clock.left()


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


def call(service: str, operation: str, **arguments: Any) -> dict[str, Any]:
    """Call an operation of AWS, and return its response. The service has botocore's name, the operation the API's.

    :raises ClientError: AWS refuses the call.
    :raises BotoCoreError: there is no response that can be trusted, or too little time is left for one.
    """
    return client(service).call(operation, arguments)


MAX_DELAY_SECONDS = 900
"""The longest delay of a message that SQS allows."""


def queue_message(queue_url: str, body: str, delay: int = 0) -> None:
    """Put a message on a queue. It is received after `delay` seconds, or after `MAX_DELAY_SECONDS` if that is less.

    :raises BotoCoreError: the queue does not answer.
    :raises ClientError: the queue answers with an error.
    """
    delay = max(0, min(delay, MAX_DELAY_SECONDS))
    call("sqs", "SendMessage", QueueUrl=queue_url, MessageBody=body, DelaySeconds=delay)


FUNCTION_SECONDS = 30
"""Time for the response of another function, a cold start included."""


class FunctionError(Exception):
    """Another function ended without a result. Its log says why."""


def invoke(function: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Invoke another function of the stack by its name, and return its result. A failed call is not repeated.

    :raises FunctionError: the function ended without a result.
    :raises ClientError: AWS refuses the call.
    :raises BotoCoreError: there is no response that can be trusted.
    """
    result = _function_client(function).call("Invoke", payload)
    if "errorType" in result:
        raise FunctionError
    return result


@cache
def _function_client(function: str) -> JsonClient:
    return _lean_client(endpoints.function(function), read_seconds=FUNCTION_SECONDS, is_retried=False)


class ServiceClient(Protocol):
    """Calls to one service, by either transport."""

    def call(self, operation: str, arguments: dict[str, Any], /) -> dict[str, Any]:
        """Return the response of an operation. Raises as `call` does."""


@cache
def client(service: str) -> ServiceClient:
    """Return the client of a service, by botocore's name. Services that `endpoints.SERVICES` lacks have botocore's."""
    if service not in endpoints.SERVICES:
        return _botocore_client(service)
    match settings.load().transport:
        case "lean":
            return _lean_client(endpoints.SERVICES[service], is_retried=service not in NOT_RETRIED)
        case "botocore":
            return _botocore_client(service)
        case unknown:
            assert_never(unknown)


def _lean_client(row: Service, *, is_retried: bool, read_seconds: float = READ_TIMEOUT_SECONDS) -> JsonClient:
    config = settings.load()
    configured = settings.endpoint_url(row.environment_name)
    return JsonClient(
        row,
        Endpoint(
            endpoints.url(row, config.region, configured=configured, fips=config.fips),
            connect_seconds=CONNECT_TIMEOUT_SECONDS,
            read_seconds=read_seconds,
            ca_bundle=config.ca_bundle or CA_BUNDLE,
        ),
        region=config.region,
        user_agent=USER_AGENT,
        credentials=_credentials,
        before_try=_refuse_late_try,
        max_tries=lambda: MAX_TRIES if is_retried and not _one_try.get() else 1,
        resends_stale=is_retried,
    )


def _botocore_client(service: str) -> ServiceClient:
    from latchkey.transport.botocore_client import BotocoreClient

    return BotocoreClient(
        service,
        region=settings.load().region,
        connect_seconds=CONNECT_TIMEOUT_SECONDS,
        read_seconds=READ_TIMEOUT_SECONDS,
        user_agent=USER_AGENT,
        before_try=_refuse_late_try,
        max_tries=1 if service in NOT_RETRIED else MAX_TRIES,
        is_tried_once=_one_try.get,
    )


def _credentials() -> Credentials:
    """Return the credentials of this function.

    :raises NoCredentialsError: there are none.
    """
    keys = settings.access_keys()
    return Credentials(*keys) if keys else _credentials_of_botocore()


def _credentials_of_botocore() -> Credentials:
    """Return the credentials outside of Lambda. botocore looks for them in all of its places, and renews them."""
    from latchkey.transport.botocore_client import botocore_session

    credentials: Any = botocore_session().get_credentials()
    if credentials is None:
        raise NoCredentialsError
    frozen = credentials.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


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
