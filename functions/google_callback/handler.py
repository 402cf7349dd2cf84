"""Leave for Google; come back with a proof."""

from latchkey import google, keys, tokens, web
from latchkey.rules.accounts import Account
from latchkey.rules.budgets import LEAVE_BY_NETWORK, LEAVE_BY_SOURCE
from latchkey.rules.events import Kind
from latchkey.rules.refusals import GoogleCancelled, GoogleFailed, GoogleUnmatched, PageUnknown
from latchkey.rules.sessions import Visit
from latchkey.store import accounts, budgets, states
from latchkey.web import arrivals, cookies
from latchkey.web.answers import offers_google, still_signed_in
from latchkey.web.audit import write_down

CALLBACK = "/google/callback"
STATE, SWITCHING = "google state", "google state switching"
"""What a state is signed for. `SWITCHING`: the person has agreed to switch accounts."""


def leave(request: web.Request) -> web.Response:
    """Off to Google with nothing about anyone: a state, a nonce, and the digest of a secret that stays here."""
    if not offers_google(request.practice):
        raise PageUnknown
    purpose = SWITCHING if request.field("switch") == "yes" else STATE
    choose = request.field("choose") == "yes"
    # one secret for all tabs of a browser, so that two attempts at once do not end each other
    secret = cookies.google(request) or tokens.request_id()
    state = tokens.seal(keys.cookie(), purpose, "", tokens.request_id() + request.at.slug.encode())
    with budgets.reservation() as reserved:
        reserved.take_by_source(request.source, LEAVE_BY_SOURCE, LEAVE_BY_NETWORK, request.now, road="google")
        states.start(_digest(state), _browser(secret), request.now)
    away = google.authorize_url(state, _nonce(state), _verifier(state), request.origin + CALLBACK, choose)
    return web.see_other(away).keeping(*cookies.set_google(request, secret))


def come_back(request: web.Request) -> web.Response:
    """Finish a Google sign-in that was started in this browser. It works once, and a refused return spends nothing.

    A reload of a return that has signed someone in leads home while they are still signed in here.
    """
    state, present = request.query("state"), arrivals.present(request) if request.practice else None
    try:
        return _returned(request, state, present)
    except GoogleFailed:
        if not state or not present or states.signed_in(_digest(state)) != present.account.key:
            raise
    return still_signed_in(request, present)


def _returned(request: web.Request, state: str | None, present: Visit | None) -> web.Response:
    code, error = request.query("code"), request.query("error")
    if error == "access_denied":
        raise GoogleCancelled
    secret = cookies.google(request) if request.practice else None
    if not state or not code or not secret or request.method == "HEAD" or request.prefetched:
        raise GoogleFailed("return")
    if not offers_google(request.practice):
        raise GoogleFailed("off")
    for needed in (keys.lookup, keys.google_secret):
        # before the state is spent: a key that cannot be read now can be read when they come back once more
        needed()
    started_at = states.come_back(_digest(state), _browser(secret), request.now)
    identity = google.identify(code, _nonce(state), _verifier(state), request.origin + CALLBACK)
    key = accounts.key_of(request.at.slug, identity.address)
    subject = tokens.derived(keys.lookup(), "google subject", identity.subject)
    try:
        account = _opened(accounts.find(key), subject, started_at)
        agreed = tokens.unseal(keys.cookie(), SWITCHING, "", state) is not None
        arrivals.ask_before_switching(present, key, account.masked, agreed=agreed)
        arrival = arrivals.arrival(request, account, "google", present)
        visit = states.spend(_digest(state), account, subject, arrival)
    except GoogleUnmatched as unmatched:
        write_down(request, key, Kind.GOOGLE_REFUSED, "google", unmatched.reason)
        raise
    # the browser's secret stays for its ten minutes: another tab may be on its way back
    return web.signed_in(request, visit, arrival.cookie)


def _opened(account: Account | None, subject: str, started_at: int) -> Account:
    """The account that a Google account opens.

    :raises GoogleUnmatched: none; or its access has ended since this sign-in was started; or another Google account was
        the first to sign in to it, which a clinician can undo.
    """
    if account is None or not account.may_sign_in:
        raise GoogleUnmatched("no_access")
    if account.ended_at is not None and account.ended_at >= started_at:
        raise GoogleUnmatched("ended_since")
    if account.google not in (None, subject):
        raise GoogleUnmatched("another_subject")
    return account


def _whose(request: web.Request) -> str | None:
    """The practice that a state was made for; it is sealed into it, so that even a late return finds its way. A return
    without such a state is shown the other ways in at the practice that this browser left from."""
    if request.route != CALLBACK:
        return request.parameters.get("practice")
    state = request.query("state") or ""
    for purpose in (STATE, SWITCHING):
        if payload := tokens.unseal(keys.cookie(), purpose, "", state):
            return payload[tokens.REQUEST_BYTES :].decode()
    return cookies.sole_google(request)


def _digest(state: str) -> str:
    return tokens.digest("google state", state)


def _browser(secret: bytes) -> str:
    return tokens.digest("google browser", tokens.encode(secret))


def _nonce(state: str) -> str:
    return tokens.derived(keys.cookie(), "google nonce", state)


def _verifier(state: str) -> str:
    return tokens.derived(keys.cookie(), "google verifier", state)


handle = web.entry({"/{practice}/google": {"POST": leave}, CALLBACK: {"GET": come_back}}, whose=_whose)
