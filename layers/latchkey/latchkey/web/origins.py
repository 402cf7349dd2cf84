"""Whose address a request came to, and whether a page of ours sent a form: cookies alone do not tell, the browser sends
them for any page."""

from urllib.parse import urlsplit

from latchkey import settings
from latchkey.rules.refusals import OriginRefused, PageUnknown
from latchkey.web.requests import Request


def portal(request: Request) -> str:
    """The origin under which people see the portal.

    :raises PageUnknown: the request came to another host.
    """
    known = settings.load().portal_origin
    if known and request.host != urlsplit(known).hostname:
        raise PageUnknown
    return known or f"https://{request.host}"


def check(request: Request) -> None:
    """Pass if every header that tells where the request was made names us.

    A form that carries none of them is refused. A JSON body may come without: apps send no such header, and
    a foreign page cannot send JSON without asking first, which is never granted.

    :raises OriginRefused: otherwise.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None and origin != request.origin:
        raise OriginRefused
    if site is not None and site != "same-origin":
        raise OriginRefused
    if origin is None and site is None and not request.sends_json:
        raise OriginRefused
