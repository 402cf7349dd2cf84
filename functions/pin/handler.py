"""The client types the code that the clinician read out: the way in when mail fails."""

from functools import partial

from latchkey import keys, metrics, pages, tokens, web
from latchkey.metrics import Metric
from latchkey.rules import addresses, pins
from latchkey.rules.accounts import Account
from latchkey.rules.events import EventKind
from latchkey.rules.limits import (
    PIN_GUESSING_THRESHOLD,
    SUBMIT_PIN_PER_NETWORK,
    SUBMIT_PIN_PER_SOURCE,
    WRONG_PINS_PER_ADDRESS,
    WRONG_PINS_PER_PRACTICE,
)
from latchkey.rules.pins import Pin
from latchkey.rules.refusals import PinLocked, PinRefused, RateLimited
from latchkey.store import accounts, limits
from latchkey.store import pins as kept
from latchkey.store.limits import Reservation, Reservations
from latchkey.web import cookies, current_session
from latchkey.web.audit import append
from latchkey.web.responses import page_context
from latchkey.web.typed_address import typed_address


def show_form(request: web.Request) -> web.Response:
    """Ask for address and code; the address is there already where this browser has just asked for a link."""
    return web.html_page(pages.pin(page_context(request), typed=typed_address(request).address))


def sign_in(request: web.Request) -> web.Response:
    """Count the try, then compare, then spend: in this order no number of tries at once gets one more.

    What is wrong is not told, and it takes as long to find out: address, code, expired, used, never made.
    """
    address = addresses.canonical(request.form_value("email"))
    typed = pins.parse_digits(request.form_value("pin"))
    agreed = request.form_value("switch") == "yes"
    key = accounts.key_of(request.practice_or_404.slug, address)
    present = current_session.peek(request)
    current_session.ask_before_switching(present, key, addresses.masked(address), agreed=agreed)
    with limits.reservations() as reserved:
        wrong = _reserve(request, key, reserved)
        try:
            pin, account = _proven(request, key, typed, reserved)
            arrival = current_session.new_attempt(request, account, "pin", present)
            visit = kept.spend(pin, account, arrival)
        except PinRefused:
            append(request, key, EventKind.PIN_REFUSED, "pin")
            if wrong.windows[WRONG_PINS_PER_PRACTICE.name].count >= PIN_GUESSING_THRESHOLD:
                metrics.count(Metric.PIN_GUESSING)
            raise
    reserved.release_all()
    return web.signed_in_response(request, visit, arrival.cookie)


def _reserve(request: web.Request, key: bytes, reserved: Reservations) -> Reservation:
    """Count the try as a wrong PIN before it is compared, and return the practice's count.

    :raises PinLocked: the address has had too many, whether or not it has a PIN.
    :raises Waiting: the source or the practice has.
    """
    own = _take_own(request, key, reserved)
    try:
        practice = limits.scope_key("pin practice", request.practice_or_404.slug)
        return reserved.reserve(practice, (WRONG_PINS_PER_PRACTICE,), request.now)
    except RateLimited as waiting:
        # it was no wrong PIN
        reserved.release(own)
        append(request, key, EventKind.LIMIT_HIT, "pin", waiting.limit)
        raise


def _take_own(request: web.Request, key: bytes, reserved: Reservations) -> Reservation:
    """Count for the account's known browsers, which strangers cannot use up and which cost their source nothing. Where
    these are used up too, and for every other browser, count for the source and for the address.

    :raises PinLocked, Waiting: as `_reserve` does.
    """
    known = cookies.known_browser_id(request, key)
    source = partial(
        reserved.reserve_source,
        request.source_ip,
        SUBMIT_PIN_PER_SOURCE,
        SUBMIT_PIN_PER_NETWORK,
        request.now,
        road="pin",
    )
    try:
        return reserved.reserve_known_first(
            limits.scope_key("pin browser", key) if known else None,
            limits.scope_key("pin address", key),
            (WRONG_PINS_PER_ADDRESS,),
            request.now,
            otherwise=source,
        )
    except RateLimited as waiting:
        if waiting.limit != WRONG_PINS_PER_ADDRESS.name:
            raise
        append(request, key, EventKind.PIN_LOCKED, "pin", waiting.limit)
        raise PinLocked(waiting.until) from None


def _proven(request: web.Request, key: bytes, typed: str, reserved: Reservations) -> tuple[Pin, Account]:
    """The live PIN that was typed, and the account it opens.

    :raises PinRefused: it is not that, or there is none.
    """
    ring, attempt = keys.pin(), tokens.new_ulid(request.now_ms)
    reserved.on_undecided(lambda: kept.release_guess(key, attempt))
    try:
        pin = kept.count_guess(key, attempt, request.now)
    except PinRefused:
        tokens.hash_pin(ring, ring.current, tokens.random_salt(), key, typed)
        raise
    hashed = tokens.hash_pin(ring, pin.pepper_id, pin.salt, key, typed)
    account = accounts.find(key)
    right = hashed is not None and tokens.constant_time_equal(hashed, pin.hash)
    if not right or account is None or not account.may_sign_in or account.epoch != pin.epoch:
        raise PinRefused
    return pin, account


handle = web.handler_for({"/{practice}/pin": {"GET": show_form, "POST": sign_in}})
