"""Cookies, one name for each practice, so that practices on one host stay apart.

The `browser` cookie names a browser. What another host could plant proves nothing alone: the cookies of a requested
link and of a started sign-in with a provider count only beside the `browser` cookie that they were made for.
"""

from dataclasses import dataclass, field

from latchkey import keys, tokens
from latchkey.rules.languages import Language, language_of
from latchkey.rules.providers import PROVIDER_NAMES, ProviderName
from latchkey.tokens import ACCOUNT_BYTES, ID_BYTES
from latchkey.web.requests import Request

DAY = 24 * 3600
REQUESTED_SECONDS = DAY
TYPED_SECONDS = 30 * 60
"""How long a browser shows the address that was typed in it (B140)."""
LONGEST_TYPED = 160
"""Characters; a longer address is not shown again, so that all cookies of an answer stay below 500 bytes."""
REPEAT_SECONDS = 60
BROWSER_SECONDS = 180 * DAY
PROVIDER_SECONDS = 600
LANGUAGE_SECONDS = 365 * DAY

BROWSER_BYTES = 16
TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """What the `browser` cookie says."""

    id: bytes = field(repr=False)
    issued_at: int
    """Unix seconds."""
    account: bytes | None = field(default=None, repr=False)
    """Key of the account that last signed in with this browser."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The address that a link was asked for with, as it was typed."""

    address: str = field(repr=False)
    typed_at: int
    """Unix seconds."""


def session(request: Request) -> str | None:
    """The session cookie's value; None where there is not exactly one."""
    return request.cookie(_name("session", request))


def has_session_cookie(request: Request) -> bool:
    """Whether the browser believes to be signed in."""
    return request.has_cookie(_name("session", request))


def sole_session_practice(request: Request) -> str | None:
    """The practice whose session cookie came with the request, if there is only one."""
    return _sole("session", request)


def set_session(request: Request, value: str) -> str:
    """Kept until the browser closes; the store ends it earlier."""
    return _set(_name("session", request), value)


def clear_session(request: Request) -> str:
    """The session is over."""
    return _drop(_name("session", request))


def browser(request: Request) -> KnownBrowser | None:
    """The browser that the request came from; None if it has no cookie of ours, or one that is too old."""
    payload = _unsealed("browser", request)
    if payload is None or len(payload) not in (BROWSER_BYTES + TIME_BYTES, BROWSER_BYTES + TIME_BYTES + ACCOUNT_BYTES):
        return None
    issued_at = int.from_bytes(payload[BROWSER_BYTES:][:TIME_BYTES])
    if issued_at + BROWSER_SECONDS <= request.now:
        return None
    return KnownBrowser(payload[:BROWSER_BYTES], issued_at, payload[BROWSER_BYTES + TIME_BYTES :] or None)


def new_browser(request: Request) -> KnownBrowser:
    """A name for a browser that has none yet."""
    return KnownBrowser(tokens.random_id(), request.now)


def set_known_browser(request: Request, account: bytes) -> str:
    """Remembers who has signed in: limits of its own that strangers cannot use up (docs/security.md)."""
    named = browser(request) or new_browser(request)
    return _set_browser(request, KnownBrowser(named.id, request.now, account))


def is_known_browser(request: Request, account: bytes) -> bool:
    """Return True if this browser has signed in to that account before."""
    named = browser(request)
    return named is not None and named.account is not None and tokens.constant_time_equal(named.account, account)


def requested(request: Request) -> bytes | None:
    """The id of the link that this browser asked for within the last day."""
    return _bound("requested", request)


def set_requested(request: Request, job_id: bytes, address: str) -> tuple[str, ...]:
    """Return the cookies that let this browser open its link without a question, and show the address as typed."""
    named = browser(request) or new_browser(request)
    requested = _signed("requested", request, job_id + named.id, REQUESTED_SECONDS)
    repeat = (_drop(_name("again", request)),) if is_repeat(request) else ()
    return requested, _set_browser(request, named), set_typed(request, address), *repeat


