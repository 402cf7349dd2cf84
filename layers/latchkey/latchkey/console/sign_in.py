"""Sign-in to the console by the clinicians' OpenID provider, and sign-out.

A GET writes nothing: state, nonce and verifier are computed from a signed cookie.
"""

import re
from contextlib import suppress

from latchkey import keys, tokens
from latchkey.console import render, staff_cookies
from latchkey.http.requests import Request
from latchkey.http.responses import Response, see_other
from latchkey.rules.refusals import ProviderFailed, SignedOut
from latchkey.usecases import staff_sessions

HOME = "/admin"
CALLBACK = "/admin/callback"
PLACE = re.compile(r"/admin/[A-Za-z0-9/_-]*")
"""Paths that a sign-in may go on to."""


def start(request: Request) -> Response:
    """Return the redirect to the provider. After the end of a session, the person must authenticate there again."""
    from latchkey.identity import staff  # the token library takes a while to import

    to = request.query_value("to") or HOME
    place = to if PLACE.fullmatch(to) and "//" not in to else HOME
    ended = staff_cookies.session(request) is not None
    started, cookie = staff_cookies.set_started(staff.provider_now(), place, must_authenticate=ended)
    url = staff.authorize_url(
        _state(started.text),
        _nonce(started.text),
        _verifier(started.text),
        request.origin + CALLBACK,
        must_authenticate=ended,
    )
    return see_other(url).with_cookies(cookie)


def callback(request: Request) -> Response:
    """Finish a sign-in that was started in this browser. The provider accepts each code once.

    :raises ProviderFailed: this browser started no such sign-in, or the provider does not confirm it.
    :raises NotAMember: the person is a member of no practice.
    """
    from latchkey.identity import staff

    started = staff_cookies.started(request, staff.provider_now())
    state, code = request.query_value("state"), request.query_value("code")
    if started is None or not state or not code or request.method == "HEAD" or request.is_prefetch:
        return _late_callback(request)
    if not tokens.constant_time_equal(state.encode(), _state(started.text).encode()):
        raise ProviderFailed("state")
    person = staff.fetch_person(
        code,
        _nonce(started.text),
        _verifier(started.text),
        request.origin + CALLBACK,
        started.started_at if started.must_authenticate else None,
    )
    cookie = staff_sessions.start(person, staff_cookies.session(request), request.now_ms, request.support_code)
    return see_other(started.to).with_cookies(staff_cookies.set_session(cookie), staff_cookies.clear_started())


def sign_out(request: Request) -> Response:
    """End the session, and return a page that also links the provider's sign-out."""
    from latchkey.identity import staff

    cookie = staff_cookies.session(request)
    with suppress(SignedOut):
        found = staff_sessions.require(cookie, None, request.now, is_activity=False)
        staff_sessions.end(found.session, cookie or "", request.now_ms, request.support_code)
    page = render.public_page(request, "signed_out.html", logout_url=staff.logout_url(request.origin + HOME))
    return page.with_cookies(staff_cookies.clear_session(), staff_cookies.clear_started())


def _late_callback(request: Request) -> Response:
    """Return the redirect for a callback that was used before, if the person is signed in.

    :raises ProviderFailed: the person is not signed in.
    """
    try:
        staff_sessions.require(staff_cookies.session(request), None, request.now, is_activity=False)
    except SignedOut:
        raise ProviderFailed("return") from None
    return see_other(HOME)


def _state(text: str) -> str:
    return tokens.derive(keys.cookie(), "staff sign-in state", text)


def _nonce(text: str) -> str:
    return tokens.derive(keys.cookie(), "staff nonce", text)


def _verifier(text: str) -> str:
    return tokens.derive(keys.cookie(), "staff verifier", text)
