"""Cookies. Their names contain the practice's slug, so that practices on one host have separate cookies.

The `browser` cookie identifies a browser. Another host could plant a cookie, so a single cookie proves nothing. The
cookies of a requested link and of a started provider sign-in are valid only with the `browser` cookie of that time.
"""

from dataclasses import dataclass, field, replace

from latchkey import keys, tokens
from latchkey.http.requests import Request
from latchkey.rules.accounts import AccountKey
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language, language_of, language_or_default
from latchkey.rules.practices import Practice
from latchkey.rules.providers import PROVIDER_NAMES, ProviderName
from latchkey.tokens import ACCOUNT_BYTES, ID_BYTES

DAY = 24 * 3600
REQUESTED_SECONDS = DAY
TYPED_SECONDS = 30 * 60
"""Time for which a browser shows the address that was typed in it (B140)."""
MAX_TYPED_CHARACTERS = 160
"""The longest address that is shown again. All cookies of a response stay below 500 bytes."""
RETURN_SECONDS = 30 * 60
"""Time in which a person has to sign in to come back to a page. A link has the path in its URL, for all its hours."""
REPEAT_SECONDS = 60
BROWSER_SECONDS = 180 * DAY
PROVIDER_SECONDS = 600
LANGUAGE_SECONDS = 365 * DAY

BROWSER_BYTES = 16
TIME_BYTES = 8
LANGUAGE_BYTES = 2
TYPED_HEAD_BYTES = TIME_BYTES + 1 + LANGUAGE_BYTES
"""Bytes before the typed address: the time, the number of links, and the language."""
MAX_LINKS = 255
"""The largest number in one byte."""


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """The payload of the `browser` cookie."""

    id: bytes = field(repr=False)
    issued_at: int
    """Unix seconds."""
    account_key: AccountKey | None = field(default=None, repr=False)
    """Key of the account that signed in last with this browser."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The address that was typed last in this browser, and what this browser knows of its links."""

    address: str = field(repr=False)
    typed_at: int
    """Unix seconds of the last request for a link, or of the first typing if there was none."""
    links: int = 0
    """Number of links that were requested for the address in this browser, within half an hour of each other."""
    language: Language = DEFAULT_LANGUAGE
    """The language of the page on which the last link was requested, and so of its letter."""

    def is_of(self, address: str) -> bool:
        """Return True if this is the same address, in any case."""
        return self.address.casefold() == address.strip(" \t\r\n").casefold()


def session(request: Request) -> str | None:
    """Return the value of the session cookie. None unless there is exactly one."""
    return request.cookies.get(_name("session", request))


def has_session_cookie(request: Request) -> bool:
    """Return True if the browser sent a session cookie, valid or not."""
    return _name("session", request) in request.cookies


def set_session(request: Request, value: str) -> str:
    """Return the session cookie. It lasts until the browser closes, but the session ends earlier."""
    return _set(_name("session", request), value)


def set_signed_in(request: Request, value: str, account_key: AccountKey) -> tuple[str, ...]:
    """Return the cookies of a new session: its own, the known browser's, and those that delete the requested link."""
    return set_session(request, value), set_known_browser(request, account_key), *clear_requested_link(request)


def clear_session(request: Request) -> str:
    """Return the cookie that deletes the session cookie."""
    return _clear(_name("session", request))


def browser(request: Request) -> KnownBrowser | None:
    """Return the browser of the request. None if it sent no valid `browser` cookie, or one that is too old."""
    payload = _verified_payload("browser", request)
    if payload is None or len(payload) not in (BROWSER_BYTES + TIME_BYTES, BROWSER_BYTES + TIME_BYTES + ACCOUNT_BYTES):
        return None
    issued_at = int.from_bytes(payload[BROWSER_BYTES:][:TIME_BYTES])
    if issued_at + BROWSER_SECONDS <= request.now:
        return None
    account_key = payload[BROWSER_BYTES + TIME_BYTES :]
    return KnownBrowser(payload[:BROWSER_BYTES], issued_at, AccountKey(account_key) if account_key else None)


