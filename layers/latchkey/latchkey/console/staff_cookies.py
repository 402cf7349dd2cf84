"""Cookies of the console: the session, a started sign-in, and the chosen language."""

from dataclasses import dataclass

from latchkey import keys, tokens
from latchkey.http.requests import Request
from latchkey.rules.languages import Language, language_of

SESSION = "__Host-staff"
STATE = "__Host-staff-state"
LANGUAGE = "__Host-lang-admin"
STATE_SECONDS = 600
LANGUAGE_SECONDS = 365 * 24 * 3600
STATE_PURPOSE = "staff state"
OPENED_PURPOSE = "staff opened"
MAX_OPENED = 5
"""Clients in the list of those that were opened last. They are read with the session."""


@dataclass(frozen=True, slots=True)
class StartedSignIn:
    """A sign-in that this browser started, as the state cookie holds it."""

    text: str
    """The cookie's value, which state, nonce and verifier are computed from."""
    started_at: int
    """Unix seconds by the real clock."""
    must_authenticate: bool
    """True if a session at the provider is not enough."""
    to: str
    """The path to go on to."""


def session(request: Request) -> str | None:
    """Return the value of the session cookie. None unless there is exactly one."""
    return request.cookies.get(SESSION)


def set_session(value: str) -> str:
    """Return the session cookie. It lasts until the browser closes, but the session ends earlier."""
    return _cookie(SESSION, value)


def clear_session() -> str:
    """Return the cookie that deletes the session cookie."""
    return _cookie(SESSION, "", 0)


def set_started(started_at: int, to: str, *, must_authenticate: bool) -> tuple[StartedSignIn, str]:
    """Return a new sign-in, and the cookie that ties it to this browser.

    It is Lax, because the provider's redirect comes from another site.
    """
    payload = tokens.random_id() + started_at.to_bytes(8) + bytes([must_authenticate]) + to.encode()
    text = tokens.sign(keys.cookie(), STATE_PURPOSE, "", payload)
    return StartedSignIn(text, started_at, must_authenticate, to), _cookie(STATE, text, STATE_SECONDS)


def started(request: Request, now: int) -> StartedSignIn | None:
    """Return the sign-in that this browser started in the last ten minutes. `now` is Unix seconds by the real clock."""
    text = request.cookies.get(STATE)
    payload = tokens.unsign(keys.cookie(), STATE_PURPOSE, "", text) if text else None
    if text is None or payload is None:
        return None
    rest = payload[tokens.ID_BYTES :]
    started_at = int.from_bytes(rest[:8])
    if not started_at <= now < started_at + STATE_SECONDS:
        return None
    return StartedSignIn(text, started_at, bool(rest[8]), rest[9:].decode())


def clear_started() -> str:
    """Return the cookie that deletes a started sign-in."""
    return _cookie(STATE, "", 0)


def language(request: Request) -> Language | None:
    """Return the language that was chosen in this browser."""
    return language_of(request.cookies.get(LANGUAGE))


def set_language(chosen: Language) -> str:
    """Return the cookie that stores a choice of language."""
    return _cookie(LANGUAGE, chosen, LANGUAGE_SECONDS)


def opened_clients(request: Request) -> tuple[str, ...]:
    """Return the ids of the clients of the practice that this person opened last in this browser, newest first."""
    cookie, text = session(request), request.cookies.get(_opened_name(request))
    payload = tokens.unsign(keys.cookie(), OPENED_PURPOSE, _reader(cookie), text) if cookie and text else None
    return tuple(payload.decode().split()) if payload else ()


def add_opened(request: Request, client_id: str) -> str | None:
    """Return the cookie with this client as the one that was opened last. None if it has it already."""
    cookie, known = session(request), opened_clients(request)
    if cookie is None or known[:1] == (client_id,):
        return None
    opened = (client_id, *(known_id for known_id in known if known_id != client_id))[:MAX_OPENED]
    text = tokens.sign(keys.cookie(), OPENED_PURPOSE, _reader(cookie), " ".join(opened).encode())
    return _cookie(_opened_name(request), text)


def _opened_name(request: Request) -> str:
    return f"__Host-opened-{request.path_parameters.get('practice', '')}"


def _reader(cookie: str) -> str:
    """Return the person for whom the list counts. Another person at the same computer does not see it."""
    return tokens.subject_in_cookie(cookie) or ""


def _cookie(name: str, value: str, seconds: int | None = None) -> str:
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"
