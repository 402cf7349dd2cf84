"""What each refusal answers: the one place where a no gets a status, a code and a page."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from latchkey import pages, settings
from latchkey.pages import Frame
from latchkey.pages.entry import EmailProblem
from latchkey.pages.links import Dead
from latchkey.pages.pins import PinProblem
from latchkey.rules import refusals
from latchkey.rules.refusals import (
    BodyInvalid,
    LetterInvalid,
    MethodRefused,
    NoMailPossible,
    OpenedByOthers,
    PinLocked,
    Refusal,
    SignedOut,
    SwitchUnasked,
    TokenRefused,
    Unavailable,
    Waiting,
)
from latchkey.web import cookies
from latchkey.web.answers import Response, frame, page, problem, see_other
from latchkey.web.requests import Request
from latchkey.web.typed import typed_address

UNAVAILABLE_SECONDS = 5
"""How soon to try again when something of ours does not answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """How one refusal is told to a program."""

    status: int
    code: str
    title: str
    """For people who write programs, in English."""


TOLD: dict[type[Refusal], Told] = {
    refusals.PracticeUnknown: Told(404, "not_found", "No such practice"),
    refusals.PageUnknown: Told(404, "not_found", "Nothing is at this path"),
    refusals.MethodRefused: Told(405, "method_not_allowed", "The path does not take this method"),
    refusals.OriginRefused: Told(403, "origin_refused", "The request was not made by a page of this portal"),
    refusals.BodyInvalid: Told(400, "body_invalid", "The request cannot be read"),
    refusals.BodyTooLarge: Told(413, "body_too_large", "The body is too long"),
    refusals.EmailMissing: Told(422, "email_invalid", "No email address was given"),
    refusals.EmailMalformed: Told(422, "email_invalid", "That is not an email address"),
    refusals.EmailUnknown: Told(422, "email_unknown", "That email address is not on file"),
    refusals.NoMailPossible: Told(422, "no_mail_possible", "No mail can be sent to that email address"),
    refusals.Waiting: Told(429, "wait", "Too many attempts"),
    refusals.PinMissing: Told(422, "pin_invalid", "No PIN was given"),
    refusals.PinMalformed: Told(422, "pin_invalid", "A PIN is six digits"),
    refusals.PinRefused: Told(422, "pin_refused", "Address and PIN do not match, or the PIN is no longer live"),
    refusals.PinLocked: Told(429, "pin_locked", "Too many wrong PINs"),
    refusals.GoogleCancelled: Told(403, "google_refused", "The sign-in with Google was not finished"),
    refusals.GoogleUnmatched: Told(403, "google_refused", "That Google Account opens nothing here"),
    refusals.GoogleFailed: Told(403, "google_refused", "Google could not be asked, or its answer was not usable"),
    refusals.Detoured: Told(403, "detoured", "Come by the portal's own address"),
    refusals.LinkUnknown: Told(404, "link_unknown", "Not a link of this practice"),
    refusals.LinkExpired: Told(410, "link_expired", "The link has expired"),
    refusals.LinkUsed: Told(410, "link_used", "The link has been used"),
    refusals.LinkReplaced: Told(410, "link_replaced", "A newer link was sent"),
    refusals.SwitchUnasked: Told(409, "account_switch", "Someone else is signed in; send switch=yes to switch"),
    refusals.SignedOut: Told(401, "signed_out", "Not signed in"),
    refusals.ProfileUnknown: Told(404, "profile_unknown", "No such profile"),
    refusals.TokenRefused: Told(401, "token_refused", "The access token is missing, or is not one for this API"),
    refusals.NotYours: Told(404, "not_found", "There is no such thing here"),
    refusals.RoleMissing: Told(403, "role_missing", "Your role does not allow this"),
    refusals.AlreadySignedIn: Told(409, "already_signed_in", "The client has signed in already"),
    refusals.ConsentMissing: Told(422, "email_consent_required", "The client has not agreed to be emailed there"),
    refusals.EmailInUse: Told(409, "email_in_use", "Another client signs in with that email address"),
    refusals.AddressSuppressed: Told(409, "address_suppressed", "Mail to that address came back; confirm it first"),
    refusals.SwitchUnconfirmed: Told(409, "confirm_disable_and_resend", "Update Client Portal access?"),
    refusals.NoAccess: Told(409, "no_access", "The client has no Client Portal access"),
    refusals.OpenedByOthers: Told(409, "opened_by_others", "Other people open this profile; close it to them first"),
    refusals.LetterInvalid: Told(422, "letter_invalid", "The letter holds something that cannot be sent"),
    refusals.InProgress: Told(409, "in_progress", "The same request is being answered"),
    refusals.KeyReused: Told(422, "idempotency_key_reused", "The idempotency key belongs to another request"),
    refusals.Unavailable: Told(503, "unavailable", "Try again in a moment"),
}


def answer(request: Request, refusal: Refusal) -> Response:
    """The page or problem document for a refusal."""
    answered = _answered(request, refusal)
    if isinstance(refusal, Unavailable) and refusal.cookie:
        return answered.keeping(cookies.set_session(request, refusal.cookie))
    return answered


