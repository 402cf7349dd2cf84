"""Responses: pages, JSON documents and redirects, with the security headers."""

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from latchkey import metrics, pages
from latchkey.identity import providers
from latchkey.metrics import Metric
from latchkey.pages import PageContext
from latchkey.rules.practices import FEATURES, Practice
from latchkey.rules.sessions import LiveSession
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.web import cookies, return_paths
from latchkey.web.requests import JSON, PROBLEM, Request

POST_ONLY_ROUTES = (*(provider.start_route for provider in providers.PROVIDERS), "/{practice}/sign-out")
"""Routes without a GET. Their pages cannot link to themselves in another language."""


def _form_targets() -> str:
    """Return the sources of `form-action`. Browsers apply it to a redirect to a provider too."""
    urls = [urlsplit(providers.config(provider).authorize_url) for provider in providers.configured()]
    return " ".join(["'self'", *(f"{url.scheme}://{url.netloc}" for url in urls)])


SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src {style}; img-src 'self'; manifest-src 'self'; "
        f"form-action {_form_targets()}; frame-ancestors 'none'; base-uri 'none'"
    ),
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer, because browsers would then send "Origin: null" with the portal's own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
    "x-robots-tag": "noindex, nofollow",
}
"""Headers of every response, errors included. `{style}` stands for the sources of the style of the page."""
CACHED_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    body: str = field(default="", repr=False)
    media_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)
    """The body of a response that is no text."""
    keeps_language: bool = True
    """False for a page that sets no cookie, not even for the language in its URL."""

    def with_cookies(self, *cookies: str) -> "Response":
        """Return the response with further cookies."""
        return replace(self, cookies=(*self.cookies, *cookies))

    def with_headers(self, headers: dict[str, str]) -> "Response":
        """Return the response with further headers."""
        return replace(self, headers=self.headers | headers)

    def to_gateway(self, request: Request) -> dict[str, Any]:
        """Return the response in API Gateway's format (payload format 2.0)."""
        content_headers = (
            {"content-type": self.media_type}
            if self.content
            else {"content-type": self.media_type, "content-language": request.language}
            if self.body
            else {}
        )
        headers = security_headers(request.practice) | {"vary": "Accept, Accept-Language, Cookie"}
        body = base64.b64encode(self.content).decode() if self.content else self.body
        return {
            "statusCode": self.status,
            "headers": headers | content_headers | self.headers,
            "cookies": list(self.cookies),
            "body": "" if request.method == "HEAD" else body,
            "isBase64Encoded": bool(self.content) and request.method != "HEAD",
        }


def security_headers(practice: Practice | None, style: str = "") -> dict[str, str]:
    """Return the headers of every response. The policy allows the stylesheet in the practice's colours, or `style`."""
    style = style or pages.content_security_style(practice.accent if practice else None)
    policy = SECURITY_HEADERS["content-security-policy"].format(style=style)
    return SECURITY_HEADERS | {"content-security-policy": policy}


def page_context(request: Request, support_code: str = "") -> PageContext:
    """Return the values that every page of this request needs. `support_code` is shown if a clinician can find it."""
    return PageContext(
        request.practice,
        request.language,
        path=request.portal_path("sign-in") if request.practice and request.route in POST_ONLY_ROUTES else "",
        support_code=support_code,
        providers=providers.offered(request.practice),
    )


def html_page(html: str, status: int = 200) -> Response:
    """Return a page."""
    return Response(status, html)


def see_other(path: str) -> Response:
    """Return a redirect to a GET. A form that succeeded redirects, so that a reload cannot send it again."""
    return Response(303, headers={"location": path})


def json_response(document: Any, status: int = 200, media_type: str = JSON) -> Response:
    """Return a JSON document."""
    return Response(status, json.dumps(document, ensure_ascii=False), media_type)


def problem_response(status: int, code: str, title: str, **facts: Any) -> Response:
    """Return a problem document (RFC 9457) with its stable `code`."""
    return json_response({"title": title, "status": status, "code": code} | facts, status, PROBLEM)


def accepted_metric(method: SignInMethod) -> Metric:
    """Return the metric of successful sign-ins by a method."""
    match method:
        case "link":
            return Metric.LINK_ACCEPTED
        case "pin":
            return Metric.PIN_ACCEPTED
        case _:
            return Metric.provider_accepted(method)


def signed_in_response(request: Request, live_session: LiveSession, cookie: str) -> Response:
    """Return the response to a successful sign-in: the choice of profile if there are several, else the next page."""
    metrics.count(accepted_metric(live_session.session.method))
    response = (
        json_response(session_document(request, live_session))
        if request.wants_json
        else next_page(request, live_session, return_paths.find(request))
    )
    return response.with_cookies(
        cookies.set_session(request, cookie),
        cookies.set_known_browser(request, live_session.account.key),
        *cookies.clear_requested_link(request),
    )


def still_signed_in(request: Request, live_session: LiveSession) -> Response:
    """Return the response to a repeated proof whose session is still live in this browser."""
    if request.wants_json:
        return json_response(session_document(request, live_session))
    return next_page(request, live_session, return_paths.find(request))


def next_page(request: Request, live_session: LiveSession, path: str | None) -> Response:
    """Return the redirect of a signed-in browser to `path`, or home. A profile must be chosen first.

    `path` is the page behind the portal that the person comes back to. None if there is none.
    """
    if live_session.profile is None:
        cookie = (cookies.set_return_path(request, path),) if path else ()
        return see_other(request.portal_path("profiles")).with_cookies(*cookie)
    return see_other(path or request.portal_path("home")).with_cookies(*cookies.clear_return_path(request))


def session_document(request: Request, live_session: LiveSession) -> dict[str, Any]:
    """Return the session for other parts of the portal. A feature is on if both practice and client have it."""
    profile = live_session.profile
    enabled = profile.features & request.practice_or_404.features if profile else frozenset()
    return {
        "account": live_session.account.id,
        "profile": profile and profile.id,
        "profiles": [{"id": p.id, "name": p.name, "kind": p.kind} for p in live_session.account.profiles],
        "features": {feature: feature in enabled for feature in FEATURES},
        "signed_in_at": rfc3339(live_session.session.started_at),
        "expires_at": rfc3339(live_session.session.ends_at),
        "method": live_session.session.method,
    }


def rfc3339(at: int) -> str:
    """Return a time as RFC 3339 in UTC. `at` is in Unix seconds."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
