"""Starts sign-in with a provider and handles the callback. The route of a request names the provider."""

from functools import partial

from latchkey import keys, tokens, web
from latchkey.identity import oidc
from latchkey.identity.providers import GOOGLE, by_callback, offered
from latchkey.rules.events import EventKind
from latchkey.rules.identities import check_identity
from latchkey.rules.limits import START_PROVIDER_PER_SOURCE
from latchkey.rules.providers import Provider
from latchkey.rules.refusals import IdentityUnmatched, PageUnknown, ProviderCancelled, ProviderFailed
from latchkey.rules.sessions import LiveSession
from latchkey.store import accounts, limits, oauth_states
from latchkey.store.oauth_states import ProviderProof
from latchkey.web import cookies, current_session
from latchkey.web.audit import append
from latchkey.web.responses import session_response


def start_sign_in(provider: Provider, request: web.Request) -> web.Response:
    """Return the redirect to the provider, with a state, a nonce and the digest of a secret, but no personal data.

    :raises PageUnknown: the practice does not offer the provider.
    """
    if provider not in offered(request.practice):
        raise PageUnknown
    purpose = _switching_purpose(provider) if request.form_value("switch") == "yes" else _state_purpose(provider)
    force_account_choice = request.form_value("choose") == "yes"
    # One secret for all tabs of a browser, so that two attempts at once do not end each other.
    secret = cookies.provider_browser_secret(request, provider.name) or tokens.random_id()
    state = tokens.sign(keys.cookie(), purpose, "", tokens.random_id() + request.practice_or_404.slug.encode())
    with limits.reserve(request.now) as reservations:
        reservations.add_source(START_PROVIDER_PER_SOURCE, request.source)
        oauth_states.save(_digest(provider, state), _browser(provider, secret), request.now)
    provider_url = oidc.authorize_url(
        provider,
        state,
        _nonce(provider, state),
        _verifier(provider, state),
        request.origin + provider.callback,
        force_account_choice=force_account_choice,
    )
    return web.see_other(provider_url).with_cookies(
        *cookies.set_provider_browser_secret(request, provider.name, secret)
    )


def callback(provider: Provider, request: web.Request) -> web.Response:
    """Finish a sign-in that was started in this browser. It works once. A refusal consumes nothing.

    A reload after the sign-in redirects home while the session is live.
    """
    state, current = request.query_value("state"), current_session.peek(request) if request.practice else None
    try:
        return _returned(provider, request, state, current)
    except ProviderFailed:
        if not state or not current or oauth_states.account_signed_in(_digest(provider, state)) != current.account.key:
            raise
    return session_response(request, current, is_repeated=True)


def _returned(provider: Provider, request: web.Request, state: str | None, current: LiveSession | None) -> web.Response:
    code, error = request.query_value("code"), request.query_value("error")
    if error == "access_denied":
        raise ProviderCancelled
    secret = cookies.provider_browser_secret(request, provider.name) if request.practice else None
    if not state or not code or not secret or request.method == "HEAD" or request.is_prefetch:
        raise ProviderFailed("return")
    if provider not in offered(request.practice):
        raise ProviderFailed("off")
    # Read the keys before using the state. If a key is unavailable, the person can reload this page and the state still
    # works.
    keys.lookup()
    keys.provider_client_secret(provider.name)
    started_at = oauth_states.mark_returned(_digest(provider, state), _browser(provider, secret), request.now)
    identity = oidc.fetch_identity(
        provider, code, _nonce(provider, state), _verifier(provider, state), request.origin + provider.callback
    )
    account_key = accounts.key_of(request.practice_or_404.slug, identity.address)
    subject = tokens.derive(keys.lookup(), f"{provider.name} subject", identity.subject)
    try:
        account = check_identity(accounts.find(account_key), provider.name, subject, started_at)
        agreed = tokens.unsign(keys.cookie(), _switching_purpose(provider), "", state) is not None
        current_session.require_switch_consent(current, account_key, account.masked, agreed=agreed)
        # The browser's secret stays valid for its ten minutes, because another tab may still return.
        proof = ProviderProof(account, _digest(provider, state), subject, provider.name)
        return current_session.start(request, proof, current)
    except IdentityUnmatched as unmatched:
        append(request, account_key, EventKind.identity_refused(provider.name), provider.name, unmatched.reason)
        unmatched.audited_as(request.support_code)
        raise


def _practice_of(request: web.Request) -> str | None:
    """Return the practice in the signed state, which has no end. So a late callback gets the practice's own page.

    Without a valid state, return the practice at which this browser started the sign-in.
    """
    provider = by_callback(request.route)
    if provider is None:
        return request.path_parameters.get("practice")
    state = request.query_value("state") or ""
    for purpose in (_state_purpose(provider), _switching_purpose(provider)):
        if payload := tokens.unsign(keys.cookie(), purpose, "", state):
            return payload[tokens.ID_BYTES :].decode()
    return cookies.sole_provider_practice(request, provider.name)


def _state_purpose(provider: Provider) -> str:
    return f"{provider.name} state"


def _switching_purpose(provider: Provider) -> str:
    """Return the purpose of the signature of a state if the person has agreed to switch accounts."""
    return f"{provider.name} state switching"


def _digest(provider: Provider, state: str) -> str:
    return tokens.digest(f"{provider.name} state", state)


def _browser(provider: Provider, secret: bytes) -> str:
    return tokens.digest(f"{provider.name} browser", tokens.base64url_encode(secret))


def _nonce(provider: Provider, state: str) -> str:
    return tokens.derive(keys.cookie(), f"{provider.name} nonce", state)


def _verifier(provider: Provider, state: str) -> str:
    return tokens.derive(keys.cookie(), f"{provider.name} verifier", state)


handle = web.handler_for(
    {
        "/{practice}/google": {"POST": partial(start_sign_in, GOOGLE)},
        "/google/callback": {"GET": partial(callback, GOOGLE)},
    },
    practice_of=_practice_of,
)
