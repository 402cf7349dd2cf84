"""The HTTP server of the portal: passes requests to the functions, and their results back."""

import json
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from aiohttp import web

from local import gateway
from local.clock import Clock
from local.jwt_authorizer import Denied, JwtAuthorizer
from local.lambda_authorizer import authorize
from local.runtime import FunctionFailed, FunctionTimedOut
from local.sam_template import LambdaAuthorizer, Route

log = logging.getLogger(__name__)


class Invocable(Protocol):
    """A function that can be invoked, on this machine or elsewhere."""

    async def invoke(self, event: bytes) -> bytes:
        """Return the function's result for one event.

        :raises FunctionFailed: the function raised, ended or timed out.
        """


class HttpServer:
    """Answers every request that is not under `/local`. Logs the route of each request, never its path."""

    def __init__(
        self,
        routes: Iterable[Route],
        authorizer: JwtAuthorizer,
        functions: Mapping[str, Invocable],
        clock: Clock,
        portal_origin: str,
    ) -> None:
        self._router = gateway.Router(routes)
        self._authorizer = authorizer
        self._functions = functions
        self._clock = clock
        self._portal_origin = portal_origin

    def add_to(self, app: web.Application) -> None:
        """Add a route for all requests that no other route of the application handles."""
        app.router.add_route("*", "/{anything:(?s:.*)}", self._answer)
        app.on_response_prepare.append(_remove_server_header)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        match = self._router.match(request.method, request.raw_path.partition("?")[0])
        if match is None:
            return gateway.refusal(404, "Not Found")
        response = await self._invoke(request, match)
        took_ms = (time.perf_counter() - started) * 1000
        log.info("%-7s %-36s %d %6.0f ms", request.method, match.route.path, response.status, took_ms)
        return response

    async def _invoke(self, request: web.Request, match: gateway.Match) -> web.StreamResponse:
        try:
            incoming = await _incoming(request)
        except web.HTTPRequestEntityTooLarge:
            return gateway.refusal(413, "Request Entity Too Large")
        if incoming.head_bytes > gateway.MAX_HEADER_BYTES:
            return gateway.refusal(431, "Request Header Fields Too Large")
        try:
            event = await self._authorized_event(incoming, match)
            result = await self._functions[match.route.function].invoke(json.dumps(event).encode())
            return gateway.response(result)
        except Denied as denied:
            challenge = {"WWW-Authenticate": denied.challenge} if denied.challenge else None
            return gateway.refusal(denied.status, denied.message, challenge)
        except FunctionTimedOut as failure:
            log.warning("%s", failure)
            return gateway.refusal(503, "Service Unavailable")
        except (FunctionFailed, ValueError) as failure:
            log.warning("%s", failure)
            return gateway.refusal(500, "Internal Server Error")

    async def _authorized_event(self, incoming: gateway.Incoming, match: gateway.Match) -> dict[str, Any]:
        """Return the event of a request that the route's authorizer allows.

        :raises Denied: it does not.
        """
        authorizer, context = match.route.authorizer, None
        if not isinstance(authorizer, LambdaAuthorizer):
            context = await self._authorizer.authorize(match.route, incoming)
        event = gateway.event(incoming, match, self._clock.now(), self._portal_origin, context)
        if isinstance(authorizer, LambdaAuthorizer):
            event["requestContext"]["authorizer"] = await authorize(authorizer, self._functions, event)
        return event


async def _incoming(request: web.Request) -> gateway.Incoming:
    if (request.content_length or 0) > gateway.MAX_BODY_BYTES:
        raise web.HTTPRequestEntityTooLarge(gateway.MAX_BODY_BYTES, request.content_length or 0)
    return gateway.Incoming(
        method=request.method,
        target=request.raw_path,
        headers=request.raw_headers,
        body=await request.read(),
        peer=request.remote or "",
    )


async def _remove_server_header(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)
