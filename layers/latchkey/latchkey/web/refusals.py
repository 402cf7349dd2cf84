"""What each refusal answers: the one place where a no gets a status, a code and a page."""

from collections.abc import Callable
from dataclasses import dataclass

from latchkey import pages, settings
from latchkey.pages import Frame
from latchkey.pages.entry import EmailProblem
from latchkey.pages.links import Dead
from latchkey.rules import refusals
from latchkey.rules.refusals import MethodRefused, Refusal, SignedOut, SwitchUnasked, Unavailable, Waiting
from latchkey.web import cookies
from latchkey.web.answers import Response, frame, page, problem, see_other
from latchkey.web.requests import Request

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
    refusals.Waiting: Told(429, "wait", "Too many attempts"),
    refusals.LinkUnknown: Told(404, "link_unknown", "Not a link of this practice"),
    refusals.LinkExpired: Told(410, "link_expired", "The link has expired"),
    refusals.LinkUsed: Told(410, "link_used", "The link has been used"),
    refusals.LinkReplaced: Told(410, "link_replaced", "A newer link was sent"),
    refusals.SwitchUnasked: Told(409, "switch_unasked", "Someone else is signed in; send switch=yes to switch"),
    refusals.SignedOut: Told(401, "signed_out", "Not signed in"),
    refusals.ProfileUnknown: Told(404, "profile_unknown", "No such profile"),
    refusals.Unavailable: Told(503, "unavailable", "Try again in a moment"),
}


def answer(request: Request, refusal: Refusal) -> Response:
    """The page or problem document for a refusal."""
    told = TOLD[type(refusal)]
    headers: dict[str, str] = {}
    facts: dict[str, int] = {}
    match refusal:
        case Waiting():
            facts["retry_after"] = _seconds_left(request, refusal)
            headers["retry-after"] = str(facts["retry_after"])
        case Unavailable():
            headers["retry-after"] = str(UNAVAILABLE_SECONDS)
        case MethodRefused():
            headers["allow"] = ", ".join(refusal.allowed)
    if request.wants_json:
        return problem(told.status, told.code, told.title, **facts).with_headers(headers)
    match refusal:
        case SignedOut():
            return see_other(request.below("sign-in"))
        case SwitchUnasked():
            # a question and no fault: the person answers it on this page
            return page(_page(request, refusal))
    return page(_page(request, refusal), told.status).with_headers(headers)


def code(refusal: Refusal) -> str:
    """The stable name of a refusal."""
    return TOLD[type(refusal)].code


PLAIN: dict[type[Refusal], Callable[[Frame], str]] = {
    refusals.PracticeUnknown: pages.missing,
    refusals.PageUnknown: pages.missing,
    refusals.ProfileUnknown: pages.missing,
    refusals.MethodRefused: pages.not_allowed,
    refusals.OriginRefused: pages.stale_form,
    refusals.BodyInvalid: pages.unreadable,
    refusals.BodyTooLarge: pages.too_large,
    refusals.Unavailable: pages.unavailable,
}
TYPED: dict[type[Refusal], EmailProblem] = {
    refusals.EmailMissing: "empty",
    refusals.EmailMalformed: "format",
    refusals.EmailUnknown: "unknown",
}
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
    if isinstance(refusal, SwitchUnasked):
        return pages.switch(shared, action="", masked=refusal.masked, current=refusal.current)
    if kind in TYPED:
        return pages.sign_in(shared, typed=request.field("email"), problem=TYPED[kind])
    if kind in DEAD:
        return _dead_link(request, DEAD[kind])
    return PLAIN[kind](shared)


def _dead_link(request: Request, why: Dead) -> str:
    """Asks for the address again only where this browser has not told it (WCAG 3.3.7)."""
    asked = cookies.asked(request)
    hours = settings.load().link_seconds // 3600
    return pages.dead_link(frame(request), why=why, typed=asked.typed if asked else "", hours=hours)


def _seconds_left(request: Request, waiting: Waiting) -> int:
    return max(1, waiting.until - request.now)
