"""What goes back: pages, documents and directions, each with the headers that keep a browser safe."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from latchkey import metrics, pages
from latchkey.identity import providers
from latchkey.metrics import Metric
from latchkey.pages import PageContext
from latchkey.rules.practices import FEATURES
from latchkey.rules.sessions import LiveSession
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.web import cookies
from latchkey.web.requests import JSON, PROBLEM, Request

POST_ONLY_ROUTES = (*(provider.start_route for provider in providers.PROVIDERS), "/{practice}/sign-out")
"""What cannot be looked at again in another language by a GET."""


def _form_targets() -> str:
    """Return the sources of `form-action`. Browsers apply it to the redirect to a provider too."""
    urls = [urlsplit(providers.config(provider).authorize_url) for provider in providers.configured()]
    return " ".join(["'self'", *(f"{url.scheme}://{url.netloc}" for url in urls)])


SECURITY_HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; style-src {pages.CONTENT_SECURITY_STYLE}; form-action {_form_targets()}; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # not no-referrer: that makes the browser's own form posts say "Origin: null"
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
    "x-robots-tag": "noindex, nofollow",
}
"""On every answer of ours, errors included."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer before it is put into API Gateway's words."""

    status: int
    body: str = field(default="", repr=False)
    media_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = field(default=(), repr=False)

    def with_cookies(self, *cookies: str) -> "Response":
        """The same answer with cookies to keep."""
        return replace(self, cookies=(*self.cookies, *cookies))

    def with_headers(self, headers: dict[str, str]) -> "Response":
        """The same answer with further headers."""
        return replace(self, headers=self.headers | headers)

    def to_gateway(self, request: Request) -> dict[str, Any]:
        """The answer as API Gateway takes it (payload format 2.0)."""
        told = {"content-type": self.media_type, "content-language": request.language} if self.body else {}
        return {
            "statusCode": self.status,
            "headers": SECURITY_HEADERS | {"vary": "Accept, Accept-Language, Cookie"} | told | self.headers,
            "cookies": list(self.cookies),
            "body": "" if request.method == "HEAD" else self.body,
            "isBase64Encoded": False,
        }


def page_context(request: Request) -> PageContext:
    """What all pages of this request share."""
    return PageContext(
        request.practice,
        request.language,
        path=request.portal_path("sign-in") if request.practice and request.route in POST_ONLY_ROUTES else "",
        support_code=request.support_code,
        providers=providers.offered(request.practice),
    )


def html_page(html: str, status: int = 200) -> Response:
    """A page to read."""
    return Response(status, html)


def see_other(path: str) -> Response:
    """Go there with a GET: a form that was understood never answers with a page that can be sent again."""
    return Response(303, headers={"location": path})


def json_response(document: Any, status: int = 200, media: str = JSON) -> Response:
    """An answer for a program."""
    return Response(status, json.dumps(document, ensure_ascii=False), media)


def problem_response(status: int, code: str, title: str, **facts: Any) -> Response:
    """A problem document (RFC 9457) with our stable `code`."""
    return json_response({"title": title, "status": status, "code": code} | facts, status, PROBLEM)


def accepted_metric(method: SignInMethod) -> Metric:
    """Return the metric of sign-ins by a method that succeeded."""
    match method:
        case "link":
            return Metric.LINK_ACCEPTED
        case "pin":
            return Metric.PIN_ACCEPTED
        case _:
            return Metric.provider_accepted(method)


def signed_in_response(request: Request, visit: LiveSession, cookie: str) -> Response:
    """Someone has just signed in: on to the choice of profile if there is one, else home."""
    metrics.count(accepted_metric(visit.session.method))
    answer = (
        json_response(session_document(request, visit))
        if request.wants_json
        else see_other(request.portal_path("profiles" if visit.has_several_profiles else "home"))
    )
    return answer.with_cookies(
        cookies.set_session(request, cookie),
        cookies.set_known_browser(request, visit.account.key),
        *cookies.drop_request(request),
    )


def still_signed_in(request: Request, visit: LiveSession) -> Response:
    """What signed someone in here before leads to where they are."""
    if request.wants_json:
        return json_response(session_document(request, visit))
    return see_other(request.portal_path("home"))


def session_document(request: Request, visit: LiveSession) -> dict[str, Any]:
    """What other parts of a portal may know of a session; a feature is on where practice and client both have it."""
    chosen = visit.profile
    on = chosen.features & request.practice_or_404.features if chosen else frozenset()
    return {
        "account": visit.account.id,
        "profile": chosen and chosen.id,
        "profiles": [{"id": p.id, "name": p.name, "kind": p.kind} for p in visit.account.profiles],
        "features": {feature: feature in on for feature in FEATURES},
        "signed_in_at": rfc3339(visit.session.started_at),
        "expires_at": rfc3339(visit.session.ends_at),
        "method": visit.session.method,
    }


def rfc3339(at: int) -> str:
    """A time (Unix seconds) as documents tell it."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
