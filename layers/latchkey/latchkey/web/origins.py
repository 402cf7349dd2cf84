"""Which way a request came, to whose address, and whether a page of ours sent a form: cookies alone do not tell, the
browser sends them for any page."""

from dataclasses import replace
from urllib.parse import urlsplit

from latchkey import settings, tokens
from latchkey.rules.refusals import OriginBypassed, OriginRefused, PageUnknown
from latchkey.web.requests import Request


def with_viewer_source(request: Request) -> Request:
    """The request with the source that CloudFront saw, where it stands in front: the API sees only CloudFront.

    :raises Detoured: it did not come through CloudFront, whose word on the source would be anybody's.
    """
    digests = settings.load().cloudfront_digests
    if not digests:
        return request
    if tokens.sha256_hex(request.headers.get("x-origin-verify", "")) not in digests:
        raise OriginBypassed
    # an address and a port, also where the address is IPv6
    return replace(request, source_ip=request.headers.get("cloudfront-viewer-address", "").rpartition(":")[0])


def portal_origin(request: Request) -> str:
    """The origin under which people see the portal.

    :raises PageUnknown: the request came to another host.
    """
    known = settings.load().portal_origin
    if known and request.host != urlsplit(known).hostname:
        raise PageUnknown
    return known or f"https://{request.host}"


def check_same_origin(request: Request) -> None:
    """Pass if every header that tells where the request was made names us.

    A form that carries none of them is refused. A JSON body may come without, and so may a PUT, PATCH or DELETE: apps
    send no such header, and a foreign page cannot send these without asking first, which is never granted.

    :raises OriginRefused: otherwise.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None and origin != request.origin:
        raise OriginRefused
    if site is not None and site != "same-origin":
        raise OriginRefused
    if origin is None and site is None and request.method == "POST" and not request.sends_json:
        raise OriginRefused
