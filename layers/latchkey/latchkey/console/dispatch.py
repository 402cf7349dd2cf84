"""Dispatch of a request to its page: session, membership, form, idempotency, and the mapping of refusals."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from latchkey import aws, log, metrics, tokens
from latchkey.console import failures, forms, staff_cookies
from latchkey.console.current import Current, FormProblem
from latchkey.console.routes import BASE, ConsoleRoute
from latchkey.http import accept_language, cold_start, origins, problems
from latchkey.http.requests import Request, parse_event
from latchkey.http.responses import Response
from latchkey.http.routing import METHODS, view_of
from latchkey.rules.languages import DEFAULT_LANGUAGE, language_of
from latchkey.rules.refusals import (
    BodyInvalid,
    RecordNotFound,
    Refusal,
    RoleMissing,
    SignedOut,
    Unavailable,
    ValueRefused,
)
from latchkey.rules.text_limits import ULID
from latchkey.store.dynamodb import OUTAGES
from latchkey.store.idempotency import StoredResponse
from latchkey.usecases import idempotency, membership, staff_sessions

type PublicView = Callable[[Request], Response]

SHOWN_ONCE = "shown_once"
"""The header of a page that is shown only once. Its value is the path to which a repeated request is redirected."""


@dataclass(frozen=True, slots=True)
class ConsolePaths:
    """All paths of the console, with their methods."""

    public: Mapping[str, Mapping[str, PublicView]]
    """Pages that need no session."""
    signed_in: Mapping[str, Mapping[str, ConsoleRoute]]


def handler_for(paths: ConsolePaths) -> aws.GatewayHandler:
    """Return a Lambda handler of these paths, which responds to any event."""

    @aws.within_deadline
    def handle(event: Mapping[str, Any], _context: aws.InvocationContext) -> dict[str, Any]:
        request = parse_event(event)
        code = None
        try:
            request = _prepared(request)
            response = _respond(paths, request)
        except Refusal as refusal:
            response, code = failures.to_page(request, refusal), problems.code(request, refusal)
            metrics.count_refusal(code)
        except OUTAGES as outage:
            log.log_fault(outage, request.support_code)
            response, code = failures.to_page(request, Unavailable()), "unavailable"
        except Exception as error:  # noqa: BLE001 - the last resort: every request gets a response
            log.log_fault(error, request.support_code)
            response, code = failures.internal_error(request), "failed"
        log.log_request(
            response.status,
            route=request.route,
            method=request.method if request.method in METHODS else "OTHER",
            code=code,
            practice=None,
            request_id=request.support_code,
        )
        return response.to_gateway(request)

    cold_start.prepare()
    return handle


def _prepared(request: Request) -> Request:
    """Return the request with its source, origin and language."""
    chosen = None
    with suppress(BodyInvalid):
        chosen = language_of(request.query_value("lang"))
    preferred = accept_language.preferred(request.headers.get("accept-language", ""))
    language = chosen or staff_cookies.language(request) or preferred or DEFAULT_LANGUAGE
    request = replace(origins.with_viewer_source(request), language=language)
    return replace(request, origin=origins.portal_origin(request))


def _respond(paths: ConsolePaths, request: Request) -> Response:
    every: Mapping[str, Mapping[str, PublicView | ConsoleRoute]] = {**paths.signed_in, **paths.public}
    found = view_of(every.get(request.route), request)
    if request.method == "POST":
        # A form only: a program has the JSON API, with a token.
        origins.check_same_origin(request)
        forms.parse(request)
    response = _signed_in(request, found) if isinstance(found, ConsoleRoute) else found(request)
    chosen = language_of(request.query_value("lang"))
    return response.with_cookies(staff_cookies.set_language(chosen)) if chosen else response


def _signed_in(request: Request, route: ConsoleRoute) -> Response:
    """Return the response of a page that needs a session.

    :raises SignedOut: there is none.
    :raises RecordNotFound: the person is not a member of the practice, or nothing is there.
    """
    cookie = staff_cookies.session(request)
    slug = request.path_parameters.get("practice")
    is_slug = slug is not None and membership.is_slug(slug)
    found = staff_sessions.require(
        cookie,
        slug if is_slug else None,
        request.now,
        is_activity=request.counts_as_activity,
        client_ids=_clients_to_read(request),
    )
    if slug is not None and not is_slug:
        raise RecordNotFound
    context = membership.authorize_member(
        route.use_cases[0],
        (found.session.subject, found.role),
        slug or "",
        now_ms=request.now_ms,
        support_code=request.support_code,
        origin=request.origin,
    )
    current = Current(
        request, found.session, cookie or "", replace(context, language=request.language, known_clients=found.clients)
    )
    if request.method != "POST":
        return route.view(current)
    return _respond_to_form(replace(current, form=forms.parse(request)), route)


def _clients_to_read(request: Request) -> tuple[str, ...]:
    """Return the ids of the clients that a page needs, to read them with the session. A form reads them again."""
    if request.method == "POST":
        return ()
    if request.route == BASE:
        return staff_cookies.opened_clients(request)
    client_id = request.path_parameters.get("client", "")
    return (client_id,) if re.fullmatch(ULID, client_id) else ()


def _respond_to_form(current: Current, route: ConsoleRoute) -> Response:
    """Return the response to a form. A form that is sent twice takes effect once, and gets the same response twice."""
    token = current.form.text(forms.FORM_ID_FIELD)
    form_id = tokens.form_id_of(current.cookie, current.request.path, token)
    if form_id is None:
        metrics.count_refusal("form_expired")
        return failures.form_expired(current)
    shown: list[Response] = []

    def respond() -> StoredResponse:
        response = route.view(current)
        shown.append(response)
        place = response.headers.get("location") or response.headers.pop(SHOWN_ONCE, None)
        return StoredResponse(303 if place else response.status, place or json.dumps(response.body))

    files = [(name, tokens.content_digest(content)) for name, content in current.form.files]
    sent = ("POST", current.request.path, json.dumps([*current.form.typed, *files]))
    try:
        if route.is_dry_run:
            return route.view(current)
        stored, _ = idempotency.run_once(current.context, form_id, sent, respond)
    except (SignedOut, RecordNotFound, RoleMissing):
        raise
    except Refusal as refusal:
        return _refused(current, route, refusal)
    if shown:
        return shown[0]
    if stored.status == 303:  # noqa: PLR2004 - a redirect
        return Response(303, headers={"location": stored.body})
    return Response(stored.status, json.loads(stored.body), headers=failures.page_headers())


def _refused(current: Current, route: ConsoleRoute, refusal: Refusal) -> Response:
    """Return the page of the form again, with the refusal and the typed values."""
    code, problem = problems.code(current.request, refusal), problems.to_problem(current.request, refusal)
    metrics.count_refusal(code)
    if route.page is None:
        raise refusal
    errors = refusal.errors if isinstance(refusal, BodyInvalid | ValueRefused) else ()
    place = errors[0][0] if errors else None
    sentence = failures.sentence(current.request.language, refusal, current.request.now)
    shown = replace(current, problem=FormProblem(sentence, place), status=problem.status)
    return route.page(shown).with_headers(
        {name: problem.headers[name] for name in problem.headers if name == "retry-after"}
    )
