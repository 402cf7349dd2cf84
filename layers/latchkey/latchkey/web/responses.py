"""Responses of the clients' functions: the values that all pages share, and the response to a sign-in."""

from latchkey import metrics
from latchkey.http.requests import Request
from latchkey.http.responses import Response, json_response, see_other
from latchkey.identity import providers
from latchkey.metrics import Metric
from latchkey.pages import PageContext
from latchkey.rules.sessions import LiveSession
from latchkey.web import cookies, return_paths
from latchkey.web.documents import session_document

POST_ONLY_ROUTES = (*(provider.start_route for provider in providers.PROVIDERS), "/{practice}/sign-out")
"""Routes without a GET. Their pages cannot link to themselves in another language."""

APP_ROUTE = "/{practice}/app"
"""The route of the page that asks whether an app may sign in. Its form leads elsewhere."""


def page_context(request: Request, support_code: str = "") -> PageContext:
    """Return the values that every page of this request needs. `support_code` is shown if a clinician can find it."""
    return PageContext(
        request.practice,
        request.language,
        path=request.portal_path("sign-in") if request.practice and _has_no_get(request) else "",
        support_code=support_code,
        providers=providers.offered(request.practice),
    )


def _has_no_get(request: Request) -> bool:
    """Return True if a GET of the same path would not show the page that this request gets."""
    return request.route in POST_ONLY_ROUTES or (request.route, request.method) == (APP_ROUTE, "POST")


def signed_in_response(request: Request, live_session: LiveSession, cookie: str) -> Response:
    """Return the response to a successful sign-in, with the cookies of the new session."""
    response = session_response(request, live_session)
    metrics.count(Metric.accepted(live_session.session.method))
    return response.with_cookies(*cookies.set_signed_in(request, cookie, live_session.account.key))


def session_response(request: Request, live_session: LiveSession, *, is_repeated: bool = False) -> Response:
    """Return the session to an app, and a redirect to the next page to a browser.

    A repeated proof, whose session is still live in this browser, leads home unless there is a page to come back to.
    """
    if request.wants_json:
        return json_response(session_document(request, live_session))
    path = return_paths.find(request)
    if is_repeated and path is None:
        return see_other(request.portal_path("home"))
    return next_page(request, live_session, path)


def next_page(request: Request, live_session: LiveSession, path: str | None) -> Response:
    """Return the redirect of a signed-in browser to `path`, or home. One of several profiles must be chosen first.

    `path` is the page behind the portal that the person comes back to, or None. If it leads to an app, the profile is
    chosen in the app.
    """
    to_app = path is not None and return_paths.leads_to_app(request, path)
    if live_session.has_several_profiles and live_session.profile is None and not to_app:
        cookie = (cookies.set_return_path(request, path),) if path else ()
        return see_other(request.portal_path("profiles")).with_cookies(*cookie)
    return see_other(path or request.portal_path("home")).with_cookies(*cookies.clear_return_path(request))
