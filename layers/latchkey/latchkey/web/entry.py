"""The one way in for a request, and the one `try` that turns a no into an answer."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from latchkey import aws, metrics
from latchkey.pages import failed
from latchkey.rules.practices import LANGUAGES, Language
from latchkey.rules.refusals import BodyInvalid, GoogleRefused, MethodRefused, PageUnknown, Refusal, Unavailable
from latchkey.store import practices
from latchkey.store.tables import OUTAGES
from latchkey.web import cookies, log, origins, refusals, speech, start
from latchkey.web.answers import Response, frame, page, problem
from latchkey.web.requests import Request, read

type Story = Callable[[Request], Response]
type Routes = Mapping[str, Mapping[str, Story]]
"""The template's paths, each with its methods."""
type Handler = Callable[[Mapping[str, Any], aws.Context], dict[str, Any]]


METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def by_path(request: Request) -> str | None:
    """The practice that the path names, if it names one."""
    return request.parameters.get("practice")


def entry(routes: Routes, whose: Callable[[Request], str | None] = by_path) -> Handler:
    """A Lambda handler that answers these routes, whatever the event holds; `whose` finds a request's practice."""

    @aws.in_time
    def handle(event: Mapping[str, Any], _context: aws.Context) -> dict[str, Any]:
        request = read(event)
        code = reason = None
        try:
            request = _spoken_to(request)
            request = origins.seen(request)
            request = _oriented(request, whose)
            request = _as_chosen(request)
            response = _told(routes, request)
        except Refusal as refusal:
            response, code = refusals.answer(request, refusal), refusals.code(refusal)
            metrics.refused(code)
            reason = refusal.reason if isinstance(refusal, GoogleRefused) else None
        except OUTAGES as outage:
            log.failed(outage, request.reference)
            response, code = refusals.answer(request, Unavailable()), "unavailable"
        except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, the person gets a page
            log.failed(error, request.reference)
            response, code = _broken(request), "failed"
        log.answered(
            response.status,
            route=request.route,
            method=request.method if request.method in METHODS else "OTHER",
            code=code,
            reason=reason,
            practice=request.practice.slug if request.practice else None,
            request_id=request.reference,
        )
        return response.event(request)

    start.ready()
    return handle


def _spoken_to(request: Request) -> Request:
    """In the language that address or browser ask for, so that even a missing practice is missing in Spanish."""
    asked = None
    with suppress(BodyInvalid):
        asked = _chosen(request)
    return replace(request, language=asked or speech.preferred(request.headers.get("accept-language", "")) or "en")


def _oriented(request: Request, whose: Callable[[Request], str | None]) -> Request:
    """At its practice, under the portal's address, in the language of whoever asks.

    :raises PageUnknown: it came to a host that is not the portal's.
    :raises PracticeUnknown: its path names no practice.
    """
    request = replace(request, origin=origins.portal(request))
    slug = whose(request)
    if slug is not None:
        practice = practices.load(slug, request.now)
        spoken = speech.preferred(request.headers.get("accept-language", ""))
        request = replace(request, practice=practice)
        request = replace(request, language=cookies.language(request) or spoken or practice.language)
    return request


def _as_chosen(request: Request) -> Request:
    """In the language that the address asks for, if it asks for one.

    :raises BodyInvalid: it asks for two, which is said on a page of the practice.
    """
    chosen = _chosen(request)
    return replace(request, language=chosen) if chosen else request


def _told(routes: Routes, request: Request) -> Response:
    methods = routes.get(request.route)
    if methods is None:
        raise PageUnknown
    allowed = tuple(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
    if request.method not in allowed:
        raise MethodRefused(allowed)
    if request.method == "POST":
        origins.check(request)
        request.body()
    response = methods["GET" if request.method == "HEAD" else request.method](request)
    chosen = _chosen(request)
    if chosen and request.practice:
        response = response.keeping(cookies.set_language(request, chosen))
    return response


def _chosen(request: Request) -> Language | None:
    """The language that the address asks for."""
    chosen = request.query("lang")
    return next((known for known in LANGUAGES if known == chosen), None)


def _broken(request: Request) -> Response:
    if request.wants_json:
        return problem(500, "failed", "Something is wrong on our side")
    return page(failed(frame(request)), 500)
