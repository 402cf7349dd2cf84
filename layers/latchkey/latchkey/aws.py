"""One botocore session for everything: each further one would parse the same service models again."""

from collections.abc import Callable, Iterator
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
TRIES = 3
"""First try included."""
RESPONSE_MARGIN_SECONDS = 2
"""Of a function's 10: a person waits 8 seconds at most for an answer, even if it is no."""


class InvocationContext(Protocol):
    """What Lambda tells about a call of the function."""

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends it."""


class DeadlineTooClose(BotoCoreError):
    """Whoever waits for the answer would wait too long for this call too."""

    fmt = "No time is left for it"


@dataclass(slots=True)
class _Clock:
    left: Callable[[], float] = lambda: inf
    """Milliseconds until Lambda ends the function."""


_clock = _Clock()


def within_deadline[Event, Answer](
    handle: Callable[[Event, InvocationContext], Answer],
) -> Callable[[Event, InvocationContext], Answer]:
    """A Lambda handler in which no call to AWS begins that might end too late: it fails at once, like one that was
    never answered. So nothing is begun that Lambda would end in the middle."""

    @wraps(handle)
    def timed(event: Event, context: InvocationContext) -> Answer:
        usual, _clock.left = _clock.left, context.get_remaining_time_in_millis
        try:
            return handle(event, context)
        finally:
            _clock.left = usual

    return timed


NOT_RETRIED = {"sesv2"}
"""Nobody waits for it but a queue, which tries again by itself: at once would be too soon, and one letter twice."""

_one_try = ContextVar("_one_try", default=False)


@contextmanager
def one_try() -> Iterator[None]:
    """No call inside is tried again: it can be done without."""
    usual = _one_try.set(True)
    try:
        yield
    finally:
        _one_try.reset(usual)


@cache
def botocore_session() -> botocore.session.Session:
    """The one session of this process."""
    made = botocore.session.get_session()
    # the usual one is put together again at each call, which is a tenth of what a call costs
    made.set_default_client_config(Config(user_agent=f"latchkey/{__version__}"))
    made.register("request-created", _refuse_late_call)
    # more exact than what botocore itself listens to, and so asked before it
    made.register("needs-retry.*.*", _end)
    return made


@cache
def service_client(service: str) -> Any:
    """A client that gives up while the person is still waiting."""
    return botocore_session().create_client(
        service,
        region_name=settings.load().region,
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1 if service in NOT_RETRIED else TRIES},
        ),
    )


def _refuse_late_call(**told: Any) -> None:
    """Before each try. A further one leaves time to look at, or to undo, what came of those before.

    :raises NoTimeLeft: it might end too late.
    """
    needed = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS + RESPONSE_MARGIN_SECONDS
    request: AWSRequest = told["request"]
    if request.context["retries"]["attempt"] > 1:
        needed += READ_TIMEOUT_SECONDS
    if _clock.left() < 1000 * needed:
        raise DeadlineTooClose


def _end(**told: Any) -> Any:
    """After each try: False where there must be no other one, None to leave it to botocore.

    :raises ConnectionClosedError: the answer breaks off, which botocore takes for one that holds nothing: an item that
        cannot be read would be one that is not there.
    """
    response: tuple[AWSResponse, Any] | None = told["response"]
    if response and _breaks_off(response[0]):
        raise ConnectionClosedError(endpoint_url=response[0].url)
    return False if _one_try.get() else None


def _breaks_off(answer: AWSResponse) -> bool:
    promised = answer.headers.get("content-length", "")
    return promised.isdecimal() and len(answer.content) < int(promised)
