"""Signs an app in by the system browser (RFC 8252): the browser gets a code, and the app a session for it."""

from dataclasses import replace
from urllib.parse import quote

from latchkey import keys, metrics, pages, tokens, web
from latchkey.metrics import Metric
from latchkey.rules.app_codes import VERIFIER
from latchkey.rules.devices import device_name
from latchkey.rules.limits import APP_PER_SOURCE
from latchkey.rules.refusals import (
    AppCodeRefused,
    BodyInvalid,
    RefreshTokenRefused,
    RefreshTokenReused,
    ValueRefused,
)
from latchkey.store import app_codes, devices, limits
from latchkey.web import app_sign_in, current_session
from latchkey.web.responses import page_context


def ask(request: web.Request) -> web.Response:
    """Ask the person who is signed in whether the app may sign in too. Without a session, let them sign in first.

    They come back here by any sign-in method, also from a link that opens in another browser (B220).
    """
    challenge, state = app_sign_in.parse_request(
        request.query_value("challenge"), request.query_value("state"), request.query_value("challenge_method")
    )
    current = current_session.peek(request)
    if current is None:
        return _sign_in_first(request, challenge, state)
    page = replace(page_context(request), query=f"challenge={challenge}&state={state}")
    return web.html_page(pages.app_confirm(page, account=current.account, challenge=challenge, state=state))


def agree(request: web.Request) -> web.Response:
    """Make a code for the app, and send the browser to the address that opens it."""
    challenge, state = app_sign_in.parse_request(
        request.form_value("challenge"), request.form_value("state"), request.form_value("challenge_method")
    )
    current, slug = current_session.peek(request), request.practice_or_404.slug
    if current is None:
        return _sign_in_first(request, challenge, state)
    code, stored_key = tokens.random_secret(), tokens.app_request_digest(slug, challenge)
    typed = app_sign_in.typed_digest(stored_key, tokens.typed_code(code))
    app_codes.save(stored_key, current, tokens.app_code_digest(code), typed, request.now)
    return web.see_other(app_sign_in.return_path(slug, code, state))


def show_return(request: web.Request) -> web.Response:
    """Return the page for when the address did not open the app: one more try, and the code to type."""
    code, state = app_sign_in.returned(request)
    path = app_sign_in.return_path(request.practice_or_404.slug, code, state)
    page = replace(page_context(request), query=f"code={code}&state={state}")
    return web.html_page(pages.app_return(page, path=path, typed=tokens.typed_code(code)))


def give_session(request: web.Request) -> web.Response:
    """Return a session with its tokens, for an app code or a refresh token.

    :raises ValueRefused: a part is missing, or there are too many.
    :raises AppCodeRefused, RefreshTokenRefused, RefreshTokenReused: nothing is opened.
    :raises RateLimited: too many were refused from this source.
    """
    if not request.sends_json:
        raise BodyInvalid
    code, verifier, token = (request.form_value(name) for name in ("code", "verifier", "refresh_token"))
    if token and not code and not verifier:
        give = _renewed
    elif code and verifier and not token:
        give = _signed_in
    else:
        raise ValueRefused((("code", "with verifier, or refresh_token alone"),))
    try:
        return give(request)
    except (AppCodeRefused, RefreshTokenRefused, RefreshTokenReused):
        # Only refused requests count, so that neighbours at the same source cannot stop an app.
        limits.count_source(APP_PER_SOURCE, request.source, request.now)
        raise


def _signed_in(request: web.Request) -> web.Response:
    verifier, slug = request.form_value("verifier"), request.practice_or_404.slug
    name = device_name(request.form_value("device"))
    keys.cookie()
    if not VERIFIER.fullmatch(verifier):
        raise AppCodeRefused
    stored_key = tokens.app_request_digest(slug, tokens.s256(verifier))
    sent, stored = app_sign_in.sent_digest(stored_key, request.form_value("code")), app_codes.find(stored_key)
    if sent is None or stored is None:
        raise AppCodeRefused
    app_codes.count_try(stored_key, request.now)
    attempt = app_sign_in.new_attempt(request, stored.account_key, tokens.new_family())
    signed_in = devices.sign_in(stored_key, stored, sent, name, attempt)
    metrics.count(Metric.APP_ACCEPTED)
    return web.json_response(app_sign_in.document(request, signed_in, attempt))


def _renewed(request: web.Request) -> web.Response:
    slug, token = request.practice_or_404.slug, request.form_value("refresh_token")
    parts = tokens.parse_refresh_token(token)
    if parts is None:
        raise RefreshTokenRefused
    attempt = app_sign_in.new_attempt(request, *parts)
    try:
        renewed = devices.refresh(slug, token, attempt)
    except RefreshTokenReused:
        metrics.count(Metric.REFRESH_REUSED)
        raise
    return web.json_response(app_sign_in.document(request, renewed, attempt))


def _sign_in_first(request: web.Request, challenge: str, state: str) -> web.Response:
    path = app_sign_in.app_path(request.practice_or_404.slug, challenge, state)
    return web.see_other(f"{request.portal_path('sign-in')}?to={quote(path, safe='/')}")


handle = web.handler_for(
    {
        "/{practice}/app": {"GET": ask, "POST": agree},
        "/{practice}/app/return": {"GET": show_return},
        "/{practice}/app/session": {"POST": give_session},
    }
)
