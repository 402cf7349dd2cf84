"""The session check for services behind the portal: a Lambda authorizer for APIs, and an answer for pages.

Both are entry points of the function Session, chosen by the `type` of the event (docs/integrating.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from latchkey import aws, log, settings
from latchkey.http import origins, problems
from latchkey.http.requests import Request, parse_event
from latchkey.http.responses import rfc3339
from latchkey.rules.refusals import Refusal, SignedOut
from latchkey.rules.sessions import LiveSession
from latchkey.store import practices
from latchkey.tokens import session_name
from latchkey.web import cookies, current_session
from latchkey.web.member_check import check_member

PRACTICE_HEADER = "latchkey-practice"
"""The header that names the practice of a request whose path does not."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing. A page of any site may link to them."""

type Context = dict[str, Any]
"""The facts of a session, as other services read them."""


class Denied(Exception):
    """The request is denied. `reason` is for the service and its log, not for the person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def answer_for(event: Mapping[str, Any]) -> Callable[[Mapping[str, Any], aws.InvocationContext], dict[str, Any]] | None:
    """Return the handler of an event of another service. None for a request to the portal itself."""
    return {"REQUEST": authorize, "SESSION": check_session, "MEMBER": check_member}.get(str(event.get("type", "")))


@aws.within_deadline
def authorize(event: Mapping[str, Any], _context: aws.InvocationContext) -> dict[str, Any]:
    """Return API Gateway's simple response: `isAuthorized`, with the facts of the session or the reason of a denial.

    `isAuthorized` is true only for a live session, and false in an outage. A request that may change something must
    come from a page of the portal's host, or from an app.
    """
    try:
        return {"isAuthorized": True, "context": _signed_in(event)}
    except Denied as denied:
        return {"isAuthorized": False, "context": {"reason": denied.reason}}


@aws.within_deadline
def check_session(event: Mapping[str, Any], _context: aws.InvocationContext) -> dict[str, Any]:
    """Return the facts of the session, for a function that answers with pages. The event is the request to it.

    The result is `{"signed_out": "idle" | "over"}` if the person has to sign in. It is `{"refused": reason}` for every
    other request that must not be answered.
    """
    try:
        return _signed_in(event)
    except Denied as denied:
        return {"signed_out" if denied.reason in ("idle", "over") else "refused": denied.reason}


def _signed_in(event: Mapping[str, Any]) -> Context:
    """Return the facts of the session.

    :raises Denied: nobody is signed in, the request may come from another site, or a service does not respond.
    """
    support_code = ""
    try:
        request = parse_event(event)
        support_code = request.support_code
        return _checked(replace(request, origin=settings.load().portal_origin or f"https://{request.host}"))
    except Denied:
        raise
    except Exception as error:  # noqa: BLE001 - Lambda would log its message, and API Gateway would send 500
        log.log_fault(error, support_code)
        raise Denied("unavailable") from None


def _checked(request: Request) -> Context:
    try:
        if request.method not in SAFE_METHODS:
            origins.check_same_origin(request)
        request = replace(request, practice=practices.get_cached(_practice_of(request), request.now))
        return _context_of(request, current_session.require(request))
    except SignedOut as ended:
        raise Denied("idle" if ended.idle else "over") from None
    except Refusal as refusal:
        raise Denied(problems.code(request, refusal)) from None


def _practice_of(request: Request) -> str:
    """Return the practice that the path names, or the header if the path has none.

    Cookies do not name the practice, because a person may be signed in at several. A service would then answer for
    another practice than that of the page.

    :raises Denied: nothing names the practice, or path and header differ.
    """
    in_path, in_header = request.path_parameters.get("practice"), request.headers.get(PRACTICE_HEADER)
    if in_path and in_header and in_path != in_header:
        raise Denied("practice_ambiguous")
    slug = in_path or in_header
    if not slug:
        raise Denied("practice_unnamed")
    return slug


def _context_of(request: Request, live_session: LiveSession) -> Context:
    """Return the facts of a session for other services, without the address."""
    session, account, profile = live_session.session, live_session.account, live_session.profile
    return {
        "account": account.id,
        "practice": account.practice,
        "person": account.name,
        "language": cookies.language(request, request.practice_or_404) or account.letter_language,
        "profile": profile.id if profile else "",
        "name": profile.name if profile else "",
        "kind": profile.kind if profile else "",
        "own": bool(profile and account.is_own(profile)),
        "relation": (profile and profile.relation) or "",
        "features": live_session.features_at(request.practice_or_404),
        "first": session.previous_sign_in_at is None,
        "method": session.method,
        "signed_in_at": rfc3339(session.started_at),
        "expires_at": rfc3339(session.ends_at),
        "session": session_name(session.digest),
    }
