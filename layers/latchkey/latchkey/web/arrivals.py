"""Someone is about to sign in on this browser, by whichever sign-in method."""

from latchkey import keys, tokens
from latchkey.rules.accounts import Account
from latchkey.rules.refusals import SignedOut, SwitchUnasked
from latchkey.rules.sessions import Visit
from latchkey.store import sessions
from latchkey.store.sessions import Arrival
from latchkey.web import cookies
from latchkey.web.requests import Request


def visit(request: Request) -> Visit:
    """Whoever is signed in and sees the answer, which keeps them so; nobody is kept so by what a browser only guesses.

    :raises SignedOut: nobody is.
    """
    find = sessions.resume if request.asked_for else sessions.look
    return find(request.at.slug, cookies.session(request), request.now)


def present(request: Request) -> Visit | None:
    """Whoever is signed in on this browser already; they have done nothing yet that keeps them so."""
    try:
        return sessions.look(request.at.slug, cookies.session(request), request.now)
    except SignedOut:
        return None


def ask_before_switching(present: Visit | None, account: bytes, masked: str, *, agreed: bool) -> None:
    """Pass unless a sign-in would quietly end another account's session on this browser.

    :raises SwitchUnasked: another account is signed in, and nobody has agreed to switch to `account`.
    """
    if present and present.account.key != account and not agreed:
        raise SwitchUnasked(present.account.name, masked)


def arrival(request: Request, account: Account, method: str, present: Visit | None) -> Arrival:
    """A try at signing in, with a session of its own: one that the browser brought is ended, never taken over.

    :raises Unavailable: the cookies could not be made that this browser is to keep afterwards.
    """
    keys.cookie()
    presented = cookies.session(request)
    return Arrival(
        method=method,
        cookie=tokens.session(account.key),
        attempt=tokens.ulid(request.instant),
        ending=tokens.session_digest(request.at.slug, presented) if presented else None,
        instant=request.instant,
        reference=request.reference,
        present=present,
    )
