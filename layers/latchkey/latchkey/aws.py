"""AWS clients with short timeouts. All share one botocore session, because each session parses the service models."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from math import inf
from typing import Any, Protocol

import botocore.session
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ConnectionClosedError

from latchkey import __version__, settings

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
"""Services without retries. SQS redelivers a mail job later; an immediate retry could send a letter twice."""

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
    """Return the only botocore session of this process."""
    session = botocore.session.get_session()
    # botocore builds its default user agent at each call, which takes a tenth of the call's CPU time
    session.set_default_client_config(Config(user_agent=f"latchkey/{__version__}"))
    session.register("request-created", _refuse_late_call)
    # a more specific event name than that of botocore's own retry handler, so ours runs first
    session.register("needs-retry.*.*", _retry_decision)
    return session


@cache
def service_client(service: str) -> Any:
    """Return a client of an AWS service, by botocore's name, with short timeouts and few retries."""
    return botocore_session().create_client(
        service,
        region_name=settings.load().region,
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1 if service in NOT_RETRIED else MAX_TRIES},
        ),
    )


def _refuse_late_call(**event: Any) -> None:
    """Refuse a call that could outlast the function. botocore calls this before each try.

    Retries leave time to read back or undo what earlier tries wrote.

    :raises DeadlineTooClose: the call could outlast the function.
    """
    needed = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS + RESPONSE_MARGIN_SECONDS
    request: AWSRequest = event["request"]
    if request.context["retries"]["attempt"] > 1:
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
