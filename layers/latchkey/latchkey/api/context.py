"""The state of one request in the resolver."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler import Request as ResolvedRequest

from latchkey.http.requests import Request
from latchkey.usecases.context import RequestContext


@dataclass(slots=True)
class Exchange:
    """A request, with the results of the middlewares."""

    request: Request
    subject: str
    """The `sub` of the verified token, or a practice system's token."""
    context: RequestContext | None = None
    """None until membership and role are checked."""
    body: dict[str, Any] | None = field(default=None, repr=False)
    """The JSON object in the body. None for an empty body."""
    is_replayed: bool = False
    """True if the response is the stored one of an earlier request with the same idempotency key."""


def _from_resolver(resolved: ResolvedRequest) -> RequestContext:
    exchange: Exchange = resolved.context["exchange"]
    if exchange.context is None:
        raise RuntimeError("a route ran before its membership was checked")
    return exchange.context


CurrentContext = Annotated[RequestContext, Depends(_from_resolver)]
"""The request context, as a parameter of a route."""
