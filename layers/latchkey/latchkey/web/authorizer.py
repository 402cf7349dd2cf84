"""The Lambda authorizer for other APIs of the stack: it checks the session of a request (simple responses)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from latchkey import aws, log, settings
from latchkey.http import origins
from latchkey.http.requests import parse_event
from latchkey.rules.refusals import Refusal
from latchkey.store import practices
from latchkey.web import cookies, current_session

DENIED = {"isAuthorized": False}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing. A page of any site may link to them."""


def is_authorizer_event(event: Mapping[str, Any]) -> bool:
    """Return True if API Gateway asks for authorization of a request to another function."""
    return event.get("type") == "REQUEST"


@aws.within_deadline
def authorize(event: Mapping[str, Any], _context: aws.InvocationContext) -> dict[str, Any]:
    """Return `isAuthorized`: true for a live session, with account, profile and practice.

    It is false for everything else, outages included. The practice is the one in the path. If an API has no practice
    in its paths, it is the one of the only session cookie. A request that may change something must come from a page of
    the portal's host, or from an app.
    """
    request = parse_event(event)
    request = replace(request, origin=settings.load().portal_origin or f"https://{request.host}")
    try:
        if request.method not in SAFE_METHODS:
            origins.check_same_origin(request)
        slug = request.path_parameters.get("practice") or cookies.sole_session_practice(request)
        if slug is None:
            return DENIED
        request = replace(request, practice=practices.get_cached(slug, request.now))
        live_session = current_session.require(request)
    except Refusal:
        return DENIED
    except Exception as error:  # noqa: BLE001 - Lambda would log its message, and API Gateway would send 500
        log.log_fault(error, request.support_code)
        return DENIED
    profile = live_session.profile
    return {
        "isAuthorized": True,
        "context": {"account": live_session.account.id, "profile": profile.id if profile else "", "practice": slug},
    }
