"""Whether a page of ours sent a form. Cookies alone do not tell: the browser sends them for any page."""

from latchkey.rules.refusals import OriginRefused
from latchkey.web.requests import Request


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
