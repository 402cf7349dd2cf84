"""Dispatch of an event to its route: the resolver, its middlewares, and the mapping of refusals."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPMethod
from typing import Any, NoReturn, cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler import Response as ResolverResponse
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
    OpenAPIResponseValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from latchkey import aws, log, metrics
from latchkey.api import claims, idempotency, request_bodies
from latchkey.api.context import Exchange
from latchkey.api.routes import ResourceRoutes, RouteRule
from latchkey.http import cold_start, origins, problems
from latchkey.http.requests import JSON, Request, parse_event
from latchkey.http.responses import Response, problem_response
from latchkey.rules.refusals import (
    BodyInvalid,
    MethodRefused,
    PageUnknown,
    RecordNotFound,
    Refusal,
    TokenRefused,
    Unavailable,
)
from latchkey.store.dynamodb import OUTAGES
from latchkey.store.idempotency import StoredResponse
from latchkey.usecases import membership
from latchkey.usecases.context import RequestContext

MAX_ERRORS = 20
REPLAYED_HEADER = "idempotency-replayed"
"""A header of the stored response to a repeated request."""


@dataclass(frozen=True, slots=True)
class Callers:
    """The callers of an API: how the token of a request is read, and its owner checked."""

    identify: Callable[[Mapping[str, Any]], str]
    """Returns the `sub` of a verified token in an event, or the token itself."""
    authorize: Callable[..., RequestContext]
    """Returns the context of a caller. Its parameters and refusals are those of `membership.authorize`."""
    respond_first: Callable[[Request], Response | None] = lambda _: None
    """Returns the response to a request without a token. None for a request to the routes."""


CLINICIANS = Callers(claims.subject, membership.authorize)


def resolver(resources: Iterable[ResourceRoutes], callers: Callers = CLINICIANS) -> APIGatewayHttpResolver:
    """Return the resolver of these routes.

    Powertools' own validation is off. It would run before authorization and describe bodies to anyone. The same two
    classes run after authorization instead.
    """
    all_routes = tuple(resources)
    rules = {key: rule for routes in all_routes for key, rule in routes.rules.items()}
    app = APIGatewayHttpResolver(serializer=_to_json)

    def authorize(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> ResolverResponse[Any]:
        """Authorize the clinician, parse the body, and run the route once for each idempotency key."""
        exchange: Exchange = app.context["exchange"]
        request, rule = exchange.request, _route_rule(exchange.request, rules)
        _require_authorized_path(request, app)
        exchange.context = callers.authorize(
            rule.use_case,
            exchange.subject,
            request.path_parameters.get("practice", ""),
            now_ms=request.now_ms,
            support_code=request.support_code,
            origin=request.origin,
        )
        exchange.body = None if rule.content_types else request_bodies.parse(request)
        _require_known_query(request, app)
        if not rule.idempotent:
            return next_middleware(app)

        def respond() -> StoredResponse:
            response = next_middleware(app)
            return StoredResponse(response.status_code, _to_json(response.body))

        # A body that is no JSON is compared as it was sent.
        body = {"query": request.raw_query, "body": request.raw_body} if rule.content_types else exchange.body
        stored, exchange.is_replayed = idempotency.run_once(request, exchange.context, body, respond, rule.not_stored)
        return ResolverResponse(stored.status, JSON, stored.body)

    app.exception_handler(Exception)(_reraise)
    app.use([authorize, _BodyValidation(), OpenAPIResponseValidationMiddleware(has_response_validation_error=True)])  # type: ignore[no-untyped-call]
    for routes in all_routes:
        app.include_router(routes, prefix=routes.base.replace("{", "<").replace("}", ">"))
    return app


class _BodyValidation(OpenAPIRequestValidationMiddleware):
    """A validation of the parameters and of the body from `request_bodies`."""

    def _get_body(self, app: Any) -> Any:
        exchange: Exchange = app.context["exchange"]
        return exchange.body


def handler_for(resources: Iterable[ResourceRoutes], callers: Callers = CLINICIANS) -> aws.GatewayHandler:
    """Return a Lambda handler of these routes, which responds to any event."""
    app = resolver(resources, callers)

    @aws.within_deadline
    def handle(event: Mapping[str, Any], context: aws.InvocationContext) -> dict[str, Any]:
        request = parse_event(event)
        exchange = code = None
        try:
            request = replace(origins.with_viewer_source(request), origin=origins.portal_origin(request))
            response = callers.respond_first(request)
            if response is None:
                exchange = Exchange(request, callers.identify(event))
                response = _resolve(app, event, context, exchange)
        except Refusal as refusal:
            response, code = problems.to_problem(request, refusal), problems.code(request, refusal)
            if isinstance(refusal, TokenRefused):
                # API Gateway answers a missing token in this media type. One status has one.
                response = replace(response, media_type=JSON)
            metrics.count_refusal(code)
        except OUTAGES as outage:
            log.log_fault(outage, request.support_code)
            response, code = problems.to_problem(request, Unavailable()), "unavailable"
        except Exception as error:  # noqa: BLE001 - the last resort: every request gets a response
            log.log_fault(error, request.support_code)
            fault = problems.FAULT
            response, code = problem_response(fault.status, fault.code, fault.title), fault.code
        log.log_request(
            response.status,
            route=request.route,
            method=request.method if request.method in HTTPMethod else "OTHER",
            code=code,
            practice=exchange.context.slug if exchange and exchange.context else None,
            request_id=request.request_id,
            support_code=request.support_code,
        )
        return response.to_gateway(request)

    cold_start.prepare()
    return handle


def _resolve(
    app: APIGatewayHttpResolver, event: Mapping[str, Any], context: aws.InvocationContext, exchange: Exchange
) -> Response:
    """Return the response of the route that the event is for."""
    app.append_context(exchange=exchange)  # type: ignore[no-untyped-call]
    try:
        resolved = app.resolve(dict(event), cast("LambdaContext", context))
    except RequestValidationError as error:
        errors = list(error.errors())
        if any(detail["loc"][0] == "path" for detail in errors):
            raise RecordNotFound from None
        raise BodyInvalid(_without_values(errors)) from None
    headers = {REPLAYED_HEADER: "true"} if exchange.is_replayed else {}
    return Response(int(resolved["statusCode"]), resolved["body"] or "", JSON, headers)


def _route_rule(request: Request, rules: Mapping[str, RouteRule]) -> RouteRule:
    """Return the rule of the route that API Gateway matched.

    :raises PageUnknown: there is no such path.
    :raises MethodRefused: the path has no such method.
    """
    rule = rules.get(f"{request.method} {request.route}")
    if rule:
        return rule
    methods = tuple(sorted(key.partition(" ")[0] for key in rules if key.partition(" ")[2] == request.route))
    raise MethodRefused(methods) if methods else PageUnknown


def _require_authorized_path(request: Request, app: APIGatewayHttpResolver) -> None:
    """Raise unless the resolver matched the same route and path parameters as API Gateway, which authorized them.

    API Gateway matches the encoded path, and the resolver the decoded path. With `%2F` they could differ.

    :raises RecordNotFound: they differ.
    """
    if app.context["_route"].openapi_path != request.route:
        raise RecordNotFound
    if app.context["_route_args"] != dict(request.path_parameters):
        raise RecordNotFound


def _require_known_query(request: Request, app: APIGatewayHttpResolver) -> None:
    """Raise if the query has a parameter that the route does not declare, or one of them twice.

    :raises BodyInvalid: it has. API Gateway would join the values of a repeated parameter with a comma.
    """
    declared = {field.alias for field in app.context["_route"].dependant.query_params}
    unknown = [name for name in request.query_names() if name not in declared]
    if unknown:
        raise BodyInvalid(tuple((f"query.{name[:64]}", "There is no such parameter here") for name in unknown))
    for name in declared:
        request.query_value(name)


def _reraise(error: Exception) -> NoReturn:
    """Raise the exception again, for `handle`. The resolver would log its message."""
    raise error


def _to_json(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def _without_values(errors: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Return the location and the message of each error, without the value that was sent."""
    return tuple(
        (".".join(str(part)[:64] for part in detail["loc"]), str(detail["msg"]).removeprefix("Value error, "))
        for detail in errors[:MAX_ERRORS]
    )
