"""Dispatch of a request to its view, and the mapping of refusals and faults to responses."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from latchkey import aws, log, metrics
from latchkey.http import accept_language, cold_start, origins, problems
from latchkey.http.requests import Request, parse_event
from latchkey.http.responses import Response, html_page, problem_response
from latchkey.http.routing import METHODS, view_of
from latchkey.pages import internal_error
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language, language_of
from latchkey.rules.refusals import BodyInvalid, ProviderRefused, Refusal, Unavailable
from latchkey.store import practices
from latchkey.store.dynamodb import OUTAGES
from latchkey.web import canonical_paths, cookies, refusals
from latchkey.web.responses import page_context

type View = Callable[[Request], Response]
type RouteTable = Mapping[str, Mapping[str, View]]
"""Views by path of the template and by method."""


def practice_in_path(request: Request) -> str | None:
    """Return the practice in the path. None if the path has none."""
    return request.path_parameters.get("practice")


def handler_for(
    routes: RouteTable, practice_of: Callable[[Request], str | None] = practice_in_path
) -> aws.GatewayHandler:
    """Return a Lambda handler of these routes, which responds to any event.

    `practice_of` returns the slug of a request's practice.
    """

    @aws.within_deadline
    def handle(event: Mapping[str, Any], _context: aws.InvocationContext) -> dict[str, Any]:
        request = parse_event(event)
        code = reason = None
        try:
            request = _with_requested_language(request)
            request = origins.with_viewer_source(request)
            request = replace(request, origin=origins.portal_origin(request))
            response = canonical_paths.redirect(request)
            if response is None:
                request = _with_practice(request, practice_of)
                usual_language = request.language
                request = _with_language_parameter(request)
                response = _call_view(routes, request)
                if request.language != usual_language and request.practice and response.keeps_language:
                    response = response.with_cookies(cookies.set_language(request, request.language))
        except Refusal as refusal:
            response, code = refusals.to_response(request, refusal), problems.code(request, refusal)
            metrics.count_refusal(code)
            reason = refusal.reason if isinstance(refusal, ProviderRefused) else None
        except OUTAGES as outage:
            log.log_fault(outage, request.support_code)
            response, code = refusals.to_response(request, Unavailable()), "unavailable"
        except Exception as error:  # noqa: BLE001 - the last resort: every request gets a response
            log.log_fault(error, request.support_code)
            response, code = _internal_error(request), problems.FAULT.code
        log.log_request(
            response.status,
            route=request.route,
            method=request.method if request.method in METHODS else "OTHER",
            code=code,
            reason=reason,
            practice=request.practice.slug if request.practice else None,
            request_id=request.request_id,
            support_code=request.support_code,
        )
        return response.to_gateway(request)

    cold_start.prepare()
    return handle


def _with_requested_language(request: Request) -> Request:
    """Return the request with the language of its URL or its browser.

    This comes before the practice is known, so that the 404 page of a practice has the right language too.
    """
    chosen = None
    with suppress(BodyInvalid):
        chosen = _language_parameter(request)
    return replace(
        request,
        language=chosen or accept_language.preferred(request.headers.get("accept-language", "")) or DEFAULT_LANGUAGE,
    )


def _with_practice(request: Request, practice_of: Callable[[Request], str | None]) -> Request:
    """Return the request with its practice and the language of the browser.

    :raises PracticeUnknown: there is no such practice.
    """
    slug = practice_of(request)
    if slug is not None:
        practice = practices.get_cached(slug, request.now)
        preferred = accept_language.preferred(request.headers.get("accept-language", ""))
        language = cookies.language(request, practice) or preferred or practice.language
        request = replace(request, practice=practice, language=language)
    return request


def _with_language_parameter(request: Request) -> Request:
    """Return the request with the language in its URL, if there is one.

    This comes after the practice is known, so that the error page is the practice's.

    :raises BodyInvalid: the URL contains two languages.
    """
    chosen = _language_parameter(request)
    return replace(request, language=chosen) if chosen else request


def _call_view(routes: RouteTable, request: Request) -> Response:
    view = view_of(routes.get(request.route), request)
    if request.method == "POST":
        origins.check_same_origin(request)
        request.body_bytes()
    return view(request)


def _language_parameter(request: Request) -> Language | None:
    """Return the language in the URL."""
    return language_of(request.query_value("lang"))


def _internal_error(request: Request) -> Response:
    if request.wants_json:
        return problem_response(
            problems.FAULT.status, problems.FAULT.code, problems.FAULT.title, support_code=request.support_code
        )
    return html_page(internal_error(page_context(request, request.support_code)), 500)
