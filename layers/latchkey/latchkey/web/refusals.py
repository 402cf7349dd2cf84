"""The page or problem document of every refusal."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from latchkey import pages
from latchkey.http.problems import seconds_left, to_problem
from latchkey.http.requests import Request
from latchkey.http.responses import Response, html_page, see_other
from latchkey.identity.providers import by_callback
from latchkey.pages import PageContext
from latchkey.pages.links import LinkFailure
from latchkey.pages.pins import PinProblem
from latchkey.pages.sign_in import EmailProblem, Suggestion
from latchkey.rules import mistyped, refusals
from latchkey.rules.providers import Provider
from latchkey.rules.refusals import (
    AccountSwitchRefused,
    BodyInvalid,
    BodyTooLarge,
    DomainMistyped,
    LinkReplaced,
    NoMailPossible,
    OriginRefused,
    PinLocked,
    RateLimited,
    Refusal,
    SignedOut,
    Unavailable,
)
from latchkey.store.dynamodb import OUTAGES
from latchkey.web import cookies, link_pages
from latchkey.web.link_pages import SIGN_IN_ROUTE
from latchkey.web.responses import page_context


def to_response(request: Request, refusal: Refusal) -> Response:
    """Return the page or problem document of a refusal."""
    response = _page_or_problem(request, refusal)
    if isinstance(refusal, Unavailable) and refusal.cookie:
        return response.with_cookies(cookies.set_session(request, refusal.cookie))
    return response


def _page_or_problem(request: Request, refusal: Refusal) -> Response:
    if request.wants_json:
        return to_problem(request, refusal, _findable_code(request, refusal))
    match refusal:
        case SignedOut():
            return see_other(request.portal_path("sign-in"))
        case AccountSwitchRefused():
            # This page asks a question, so it is no error: 200.
            return html_page(_page(request, refusal))
    problem = to_problem(request, refusal)
    response = html_page(_page(request, refusal), problem.status).with_headers(problem.headers)
    return response.with_cookies(*_typed_cookies(request, refusal))


def _typed_cookies(request: Request, refusal: Refusal) -> tuple[str, ...]:
    """Return the cookie by which the form shows the typed address again, also in another language (B138)."""
    if request.method != "POST" or request.route not in FORM_ROUTES or request.practice is None:
        return ()
    if isinstance(refusal, OriginRefused | BodyInvalid | BodyTooLarge | Unavailable):
        return ()
    with suppress(BodyInvalid, BodyTooLarge, Unavailable, *OUTAGES):
        if address := request.form_value("email").strip(" \t\r\n"):
            return (cookies.set_typed(request, address),)
    return ()


PAGE_BY_REFUSAL: dict[type[Refusal], Callable[[PageContext], str]] = {
    refusals.PracticeUnknown: pages.practice_unknown,
    refusals.PageUnknown: pages.not_found,
    refusals.ProfileUnknown: pages.not_found,
    refusals.OriginBypassed: pages.not_found,
    refusals.MethodRefused: pages.method_not_allowed,
    refusals.OriginRefused: pages.stale_form,
    refusals.BodyInvalid: pages.bad_request,
    refusals.BodyTooLarge: pages.too_large,
    refusals.Unavailable: pages.unavailable,
    refusals.AppCodeRefused: pages.app_refused,
    refusals.RefreshTokenRefused: pages.app_refused,
    refusals.RefreshTokenReused: pages.app_refused,
}
PROVIDER_PAGES: dict[type[Refusal], Callable[[PageContext, Provider], str]] = {
    refusals.ProviderCancelled: pages.provider_cancelled,
    refusals.IdentityUnmatched: pages.identity_unmatched,
    refusals.ProviderFailed: pages.provider_failed,
}
EMAIL_PROBLEMS: dict[type[Refusal], EmailProblem] = {
    refusals.EmailMissing: "empty",
    refusals.EmailMalformed: "format",
    refusals.EmailUnknown: "unknown",
}
PIN_PROBLEMS: dict[type[Refusal], PinProblem] = {
    refusals.EmailMissing: "email_empty",
    refusals.EmailMalformed: "email_format",
    refusals.PinMissing: "pin_empty",
    refusals.PinMalformed: "pin_length",
    refusals.PinRefused: "refused",
}
PIN_ROUTE = "/{practice}/pin"
"""The route of the form with an address and a PIN. Its page shows the address again."""
FORM_ROUTES = (SIGN_IN_ROUTE, PIN_ROUTE)
"""Routes with a field for an address."""
LINK_FAILURES: dict[type[Refusal], LinkFailure] = {
    refusals.LinkUnknown: "unknown",
    refusals.LinkExpired: "expired",
    refusals.LinkUsed: "used",
    refusals.LinkReplaced: "replaced",
}


def _findable_code(request: Request, refusal: Refusal) -> str:
    """Return the support code of a refusal. "" if nobody could find it.

    Clinicians find the codes of audit events, and operators find those of outages in the log.
    """
    return request.support_code if isinstance(refusal, Unavailable) else refusal.support_code


def _page(request: Request, refusal: Refusal) -> str:
    code = _findable_code(request, refusal)
    shared, kind = page_context(request, code), type(refusal)
    if isinstance(refusal, RateLimited):
        return pages.rate_limited(shared, link_pages.wait(request, refusal))
    if isinstance(refusal, LinkReplaced) and refusal.newest_is_live:
        return link_pages.newer_link(request, refusal)
    if isinstance(refusal, DomainMistyped):
        suggestion = Suggestion(refusal.domain, refusal.suggestion)
        return pages.sign_in(
            shared, typed_address=request.form_value("email"), problem="mistyped", suggestion=suggestion
        )
    if isinstance(refusal, PinLocked):
        return pages.pin_locked(shared, seconds=seconds_left(request, refusal))
    if isinstance(refusal, NoMailPossible):
        return pages.no_mail(shared, typed_address=request.form_value("email"))
    if isinstance(refusal, AccountSwitchRefused):
        return _switch(request, refusal)
    if kind in LINK_FAILURES:
        return link_pages.dead_link(request, LINK_FAILURES[kind], code)
    return _page_by_kind(request, shared, kind)


def _page_by_kind(request: Request, shared: PageContext, kind: type[Refusal]) -> str:
    """Return the page of a refusal that carries no facts."""
    if request.route == PIN_ROUTE and kind in PIN_PROBLEMS:
        return pages.pin(shared, typed_address=request.form_value("email"), problem=PIN_PROBLEMS[kind])
    if kind in EMAIL_PROBLEMS:
        typed, problem = request.form_value("email"), EMAIL_PROBLEMS[kind]
        if problem == "format":
            problem = mistyped.mistake_in(typed) or problem
        return pages.sign_in(shared, typed_address=typed, problem=problem)
    provider = by_callback(request.route)
    if provider and kind in PROVIDER_PAGES:
        return PROVIDER_PAGES[kind](shared, provider)
    return PAGE_BY_REFUSAL[kind](shared)


def _switch(request: Request, refusal: AccountSwitchRefused) -> str:
    """Return the page that asks for consent to switch, with a form that repeats the request."""
    shared, action, typed = page_context(request), "", dict[str, str]()
    provider = by_callback(request.route)
    if request.route == PIN_ROUTE:
        typed = {name: request.form_value(name) for name in ("email", "pin")}
    elif provider:
        # A callback works once, so the form starts a new sign-in with the provider.
        shared, action = replace(shared, path=request.portal_path("sign-in")), request.portal_path(provider.name)
    by_link = request.route != PIN_ROUTE and provider is None
    return pages.confirm_switch(
        shared, action=action, masked=refusal.masked, current=refusal.current, form_fields=typed, by_link=by_link
    )
