"""The clinicians' door: who asks, whether they may, and what they sent. The one `try` turns a no into a document."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPMethod
from typing import Any, NoReturn, cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from latchkey import aws, metrics
from latchkey.api import claims, idempotency
from latchkey.api.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.api.routes import BASE, ResourceRoutes, RouteRule
from latchkey.rules.events import Event, EventKind
from latchkey.rules.languages import LANGUAGES
from latchkey.rules.mail import LINK_MAILS
from latchkey.rules.members import Clinician
from latchkey.rules.practices import RESERVED_SLUGS
from latchkey.rules.refusals import (
    BodyInvalid,
    MethodRefused,
    PageUnknown,
    PracticeUnknown,
    RecordNotFound,
    Refusal,
    RoleMissing,
    Unavailable,
)
from latchkey.store import events, members, practices
from latchkey.store.dynamodb import OUTAGES
from latchkey.web import cold_start, log, origins, refusals
from latchkey.web.requests import JSON, Request, parse_event
from latchkey.web.responses import Response, problem_response

type GatewayHandler = Callable[[Mapping[str, Any], aws.InvocationContext], dict[str, Any]]
type RouteHandler = Callable[[RequestContext, dict[str, Any] | None], Response]

MAX_BODY_BYTES = 32 * 1024
"""Bytes; a practice's own letter is the longest thing that is sent."""
MAX_BODY_DEPTH = 8
"""Objects and lists within one another; three are needed."""
MAX_ERRORS = 20
QUERY = ("cursor", "limit")

PART = re.compile(r"{(\w+)}")
PATH_PATTERNS = {
    "practice": practices.SLUG,
    "client": re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}"),
    "contact": re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}"),
    "subject": re.compile("[A-Za-z0-9._~:@|+=-]{1,128}"),
    "kind": re.compile("|".join(LINK_MAILS)),
    "language": re.compile("|".join(LANGUAGES)),
}
"""What parts of a path look like; nothing is anywhere else."""


def resolver(nouns: Iterable[ResourceRoutes]) -> APIGatewayHttpResolver:
    """Powertools' routing, validation and OpenAPI of these routes."""
    app = APIGatewayHttpResolver(enable_validation=True, response_validation_error_http_code=500)
    app.exception_handler(Exception)(_reraise)
    for routes in nouns:
        app.include_router(routes, prefix=BASE.replace("{", "<").replace("}", ">"))
    return app


def _reraise(error: Exception) -> NoReturn:
    """Leave an exception to the door; Powertools would log what a foreign one says."""
    raise error


def handler_for(nouns: Iterable[ResourceRoutes]) -> GatewayHandler:
    """A Lambda handler that answers these routes, whatever the event holds."""
    known = tuple(nouns)
    app, rules = resolver(known), {key: rule for routes in known for key, rule in routes.rules.items()}

    @aws.within_deadline
    def handle(event: Mapping[str, Any], context: aws.InvocationContext) -> dict[str, Any]:
        request = parse_event(event)
        act = code = None
        try:
            request = replace(origins.with_viewer_source(request), origin=origins.portal_origin(request))
            subject, rule = claims.subject(event), _route_rule(request, rules)
            act = _authorize(request, subject, rule)
            response = _answered(act, rule, partial(_resolve, app, context))
        except Refusal as refusal:
            response, code = refusals.to_problem(request, refusal), refusals.code(request, refusal)
            metrics.count_refusal(code)
        except OUTAGES as outage:
            log.log_fault(outage, request.support_code)
            response, code = refusals.to_problem(request, Unavailable()), "unavailable"
        except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, there is an answer
            log.log_fault(error, request.support_code)
            response, code = problem_response(500, "failed", "Something is wrong on our side"), "failed"
        log.log_request(
            response.status,
            route=request.route,
            method=request.method if request.method in HTTPMethod else "OTHER",
            code=code,
            practice=act.slug if act else None,
            request_id=request.support_code,
        )
        return response.to_gateway(request)

    cold_start.prepare()
    return handle


def _answered(act: RequestContext, rule: RouteRule, answer: RouteHandler) -> Response:
    body = _body(act.request)
    if not rule.idempotent:
        return answer(act, body)
    return idempotency.run_once(act, body, lambda: answer(act, body))


def _route_rule(request: Request, rules: Mapping[str, RouteRule]) -> RouteRule:
    """What is known of the request's route.

    :raises PageUnknown, MethodRefused: there is none.
    """
    rule = rules.get(f"{request.method} {request.route}")
    if rule:
        return rule
    methods = tuple(sorted(key.partition(" ")[0] for key in rules if key.partition(" ")[2] == request.route))
    raise MethodRefused(methods) if methods else PageUnknown


