"""What a browser keeps for us, one name for each practice, so that practices on one host stay apart."""

from dataclasses import dataclass, field

from latchkey import keys, tokens
from latchkey.rules.practices import LANGUAGES, Language
from latchkey.tokens import ACCOUNT_BYTES, REQUEST_BYTES
from latchkey.web.requests import Request

DAY = 24 * 3600
ASKED_SECONDS = DAY
AGAIN_SECONDS = 60
KNOWN_SECONDS = 180 * DAY
GOOGLE_SECONDS = 600
LANGUAGE_SECONDS = 365 * DAY


@dataclass(frozen=True, slots=True)
class Asked:
    """This browser asked for a link: which request, and the address as it was typed."""

    request: bytes = field(repr=False)
    typed: str = field(repr=False)


def session(request: Request) -> str | None:
    """The session cookie's value; None where there is not exactly one."""
    return request.cookie(_name("session", request))


def has_session(request: Request) -> bool:
    """Whether the browser believes to be signed in."""
    return request.has_cookie(_name("session", request))


def sole_session(request: Request) -> str | None:
    """The practice whose session cookie came with the request, if there is only one."""
    return _sole("session", request)


def set_session(request: Request, value: str) -> str:
    """Kept until the browser closes; the store ends it earlier."""
    return _set(_name("session", request), value)


def drop_session(request: Request) -> str:
    """The session is over."""
    return _drop(_name("session", request))


def asked(request: Request) -> Asked | None:
    """What this browser asked for within the last day."""
    payload = _unsealed("asked", request)
    if payload is None or len(payload) < REQUEST_BYTES:
        return None
    return Asked(payload[:REQUEST_BYTES], payload[REQUEST_BYTES:].decode(errors="replace"))


def set_asked(request: Request, asked: Asked) -> str:
    """Lets this browser open its link without being asked again, and show whose link is on its way."""
    return _sealed("asked", request, asked.request + asked.typed.encode(), ASKED_SECONDS)


def drop_asked(request: Request) -> str:
    """The link was opened."""
    return _drop(_name("req", request))


def asked_again(request: Request) -> bool:
    """Whether the last press was a second one within a minute."""
    return request.cookie(_name("again", request)) is not None


def set_again(request: Request) -> str:
    """Remember for a minute that nothing new was sent."""
    return _set(_name("again", request), "1", AGAIN_SECONDS)


def drop_again(request: Request) -> str:
    """A new link was sent."""
    return _drop(_name("again", request))


def knows(request: Request, account: bytes) -> bytes | None:
    """The id of this browser if someone signed in to that account with it before."""
    payload = _unsealed("known", request)
    if payload is None or not tokens.same(payload[:ACCOUNT_BYTES], account):
        return None
    return payload[ACCOUNT_BYTES:]


def set_known(request: Request, account: bytes) -> str:
    """Gives this browser a lane of its own for asking, which strangers cannot use up (docs/security.md)."""
    return _sealed("known", request, account + tokens.request_id(), KNOWN_SECONDS)


def google(request: Request) -> str | None:
    """The secret that binds this browser's started Google sign-ins to it; None for what we would not have made."""
    secret = request.cookie(_name("google", request))
    made = tokens.decode(secret) if secret else None
    return secret if made and len(made) == REQUEST_BYTES else None


def sole_google(request: Request) -> str | None:
    """The practice that this browser has left for Google from within the last minutes, if there is only one."""
    return _sole("google", request)


def set_google(request: Request, secret: str) -> str:
    """Lax and not Strict: the way back from Google is from another site."""
    return _set(_name("google", request), secret, GOOGLE_SECONDS)


def language(request: Request) -> Language | None:
    """The language this browser chose here."""
    chosen = request.cookie(_name("lang", request))
    return next((known for known in LANGUAGES if known == chosen), None)


def set_language(request: Request, chosen: Language) -> str:
    """Remember a choice of language."""
    return _set(_name("lang", request), chosen, LANGUAGE_SECONDS)


PURPOSES = {"asked": "req", "known": "browser"}


def _name(what: str, request: Request) -> str:
    return f"__Host-{what}-{request.at.slug}"


def _sole(what: str, request: Request) -> str | None:
    prefix = f"__Host-{what}-"
    slugs = {cookie.partition("=")[0].removeprefix(prefix) for cookie in request.cookies if cookie.startswith(prefix)}
    return slugs.pop() if len(slugs) == 1 else None


def _set(name: str, value: str, seconds: int | None = None) -> str:
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"


def _drop(name: str) -> str:
    return _set(name, "", 0)


def _sealed(purpose: str, request: Request, payload: bytes, seconds: int) -> str:
    value = tokens.seal(keys.cookie(), purpose, request.at.slug, payload)
    return _set(_name(PURPOSES[purpose], request), value, seconds)


def _unsealed(purpose: str, request: Request) -> bytes | None:
    value = request.cookie(_name(PURPOSES[purpose], request))
    return tokens.unseal(keys.cookie(), purpose, request.at.slug, value) if value else None
