"""Origins: the request's source behind CloudFront, the portal's origin, and the check against cross-site requests.

Cookies alone cannot prove the origin of a form, because a browser sends them with the forms of any page.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from latchkey import settings, tokens
from latchkey.http.requests import Request
from latchkey.rules.refusals import OriginBypassed, OriginRefused, PageUnknown


def with_viewer_source(request: Request) -> Request:
    """Return the request with the viewer's IP address that CloudFront reports, if CloudFront is configured.

    :raises OriginBypassed: the request did not come through CloudFront, so anyone could have written the header.
    """
    digests = settings.load().cloudfront_digests
    if not digests:
        return request
    if tokens.sha256_hex(request.headers.get("x-origin-verify", "")) not in digests:
        raise OriginBypassed
    # The header holds an address and a port, also for IPv6.
    return replace(request, source_ip=request.headers.get("cloudfront-viewer-address", "").rpartition(":")[0])


def portal_origin(request: Request) -> str:
    """Return the origin of the portal's pages.

    :raises PageUnknown: the request came to another host.
    """
    configured = settings.load().portal_origin
    if configured and request.host != urlsplit(configured).hostname:
        raise PageUnknown
    return configured or f"https://{request.host}"


def check_same_origin(request: Request) -> None:
    """Raise unless a page of the portal, or an app, made the request.

    `Origin` and `Sec-Fetch-Site` must name the portal if they are there. A form must have at least one of the two
    headers. A request with a JSON body, PUT, PATCH or DELETE needs neither, because apps do not send them. A page of
    another site cannot make such a request: its CORS preflight is never granted.

    :raises OriginRefused: the request may come from another site.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None and origin != request.origin:
        raise OriginRefused
    if site is not None and site != "same-origin":
        raise OriginRefused
    if origin is None and site is None and request.method == "POST" and not request.sends_json:
        raise OriginRefused
