"""Lets other APIs of the stack ask whether a request is signed in (a Lambda authorizer, simple responses)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from latchkey import aws, log, settings
from latchkey.rules.refusals import Refusal
from latchkey.store import practices
from latchkey.web import cookies, current_session, origins
from latchkey.web.requests import parse_event

DENIED = {"isAuthorized": False}
READING = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing, which a link on any page may use."""


def is_authorizer_event(event: Mapping[str, Any]) -> bool:
    """Whether API Gateway asks on behalf of another function, instead of handing us a request."""
    return event.get("type") == "REQUEST"


@aws.within_deadline
def authorize(event: Mapping[str, Any], _context: aws.InvocationContext) -> dict[str, Any]:
    """Yes, with account, profile and practice, for a live session; no for everything else, outages included.

    The practice is the path's; on APIs whose paths name none, that of the one session cookie. What may change something
    has to be asked for by a page of the portal's host, or by an app.
    """
    request = parse_event(event)
    request = replace(request, origin=settings.load().portal_origin or f"https://{request.host}")
    try:
        if request.method not in READING:
            origins.check_same_origin(request)
        slug = request.path_parameters.get("practice") or cookies.sole_session_practice(request)
        if slug is None:
            return DENIED
        request = replace(request, practice=practices.get_cached(slug, request.now))
        visit = current_session.require(request)
    except Refusal:
        return DENIED
    except Exception as error:  # noqa: BLE001 - Lambda would write down its words, and API Gateway answer 500
        log.log_fault(error, request.support_code)
        return DENIED
    profile = visit.profile
    return {
        "isAuthorized": True,
        "context": {"account": visit.account.id, "profile": profile.id if profile else "", "practice": slug},
    }
