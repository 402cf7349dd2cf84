"""The current session of a browser, and the start of the next one."""

from latchkey import keys, tokens
from latchkey.http.requests import Request
from latchkey.http.responses import Response
from latchkey.rules.accounts import AccountKey
from latchkey.rules.refusals import AccountSwitchRefused, SignedOut
from latchkey.rules.sessions import LiveSession
from latchkey.store import sessions
from latchkey.store.proofs import Attempt, Proof
from latchkey.web import cookies
from latchkey.web.responses import signed_in_response

BEARER = "bearer"
"""The scheme of an app's session token (RFC 6750, 2.1). Schemes are read in any case."""


def require(request: Request) -> LiveSession:
    """Return the current session and record activity. HEAD and prefetch requests do not count as activity.

    An app sends its session token as a bearer token. A request with one has no other session, whatever its cookies.

    :raises SignedOut: there is no live session.
    """
    find = sessions.touch if request.counts_as_activity else sessions.peek
    slug, now = request.practice_or_404.slug, request.now
    authorization = request.headers.get("authorization", "")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == BEARER:
        return find(slug, token, now, tokens.app_session_digest)
    return find(slug, cookies.session(request), now)


def peek(request: Request) -> LiveSession | None:
    """Return the current session of a browser. None if there is none. This does not count as activity.

    The session token of an app is ignored, because the callers do what only a browser may do.
    """
    cookie = cookies.session(request)
    try:
        return sessions.peek(request.practice_or_404.slug, cookie, request.now)
    except SignedOut:
        return None


def require_switch_consent(current: LiveSession | None, account_key: AccountKey, masked: str, *, agreed: bool) -> None:
    """Raise if a sign-in would end another account's session on this browser without consent.

    `masked` is the masked address of the account to sign in to.

    :raises AccountSwitchRefused: another account is signed in, and the person has not agreed to switch.
    """
    if current and current.account.key != account_key and not agreed:
        raise AccountSwitchRefused(current.account.name, masked)


def start(request: Request, proof: Proof, current: LiveSession | None) -> Response:
    """Sign in with a proof, and return the response that carries the new session's cookie.

    The session that the browser sent is ended, never reused.

    :raises Unavailable: the key of the cookies cannot be read, or the store does not respond.
    """
    keys.cookie()
    sent = cookies.session(request)
    attempt = Attempt(
        id=tokens.new_id(),
        cookie=tokens.new_session_cookie(proof.account.key),
        now_ms=request.now_ms,
        support_code=request.support_code,
        replaces=tokens.session_digest(request.practice_or_404.slug, sent) if sent else None,
        replaced_session=current,
    )
    return signed_in_response(request, sessions.start(proof, attempt), attempt.cookie)