def _authorize(request: Request, subject: str, rule: RouteRule) -> RequestContext:
    """The act, if whoever asks may do it. A practice that they are no member of looks like one that does not exist.

    :raises NotYours: nothing is at this path for them.
    :raises RoleMissing: they may do other things here.
    """
    for name in PART.findall(request.route):
        if not PATH_PATTERNS[name].fullmatch(request.path_parameters.get(name, "")):
            raise RecordNotFound
    slug = request.path_parameters["practice"]
    if slug in RESERVED_SLUGS:
        raise RecordNotFound
    role = members.role_of(slug, subject)
    if role is None:
        _audit_non_member(request, slug, subject)
        raise RecordNotFound
    act = RequestContext(request, Clinician(subject, role))
    if role < rule.role:
        events.append(act.event(PRACTICE_AUDIT_KEY, EventKind.ADMIN_DENIED, "role_missing"))
        raise RoleMissing
    if rule.may_create_practice:
        return act
    try:
        return replace(act, request=replace(request, practice=practices.get_cached(slug, request.now)))
    except PracticeUnknown:
        raise RecordNotFound from None


def _audit_non_member(request: Request, slug: str, subject: str) -> None:
    """Write down that someone came who is no member: at the practice, or at the stack where there is no such practice.
    The calls are the same, so that how long it takes does not tell which.

    Only tokens that were issued for us come as far as this, and API Gateway holds them to its rate.
    """
    place = slug if practices.get(slug) else members.OPERATOR_PARTITION
    events.append(
        Event(
            place,
            PRACTICE_AUDIT_KEY,
            EventKind.ADMIN_DENIED,
            request.now_ms,
            actor=subject,
            reason="no_member",
            support_code=request.support_code,
        )
    )


def _body(request: Request) -> dict[str, Any] | None:
    """The document that was sent; None if nothing was, or JSON's nothing.

    :raises BodyTooLarge: before anything of it is parsed.
    :raises BodyInvalid: it is no JSON object, or one that nobody would write.
    """
    if request.body_bytes(MAX_BODY_BYTES).strip() in (b"", b"null"):
        return None
    if "content-type" in request.headers and not request.sends_json:
        raise BodyInvalid((("header.content-type", "Send JSON, and say that it is"),))
    try:
        document = request.json_object(MAX_BODY_BYTES)
        # JSON can spell half a character
        json.dumps(document, ensure_ascii=False).encode()
    except (BodyInvalid, UnicodeEncodeError):
        raise BodyInvalid((("body", "This is not a JSON object in UTF-8 that names everything once"),)) from None
    level: list[Any] = [document]
    for _ in range(MAX_BODY_DEPTH):
        level = [child for value in level for child in _children(value)]
    if level:
        raise BodyInvalid((("body", "This goes too deep"),))
    return document


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _resolve(
    app: APIGatewayHttpResolver, context: aws.InvocationContext, act: RequestContext, body: dict[str, Any] | None
) -> Response:
    """The answer of the route's own function.

    Powertools is given an event of ours, of what was checked here and nothing else: its path is made of the same route
    and the same parts that the role was looked up for.
    """
    request = act.request
    path = request.route.format(**request.path_parameters)
    app.append_context(act=act)  # type: ignore[no-untyped-call]
    try:
        answer = app.resolve(
            {
                "version": "2.0",
                "routeKey": f"{request.method} {request.route}",
                "rawPath": path,
                "queryStringParameters": {
                    name: value for name in QUERY if (value := request.query_value(name)) is not None
                },
                "headers": {"content-type": JSON},
                "requestContext": {"http": {"method": request.method, "path": path}, "stage": "$default"},
                "body": "" if body is None else json.dumps(body),
                "isBase64Encoded": False,
            },
            cast("LambdaContext", context),
        )
    except RequestValidationError as error:
        raise BodyInvalid(_errors(error)) from None
    return Response(int(answer["statusCode"]), answer["body"] or "", JSON)


def _errors(error: RequestValidationError) -> tuple[tuple[str, str], ...]:
    """Where a request is wrong and how, without what it says there."""
    return tuple(
        (".".join(str(part)[:64] for part in one["loc"]), str(one["msg"]).removeprefix("Value error, "))
        for one in list(error.errors())[:MAX_ERRORS]
    )
