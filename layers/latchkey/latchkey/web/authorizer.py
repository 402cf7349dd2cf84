"""Lets other APIs of the stack ask whether a request is signed in (a Lambda authorizer, simple responses)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from latchkey import aws, settings
from latchkey.rules.refusals import Refusal
from latchkey.store import practices
from latchkey.web import arrivals, cookies, log, origins
from latchkey.web.requests import read

REFUSED = {"isAuthorized": False}
READING = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing, which a link on any page may use."""


def asks_to_authorize(event: Mapping[str, Any]) -> bool:
    """Whether API Gateway asks on behalf of another function, instead of handing us a request."""
    return event.get("type") == "REQUEST"


@aws.in_time
def authorize(event: Mapping[str, Any], _context: aws.Context) -> dict[str, Any]:
    """Yes, with account, profile and practice, for a live session; no for everything else, outages included.

    The practice is the path's; on APIs whose paths name none, that of the one session cookie. What may change something
    has to be asked for by a page of the portal's host, or by an app.
    """
    request = read(event)
    request = replace(request, origin=settings.load().portal_origin or f"https://{request.host}")
    try:
        if request.method not in READING:
            origins.check(request)
        slug = request.parameters.get("practice") or cookies.sole_session(request)
        if slug is None:
            return REFUSED
        request = replace(request, practice=practices.load(slug, request.now))
        visit = arrivals.visit(request)
    except Refusal:
        return REFUSED
    except Exception as error:  # noqa: BLE001 - Lambda would write down its words, and API Gateway answer 500
        log.failed(error, request.reference)
        return REFUSED
    profile = visit.profile
    return {
        "isAuthorized": True,
        "context": {"account": visit.account.id, "profile": profile.id if profile else "", "practice": slug},
    }
