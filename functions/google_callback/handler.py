"""Starts sign-in with Google and handles the callback."""

from latchkey import keys, tokens, web
from latchkey.identity import oidc
from latchkey.identity.providers import GOOGLE, offered
from latchkey.rules.events import EventKind
from latchkey.rules.identities import check_identity
from latchkey.rules.limits import START_PROVIDER_PER_SOURCE
from latchkey.rules.refusals import IdentityUnmatched, PageUnknown, ProviderCancelled, ProviderFailed
from latchkey.rules.sessions import LiveSession
from latchkey.store import accounts, limits, oauth_states
from latchkey.store.oauth_states import ProviderProof
from latchkey.web import cookies, current_session
from latchkey.web.audit import append
from latchkey.web.responses import still_signed_in

CALLBACK = "/google/callback"
STATE, SWITCHING = "google state", "google state switching"
"""What a state is signed for. `SWITCHING`: the person has agreed to switch accounts."""


def start_sign_in(request: web.Request) -> web.Response:
    """Return the redirect to Google, with a state, a nonce and the digest of a secret, and nothing about anyone."""
    if GOOGLE not in offered(request.practice):
        raise PageUnknown
    purpose = SWITCHING if request.form_value("switch") == "yes" else STATE
    choose = request.form_value("choose") == "yes"
    # one secret for all tabs of a browser, so that two attempts at once do not end each other
    secret = cookies.provider_browser_secret(request, GOOGLE.name) or tokens.random_id()
    state = tokens.sign(keys.cookie(), purpose, "", tokens.random_id() + request.practice_or_404.slug.encode())
    with limits.reserve(request.now) as reservations:
        reservations.add_source(START_PROVIDER_PER_SOURCE, request.source)
        oauth_states.save(_digest(state), _browser(secret), request.now)
    away = oidc.authorize_url(
        GOOGLE, state, _nonce(state), _verifier(state), request.origin + CALLBACK, force_account_choice=choose
    )
    return web.see_other(away).with_cookies(*cookies.set_provider_browser_secret(request, GOOGLE.name, secret))


def callback(request: web.Request) -> web.Response:
    """Finish a Google sign-in that was started in this browser. It works once, and a refused return spends nothing.

    A reload of a return that has signed someone in leads home while they are still signed in here.
    """
    state, current = request.query_value("state"), current_session.peek(request) if request.practice else None
    try:
        return _returned(request, state, current)
    except ProviderFailed:
        if not state or not current or oauth_states.account_signed_in(_digest(state)) != current.account.key:
            raise
    return still_signed_in(request, current)


def _returned(request: web.Request, state: str | None, current: LiveSession | None) -> web.Response:
    code, error = request.query_value("code"), request.query_value("error")
    if error == "access_denied":
        raise ProviderCancelled
    secret = cookies.provider_browser_secret(request, GOOGLE.name) if request.practice else None
    if not state or not code or not secret or request.method == "HEAD" or request.is_prefetch:
        raise ProviderFailed("return")
    if GOOGLE not in offered(request.practice):
        raise ProviderFailed("off")
    # before the state is spent: a key that cannot be read now can be read when they come back once more
    keys.lookup()
    keys.provider_client_secret(GOOGLE.name)
    started_at = oauth_states.mark_returned(_digest(state), _browser(secret), request.now)
    identity = oidc.fetch_identity(GOOGLE, code, _nonce(state), _verifier(state), request.origin + CALLBACK)
    key = accounts.key_of(request.practice_or_404.slug, identity.address)
    subject = tokens.derive(keys.lookup(), "google subject", identity.subject)
    try:
        account = check_identity(accounts.find(key), GOOGLE.name, subject, started_at)
        agreed = tokens.unsign(keys.cookie(), SWITCHING, "", state) is not None
        current_session.require_switch_consent(current, key, account.masked, agreed=agreed)
        # the browser's secret stays for its ten minutes: another tab may be on its way back
        return current_session.start(request, ProviderProof(account, _digest(state), subject, GOOGLE.name), current)
    except IdentityUnmatched as unmatched:
        append(request, key, EventKind.identity_refused(GOOGLE.name), GOOGLE.name, unmatched.reason)
        raise


def _practice_of(request: web.Request) -> str | None:
    """The practice that a state was made for; it is sealed into it, so that even a late return finds its way. A return
    without such a state is shown the other ways in at the practice that this browser left from."""
    if request.route != CALLBACK:
        return request.path_parameters.get("practice")
    state = request.query_value("state") or ""
    for purpose in (STATE, SWITCHING):
        if payload := tokens.unsign(keys.cookie(), purpose, "", state):
            return payload[tokens.ID_BYTES :].decode()
    return cookies.sole_provider_practice(request, GOOGLE.name)


def _digest(state: str) -> str:
    return tokens.digest("google state", state)


def _browser(secret: bytes) -> str:
    return tokens.digest("google browser", tokens.base64url_encode(secret))


def _nonce(state: str) -> str:
    return tokens.derive(keys.cookie(), "google nonce", state)


def _verifier(state: str) -> str:
    return tokens.derive(keys.cookie(), "google verifier", state)


handle = web.handler_for(
    {"/{practice}/google": {"POST": start_sign_in}, CALLBACK: {"GET": callback}}, whose=_practice_of
)