def typed(request: Request) -> Typed | None:
    """The address that was typed in this browser within the last half hour."""
    payload = _unsealed("typed", request)
    if payload is None or len(payload) < TIME_BYTES:
        return None
    asked_at = int.from_bytes(payload[:TIME_BYTES])
    if asked_at + TYPED_SECONDS <= request.now:
        return None
    return Typed(payload[TIME_BYTES:].decode(errors="replace"), asked_at)


def set_typed(request: Request, address: str) -> str:
    """Shows for half an hour what was typed, if it is not too long."""
    shown = address if len(address) <= LONGEST_TYPED else ""
    return _signed("typed", request, request.now.to_bytes(TIME_BYTES) + shown.encode(), TYPED_SECONDS)


def drop_request(request: Request) -> tuple[str, str]:
    """The link was opened, and nothing shows its address any more."""
    return _drop(_name("req", request)), _drop(_name("typed", request))


def is_repeat(request: Request) -> bool:
    """Whether the last press was a second one within a minute."""
    return request.cookie(_name("again", request)) is not None


def set_repeat(request: Request, address: str) -> tuple[str, ...]:
    """Return the cookies that say for a minute that nothing new was sent, and show the address as typed."""
    return set_typed(request, address), _set(_name("again", request), "1", REPEAT_SECONDS)


def provider_browser_secret(request: Request, provider: ProviderName) -> bytes | None:
    """Return the secret of the sign-ins with a provider that were started in this browser."""
    return _bound(provider, request)


def sole_provider_practice(request: Request, provider: ProviderName) -> str | None:
    """Return the practice at which this browser started a sign-in with a provider. None if there are several."""
    return _sole(provider, request)


def set_provider_browser_secret(request: Request, provider: ProviderName, secret: bytes) -> tuple[str, ...]:
    """Return the cookies that remember a started sign-in with a provider for 10 minutes.

    They are Lax and not Strict, because the provider's redirect comes from another site.
    """
    named = browser(request) or new_browser(request)
    return _signed(provider, request, secret + named.id, PROVIDER_SECONDS), _set_browser(request, named)


def language(request: Request) -> Language | None:
    """The language this browser chose here."""
    return language_of(request.cookie(_name("lang", request)))


def set_language(request: Request, chosen: Language) -> str:
    """Remember a choice of language."""
    return _set(_name("lang", request), chosen, LANGUAGE_SECONDS)


NAMES: dict[str, str] = {
    "browser": "browser",
    "requested": "req",
    "typed": "typed",
    **{name: name for name in PROVIDER_NAMES},
}
"""Of the signed cookies, by what their signature is for."""


def _name(what: str, request: Request) -> str:
    return f"__Host-{what}-{request.practice_or_404.slug}"


def _sole(what: str, request: Request) -> str | None:
    prefix = f"__Host-{what}-"
    slugs = {name.removeprefix(prefix) for name, _ in request.cookies if name.startswith(prefix)}
    return slugs.pop() if len(slugs) == 1 else None


def _set(name: str, value: str, seconds: int | None = None) -> str:
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"


def _drop(name: str) -> str:
    return _set(name, "", 0)


def _signed(purpose: str, request: Request, payload: bytes, seconds: int) -> str:
    value = tokens.sign(keys.cookie(), purpose, request.practice_or_404.slug, payload)
    return _set(_name(NAMES[purpose], request), value, seconds)


def _unsealed(purpose: str, request: Request) -> bytes | None:
    value = request.cookie(_name(NAMES[purpose], request))
    return tokens.unsign(keys.cookie(), purpose, request.practice_or_404.slug, value) if value else None


def _set_browser(request: Request, named: KnownBrowser) -> str:
    """Names the browser for half a year."""
    payload = named.id + named.issued_at.to_bytes(TIME_BYTES) + (named.account or b"")
    return _signed("browser", request, payload, BROWSER_SECONDS)


def _bound(purpose: str, request: Request) -> bytes | None:
    """The 16 bytes that a signed cookie holds which was made for this very browser."""
    payload, named = _unsealed(purpose, request), browser(request)
    if payload is None or named is None or len(payload) != ID_BYTES + BROWSER_BYTES:
        return None
    said, made_for = payload[:ID_BYTES], payload[ID_BYTES:]
    return said if tokens.constant_time_equal(made_for, named.id) else None