def new_browser(request: Request) -> KnownBrowser:
    """Return a new id for a browser that has none."""
    return KnownBrowser(tokens.random_id(), request.now)


def set_known_browser(request: Request, account_key: AccountKey) -> str:
    """Return the cookie that makes this a known browser of the account.

    A known browser has rate limits of its own, which strangers cannot use up (docs/security.md).
    """
    current = browser(request) or new_browser(request)
    return _set_browser(request, KnownBrowser(current.id, request.now, account_key))


def is_known_browser(request: Request, account_key: AccountKey) -> bool:
    """Return True if this browser has signed in to that account before."""
    current = browser(request)
    if current is None or current.account_key is None:
        return False
    return tokens.constant_time_equal(current.account_key, account_key)


def requested_link(request: Request) -> bytes | None:
    """Return the job id of the link that this browser requested within the last day."""
    return _browser_value("requested", request)


def is_requested_link(request: Request, job_id: bytes) -> bool:
    """Return True if this very browser requested the link with that job id within the last day."""
    requested = requested_link(request)
    return requested is not None and tokens.constant_time_equal(requested, job_id)


def set_requested_link(request: Request, job_id: bytes, address: str) -> tuple[str, ...]:
    """Return the cookies that let this browser open its link without a question, and show the typed address."""
    current = browser(request) or new_browser(request)
    requested = _signed("requested", request, job_id + current.id, REQUESTED_SECONDS)
    repeat = (_clear(_name("again", request)),) if is_repeat(request) else ()
    earlier = typed(request)
    number = earlier.links + 1 if earlier and earlier.is_of(address) else 1
    now_typed = Typed(address, request.now, min(number, MAX_LINKS), request.language)
    return requested, _set_browser(request, current), _set_typed(request, now_typed), *repeat


def typed(request: Request) -> Typed | None:
    """Return the address that was typed in this browser within the last half hour."""
    payload = _verified_payload("typed address", request)
    if payload is None or len(payload) < TYPED_HEAD_BYTES:
        return None
    typed_at, links = int.from_bytes(payload[:TIME_BYTES]), payload[TIME_BYTES]
    if typed_at + TYPED_SECONDS <= request.now:
        return None
    language = language_or_default(payload[TIME_BYTES + 1 : TYPED_HEAD_BYTES].decode(errors="replace"))
    return Typed(payload[TYPED_HEAD_BYTES:].decode(errors="replace"), typed_at, links, language)


def set_typed(request: Request, address: str) -> str:
    """Return the cookie that shows a typed address again. No new link was requested for it.

    An address that was typed here before keeps its time and its number of links.
    """
    earlier = typed(request)
    if earlier and earlier.is_of(address):
        return _set_typed(request, replace(earlier, address=address))
    return _set_typed(request, Typed(address, request.now))


def clear_requested_link(request: Request) -> tuple[str, str]:
    """Return the cookies that delete the requested link and the typed address."""
    return _clear(_name("req", request)), _clear(_name("typed", request))


def clear_address(request: Request) -> tuple[str, ...]:
    """Return the cookies that delete all that this browser knows of a typed address (B140)."""
    return *clear_requested_link(request), _clear(_name("again", request))


def is_repeat(request: Request) -> bool:
    """Return True if the last request for a link was a second one within a minute."""
    return request.cookies.get(_name("again", request)) is not None


def set_repeat(request: Request, address: str) -> tuple[str, ...]:
    """Return the cookies that say for a minute that no new mail was sent, and show the typed address."""
    earlier = typed(request)
    is_known = earlier is not None and earlier.is_of(address) and earlier.links > 0
    first = Typed(address, request.now, 1, request.language)
    return set_typed(request, address) if is_known else _set_typed(request, first), _set(
        _name("again", request), "1", REPEAT_SECONDS
    )


def provider_browser_secret(request: Request, provider: ProviderName) -> bytes | None:
    """Return the secret of the sign-ins with a provider that were started in this browser."""
    return _browser_value(provider, request)


def sole_provider_practice(request: Request, provider: ProviderName) -> str | None:
    """Return the practice at which this browser started a sign-in with a provider. None if there are several."""
    return _sole(provider, request)


