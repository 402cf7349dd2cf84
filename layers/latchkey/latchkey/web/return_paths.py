"""The page behind the portal that sent a person to sign in, and to which they come back (`sign-in?to=`, B182).

Only a path of this host that belongs to the practice is accepted. It is kept in a cookie, and in the URL of a link.
So it survives every sign-in method, the choice of a profile, and a mail that is opened on another device.
"""

from contextlib import suppress

from latchkey.http.requests import Request
from latchkey.http.responses import Response
from latchkey.rules.refusals import BodyInvalid
from latchkey.rules.web_addresses import is_return_path
from latchkey.web import cookies

MAX_LENGTH = 200
"""Characters of a path. Every cookie and every mail of this sign-in carries it."""


def in_query(request: Request) -> str | None:
    """Return the path in the URL of the request. None if there is none, or if it leads elsewhere."""
    path = _query_value(request)
    return path if path and is_return_path(path, request.practice_or_404.slug) else None


def in_cookie(request: Request) -> str | None:
    """Return the path in the browser's cookie. None if there is none, or if it leads elsewhere."""
    path = cookies.return_path(request)
    return path if path and is_return_path(path, request.practice_or_404.slug) else None


def find(request: Request) -> str | None:
    """Return the path in the URL, else the one in the browser's cookie."""
    paths = (_query_value(request), cookies.return_path(request))
    return next((path for path in paths if path and is_return_path(path, request.practice_or_404.slug)), None)


def keep(request: Request, response: Response) -> Response:
    """Return the response with the cookie of the path in the URL, if the URL has one."""
    path = in_query(request)
    return response.with_cookies(cookies.set_return_path(request, path)) if path else response


def leads_to_app(request: Request, path: str) -> bool:
    """Return True if a path is the page that asks whether an app may sign in."""
    return path.partition("?")[0] == request.portal_path("app")


def _query_value(request: Request) -> str | None:
    with suppress(BodyInvalid):
        path = request.query_value("to")
        if path and len(path) <= MAX_LENGTH:
            return path
    return None