def _answered(request: Request, refusal: Refusal) -> Response:
    if request.wants_json:
        return document(request, refusal)
    match refusal:
        case SignedOut():
            return see_other(request.below("sign-in"))
        case SwitchUnasked():
            # a question and no fault: the person answers it on this page
            return page(_page(request, refusal))
    told = document(request, refusal)
    return page(_page(request, refusal), told.status).with_headers(told.headers)


def document(request: Request, refusal: Refusal) -> Response:
    """The problem document for a refusal."""
    told = TOLD[type(refusal)]
    headers: dict[str, str] = {}
    facts: dict[str, object] = {}
    match refusal:
        case Waiting() | PinLocked():
            facts["retry_after"] = _seconds_left(request, refusal)
            headers["retry-after"] = str(facts["retry_after"])
        case Unavailable():
            headers["retry-after"] = str(UNAVAILABLE_SECONDS)
        case MethodRefused():
            headers["allow"] = ", ".join(refusal.allowed)
        case TokenRefused():
            headers["www-authenticate"] = 'Bearer error="invalid_token"'
        case LetterInvalid():
            facts["detail"] = refusal.why
        case OpenedByOthers():
            facts["people"] = [asdict(person) for person in refusal.people]
        case BodyInvalid() if refusal.errors:
            facts["errors"] = [{"location": place, "message": message} for place, message in refusal.errors]
    return problem(told.status, told.code, told.title, **facts).with_headers(headers)


def code(refusal: Refusal) -> str:
    """The stable name of a refusal."""
    return TOLD[type(refusal)].code


PLAIN: dict[type[Refusal], Callable[[Frame], str]] = {
    refusals.PracticeUnknown: pages.missing,
    refusals.PageUnknown: pages.missing,
    refusals.ProfileUnknown: pages.missing,
    refusals.Detoured: pages.missing,
    refusals.MethodRefused: pages.not_allowed,
    refusals.OriginRefused: pages.stale_form,
    refusals.BodyInvalid: pages.unreadable,
    refusals.BodyTooLarge: pages.too_large,
    refusals.Unavailable: pages.unavailable,
    refusals.GoogleCancelled: pages.google_cancelled,
    refusals.GoogleUnmatched: pages.google_unmatched,
    refusals.GoogleFailed: pages.google_failed,
}
TYPED: dict[type[Refusal], EmailProblem] = {
    refusals.EmailMissing: "empty",
    refusals.EmailMalformed: "format",
    refusals.EmailUnknown: "unknown",
}
TYPED_PIN: dict[type[Refusal], PinProblem] = {
    refusals.EmailMissing: "email_empty",
    refusals.EmailMalformed: "email_format",
    refusals.PinMissing: "pin_empty",
    refusals.PinMalformed: "pin_length",
    refusals.PinRefused: "refused",
}
PIN_ROUTE = "/{practice}/pin"
"""Here an address is typed together with a PIN, and shown again with it."""
DEAD: dict[type[Refusal], Dead] = {
    refusals.LinkUnknown: "unknown",
    refusals.LinkExpired: "expired",
    refusals.LinkUsed: "used",
    refusals.LinkReplaced: "replaced",
}


def _page(request: Request, refusal: Refusal) -> str:
    shared, kind = frame(request), type(refusal)
    if isinstance(refusal, Waiting):
        return pages.wait(shared, seconds=_seconds_left(request, refusal))
    if isinstance(refusal, PinLocked):
        return pages.pin_locked(shared, seconds=_seconds_left(request, refusal))
    if isinstance(refusal, NoMailPossible):
        return pages.no_mail(shared, typed=request.field("email"))
    if isinstance(refusal, SwitchUnasked):
        return _switch(request, refusal)
    if request.route == PIN_ROUTE and kind in TYPED_PIN:
        return pages.pin(shared, typed=request.field("email"), problem=TYPED_PIN[kind])
    if kind in TYPED:
        return pages.sign_in(shared, typed=request.field("email"), problem=TYPED[kind])
    if kind in DEAD:
        return _dead_link(request, DEAD[kind])
    return PLAIN[kind](shared)


GOOGLE_ROUTE = "/google/callback"


def _switch(request: Request, refusal: SwitchUnasked) -> str:
    """The question, with a form that does the same once more."""
    shared, action, typed = frame(request), "", dict[str, str]()
    if request.route == PIN_ROUTE:
        typed = {name: request.field(name) for name in ("email", "pin")}
    elif request.route == GOOGLE_ROUTE:
        # a return from Google is good for one visit: they go there once more
        shared, action = replace(shared, path=request.below("sign-in")), request.below("google")
    by_link = request.route not in (PIN_ROUTE, GOOGLE_ROUTE)
    return pages.switch(
        shared, action=action, masked=refusal.masked, current=refusal.current, typed=typed, by_link=by_link
    )


def _dead_link(request: Request, why: Dead) -> str:
    """Asks for the address again only where this browser has not just told it (WCAG 3.3.7)."""
    hours = settings.load().link_seconds // 3600
    return pages.dead_link(frame(request), why=why, typed=typed_address(request).address, hours=hours)


def _seconds_left(request: Request, waiting: Waiting | PinLocked) -> int:
    return max(1, waiting.until - request.now)