def set_provider_browser_secret(request: Request, provider: ProviderName, secret: bytes) -> tuple[str, ...]:
    """Return the cookies of a started sign-in with a provider. They last for 10 minutes.

    They are Lax and not Strict, because the provider's redirect comes from another site.
    """
    current = browser(request) or new_browser(request)
    return _signed(provider, request, secret + current.id, PROVIDER_SECONDS), _set_browser(request, current)


def return_path(request: Request) -> str | None:
    """Return the path that this browser stored when a person was sent to sign in (B182).

    The cookie is not signed, because the function of the profiles has no key. So the path may lead anywhere.
    """
    value = request.cookies.get(_name("to", request))
    path = tokens.base64url_decode(value) if value else None
    return path.decode(errors="replace") if path else None


def set_return_path(request: Request, path: str) -> str:
    """Return the cookie that brings a person back to `path` after signing in."""
    return _set(_name("to", request), tokens.base64url_encode(path.encode()), RETURN_SECONDS)


def clear_return_path(request: Request) -> tuple[str, ...]:
    """Return the cookie that deletes the return path, if the browser has one."""
    name = _name("to", request)
    return (_clear(name),) if name in request.cookies else ()


def language(request: Request, practice: Practice) -> Language | None:
    """Return the language that was chosen in this browser for the pages of a practice."""
    return language_of(request.cookies.get(_practice_name("lang", practice)))


def set_language(request: Request, chosen: Language) -> str:
    """Return the cookie that stores a choice of language."""
    return _set(_name("lang", request), chosen, LANGUAGE_SECONDS)


NAMES: dict[str, str] = {
    "browser": "browser",
    "requested": "req",
    "typed address": "typed",
    **{name: name for name in PROVIDER_NAMES},
}
"""Base names of the signed cookies, by the purpose of the signature."""


def _name(base_name: str, request: Request) -> str:
    return _practice_name(base_name, request.practice_or_404)


def _practice_name(base_name: str, practice: Practice) -> str:
    return f"__Host-{base_name}-{practice.slug}"


def _sole(base_name: str, request: Request) -> str | None:
    prefix = f"__Host-{base_name}-"
    slugs = {name.removeprefix(prefix) for name in request.cookies if name.startswith(prefix)}
    return slugs.pop() if len(slugs) == 1 else None


def _set(name: str, value: str, seconds: int | None = None) -> str:
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"


def _clear(name: str) -> str:
    return _set(name, "", 0)


def _signed(purpose: str, request: Request, payload: bytes, seconds: int) -> str:
    value = tokens.sign(keys.cookie(), purpose, request.practice_or_404.slug, payload)
    return _set(_name(NAMES[purpose], request), value, seconds)


def _verified_payload(purpose: str, request: Request) -> bytes | None:
    value = request.cookies.get(_name(NAMES[purpose], request))
    return tokens.unsign(keys.cookie(), purpose, request.practice_or_404.slug, value) if value else None


def _set_typed(request: Request, typed_now: Typed) -> str:
    """Return the cookie that stores a typed address for half an hour. One that is too long is left out."""
    address = typed_now.address if len(typed_now.address) <= MAX_TYPED_CHARACTERS else ""
    head = typed_now.typed_at.to_bytes(TIME_BYTES) + bytes([typed_now.links]) + typed_now.language.encode()
    return _signed("typed address", request, head + address.encode(), TYPED_SECONDS)


def _set_browser(request: Request, current: KnownBrowser) -> str:
    """Return the cookie that identifies the browser for half a year."""
    payload = current.id + current.issued_at.to_bytes(TIME_BYTES) + (current.account_key or b"")
    return _signed("browser", request, payload, BROWSER_SECONDS)


def _browser_value(purpose: str, request: Request) -> bytes | None:
    """Return the 16 bytes in a signed cookie. None if it was made for another browser."""
    payload, current = _verified_payload(purpose, request), browser(request)
    if payload is None or current is None or len(payload) != ID_BYTES + BROWSER_BYTES:
        return None
    value, made_for = payload[:ID_BYTES], payload[ID_BYTES:]
    return value if tokens.constant_time_equal(made_for, current.id) else None
