"""The status, problem code and page of every refusal."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from latchkey import pages
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
    LetterInvalid,
    LinkReplaced,
    MethodRefused,
    NoMailPossible,
    OpenedByOthers,
    OriginRefused,
    PinLocked,
    RateLimited,
    Refusal,
    SignedOut,
    TokenRefused,
    Unavailable,
    ValueRefused,
)
from latchkey.store.dynamodb import OUTAGES
from latchkey.web import cookies, link_pages
from latchkey.web.link_pages import SIGN_IN_ROUTE
from latchkey.web.requests import Request
from latchkey.web.responses import Response, html_page, page_context, problem_response, see_other

RETRY_AFTER_SECONDS = 5
"""The `Retry-After` of an outage."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """The problem document of one refusal, without the facts of an occurrence (RFC 9457)."""

    status: int
    code: str
    title: str
    """A sentence in English, for developers."""

    def of(self, provider: Provider | None) -> "ProblemType":
        """Return the type with the provider's name and label filled in.

        None is for a request whose path belongs to no provider.
        """
        if provider is None:
            return self
        name, label = provider.name, provider.label
        return ProblemType(self.status, self.code.format(provider=name), self.title.format(label=label))


PROBLEMS: dict[type[Refusal], ProblemType] = {
    refusals.PracticeUnknown: ProblemType(404, "not_found", "No such practice"),
    refusals.PageUnknown: ProblemType(404, "not_found", "Nothing is at this path"),
    refusals.MethodRefused: ProblemType(405, "method_not_allowed", "The path does not take this method"),
    refusals.OriginRefused: ProblemType(403, "origin_refused", "The request was not made by a page of this portal"),
    refusals.BodyInvalid: ProblemType(400, "body_invalid", "The request cannot be read"),
    refusals.ValueRefused: ProblemType(422, "value_invalid", "A field has a value that cannot be used"),
    refusals.BodyTooLarge: ProblemType(413, "body_too_large", "The body is too long"),
    refusals.EmailMissing: ProblemType(422, "email_invalid", "No email address was given"),
    refusals.EmailMalformed: ProblemType(422, "email_invalid", "That is not an email address"),
    refusals.DomainMistyped: ProblemType(422, "email_mistyped", "The domain looks like a typing mistake"),
    refusals.EmailUnknown: ProblemType(422, "email_unknown", "That email address is not on file"),
    refusals.NoMailPossible: ProblemType(422, "no_mail_possible", "No mail can be sent to that email address"),
    refusals.RateLimited: ProblemType(429, "wait", "Too many attempts"),
    refusals.PinMissing: ProblemType(422, "pin_invalid", "No PIN was given"),
    refusals.PinMalformed: ProblemType(422, "pin_invalid", "A PIN is six digits"),
    refusals.PinRefused: ProblemType(422, "pin_refused", "Address and PIN do not match, or the PIN is no longer live"),
    refusals.PinLocked: ProblemType(429, "pin_locked", "Too many wrong PINs"),
    refusals.ProviderCancelled: ProblemType(403, "{provider}_refused", "The sign-in with {label} was not finished"),
    refusals.IdentityUnmatched: ProblemType(403, "{provider}_refused", "That {label} Account opens nothing here"),
    refusals.ProviderFailed: ProblemType(
        403, "{provider}_refused", "{label} could not be asked, or its answer was not usable"
    ),
    refusals.OriginBypassed: ProblemType(403, "detoured", "The request did not come through CloudFront"),
    refusals.LinkUnknown: ProblemType(404, "link_unknown", "Not a link of this practice"),
    refusals.LinkExpired: ProblemType(410, "link_expired", "The link has expired"),
    refusals.LinkUsed: ProblemType(410, "link_used", "The link has been used"),
    refusals.LinkReplaced: ProblemType(410, "link_replaced", "A newer link was sent"),
    refusals.AccountSwitchRefused: ProblemType(
        409, "account_switch", "Someone else is signed in; send switch=yes to switch"
    ),
    refusals.SignedOut: ProblemType(401, "signed_out", "Not signed in"),
    refusals.NotAMember: ProblemType(403, "not_a_member", "The person is a member of no practice"),
    refusals.FormExpired: ProblemType(403, "form_expired", "The form belongs to another session"),
    refusals.ProfileUnknown: ProblemType(404, "profile_unknown", "No such profile"),
    refusals.TokenRefused: ProblemType(401, "token_refused", "The access token is missing, or is not one for this API"),
    refusals.RecordNotFound: ProblemType(404, "not_found", "There is no such thing here"),
    refusals.SupportCodeUnknown: ProblemType(
        404, "not_found", "No event has this support code; of a fault on our side, the operator's log has it"
    ),
    refusals.RoleMissing: ProblemType(403, "role_missing", "Your role does not allow this"),
    refusals.AlreadySignedIn: ProblemType(409, "already_signed_in", "The client has signed in already"),
    refusals.ConsentMissing: ProblemType(
        422, "email_consent_required", "The client has not agreed to be emailed there"
    ),
    refusals.EmailInUse: ProblemType(409, "email_in_use", "Another client signs in with that email address"),
    refusals.ExternalIdInUse: ProblemType(409, "external_id_in_use", "Another client has this external id"),
    refusals.AccessAddress: ProblemType(409, "access_address", "The client signs in with that address"),
    refusals.SubjectRequired: ProblemType(422, "subject_required", "Name the member by the subject of their tokens"),
    refusals.TooManyCredentials: ProblemType(
        409, "too_many_credentials", "The practice has its most credentials; revoke one first"
    ),
    refusals.TooManyWebhooks: ProblemType(
        409, "too_many_webhooks", "The practice has its most webhooks; remove one first"
    ),
    refusals.AddressSuppressed: ProblemType(
        409, "address_suppressed", "Mail to that address came back; confirm it first"
    ),
    refusals.AddressChangeUnconfirmed: ProblemType(409, "confirm_disable_and_resend", "Update Client Portal access?"),
    refusals.NoAccess: ProblemType(409, "no_access", "The client has no Client Portal access"),
    refusals.OpenedByOthers: ProblemType(
        409, "opened_by_others", "Other people open this profile; close it to them first"
    ),
    refusals.LetterInvalid: ProblemType(422, "letter_invalid", "The letter holds something that cannot be sent"),
    refusals.IdempotencyInProgress: ProblemType(409, "in_progress", "The same request is being answered"),
    refusals.IdempotencyKeyReused: ProblemType(
        422, "idempotency_key_reused", "The idempotency key belongs to another request"
    ),
    refusals.Unavailable: ProblemType(503, "unavailable", "Try again in a moment"),
}


def to_response(request: Request, refusal: Refusal) -> Response:
    """Return the page or problem document of a refusal."""
    response = _page_or_problem(request, refusal)
    if isinstance(refusal, Unavailable) and refusal.cookie:
        return response.with_cookies(cookies.set_session(request, refusal.cookie))
    return response


def _page_or_problem(request: Request, refusal: Refusal) -> Response:
    if request.wants_json:
        return to_problem(request, refusal)
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


def to_problem(request: Request, refusal: Refusal) -> Response:
    """Return the problem document of a refusal."""
    problem_type = PROBLEMS[type(refusal)].of(by_callback(request.route))
    headers: dict[str, str] = {}
    facts: dict[str, object] = {}
    match refusal:
        case RateLimited() | PinLocked():
            facts["retry_after"] = _seconds_left(request, refusal)
            headers["retry-after"] = str(facts["retry_after"])
        case Unavailable():
            headers["retry-after"] = str(RETRY_AFTER_SECONDS)
        case MethodRefused():
            headers["allow"] = ", ".join(refusal.allowed)
        case TokenRefused():
            headers["www-authenticate"] = 'Bearer error="invalid_token"'
        case LetterInvalid():
            facts["detail"] = refusal.why
        case OpenedByOthers():
            facts["people"] = [asdict(person) for person in refusal.people]
        case BodyInvalid() | ValueRefused() if refusal.errors:
            facts["errors"] = [{"location": place, "message": message} for place, message in refusal.errors]
    return problem_response(problem_type.status, problem_type.code, problem_type.title, **facts).with_headers(headers)


def code(request: Request, refusal: Refusal) -> str:
    """Return the problem code of a refusal."""
    return PROBLEMS[type(refusal)].of(by_callback(request.route)).code


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


def _page(request: Request, refusal: Refusal) -> str:
    # clinicians find the codes of audit events, operators those of outages in the log, and nobody finds any other code
    code = request.support_code if isinstance(refusal, Unavailable) else refusal.support_code
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
        return pages.pin_locked(shared, seconds=_seconds_left(request, refusal))
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


def _seconds_left(request: Request, refusal: RateLimited | PinLocked) -> int:
    return max(1, refusal.until - request.now)
