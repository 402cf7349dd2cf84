"""Someone is about to sign in on this browser, by whichever sign-in method."""

from latchkey import keys, tokens
from latchkey.rules.accounts import Account
from latchkey.rules.refusals import AccountSwitchRefused, SignedOut
from latchkey.rules.sessions import LiveSession
from latchkey.store import sessions
from latchkey.store.sessions import Attempt
from latchkey.web import cookies
from latchkey.web.requests import Request


def require(request: Request) -> LiveSession:
    """Whoever is signed in and sees the answer, which keeps them so; nobody is kept so by what a browser only guesses.

    :raises SignedOut: nobody is.
    """
    find = sessions.touch if request.counts_as_activity else sessions.peek
    return find(request.practice_or_404.slug, cookies.session(request), request.now)


def peek(request: Request) -> LiveSession | None:
    """Whoever is signed in on this browser already; they have done nothing yet that keeps them so."""
    try:
        return sessions.peek(request.practice_or_404.slug, cookies.session(request), request.now)
    except SignedOut:
        return None


def ask_before_switching(present: LiveSession | None, account: bytes, masked: str, *, agreed: bool) -> None:
    """Pass unless a sign-in would quietly end another account's session on this browser.

    :raises SwitchUnasked: another account is signed in, and nobody has agreed to switch to `account`.
    """
    if present and present.account.key != account and not agreed:
        raise AccountSwitchRefused(present.account.name, masked)


def new_attempt(request: Request, account: Account, method: str, present: LiveSession | None) -> Attempt:
    """A try at signing in, with a session of its own: one that the browser brought is ended, never taken over.

    :raises Unavailable: the cookies could not be made that this browser is to keep afterwards.
    """
    keys.cookie()
    presented = cookies.session(request)
    return Attempt(
        method=method,
        cookie=tokens.new_session_cookie(account.key),
        id=tokens.new_ulid(request.now_ms),
        replaces=tokens.session_digest(request.practice_or_404.slug, presented) if presented else None,
        now_ms=request.now_ms,
        support_code=request.support_code,
        replaced_session=present,
    )
