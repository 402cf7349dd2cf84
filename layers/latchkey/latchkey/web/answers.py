"""What goes back: pages, documents and directions, each with the headers that keep a browser safe."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from latchkey import pages
from latchkey.pages import Frame
from latchkey.rules.accounts import FEATURES
from latchkey.rules.sessions import Visit
from latchkey.web import cookies
from latchkey.web.requests import JSON, PROBLEM, Request

SECURITY = {
    "content-security-policy": (
        f"default-src 'none'; style-src {pages.CONTENT_SECURITY_STYLE}; form-action 'self'; "
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
    media: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = field(default=(), repr=False)

    def keeping(self, *cookies: str) -> "Response":
        """The same answer with cookies to keep."""
        return replace(self, cookies=(*self.cookies, *cookies))

    def with_headers(self, headers: dict[str, str]) -> "Response":
        """The same answer with further headers."""
        return replace(self, headers=self.headers | headers)

    def event(self, request: Request) -> dict[str, Any]:
        """The answer as API Gateway takes it (payload format 2.0)."""
        told = {"content-type": self.media, "content-language": request.language} if self.body else {}
        return {
            "statusCode": self.status,
            "headers": SECURITY | {"vary": "Accept, Accept-Language, Cookie"} | told | self.headers,
            "cookies": list(self.cookies),
            "body": "" if request.method == "HEAD" else self.body,
            "isBase64Encoded": False,
        }


def frame(request: Request) -> Frame:
    """What all pages of this request share."""
    return Frame(request.practice, request.language, reference=request.reference)


def page(html: str, status: int = 200) -> Response:
    """A page to read."""
    return Response(status, html)


def see_other(path: str) -> Response:
    """Go there with a GET: a form that was understood never answers with a page that can be sent again."""
    return Response(303, headers={"location": path})


def json_document(document: Any, status: int = 200, media: str = JSON) -> Response:
    """An answer for a program."""
    return Response(status, json.dumps(document, ensure_ascii=False), media)


def problem(status: int, code: str, title: str, **facts: Any) -> Response:
    """A problem document (RFC 9457) with our stable `code`."""
    return json_document({"title": title, "status": status, "code": code} | facts, status, PROBLEM)


def signed_in(request: Request, visit: Visit, cookie: str) -> Response:
    """Someone has just signed in: on to the choice of profile if there is one, else home."""
    answer = (
        json_document(session_document(visit))
        if request.wants_json
        else see_other(request.below("profiles" if visit.several else "home"))
    )
    return answer.keeping(
        cookies.set_session(request, cookie),
        cookies.set_known(request, visit.account.key),
        cookies.drop_asked(request),
    )


def session_document(visit: Visit) -> dict[str, Any]:
    """What other parts of a portal may know of a session."""
    chosen = visit.profile
    return {
        "account": visit.account.id,
        "profile": chosen and chosen.id,
        "profiles": [{"id": p.id, "name": p.name, "kind": p.kind} for p in visit.account.profiles],
        "features": {feature: chosen is not None and feature in chosen.features for feature in FEATURES},
        "signed_in_at": _rfc3339(visit.session.started_at),
        "expires_at": _rfc3339(visit.session.ends_at),
        "method": visit.session.method,
    }


def _rfc3339(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
