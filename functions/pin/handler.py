"""The client types the code that the clinician read out: the way in when mail fails."""

from functools import partial

from latchkey import keys, metrics, pages, tokens, web
from latchkey.metrics import Metric
from latchkey.rules import addresses, pins
from latchkey.rules.accounts import Account
from latchkey.rules.budgets import (
    MANY_WRONG_PINS,
    TYPE_BY_NETWORK,
    TYPE_BY_SOURCE,
    WRONG_PINS_BY_ADDRESS,
    WRONG_PINS_BY_PRACTICE,
)
from latchkey.rules.events import Kind
from latchkey.rules.pins import Pin
from latchkey.rules.refusals import PinLocked, PinRefused, Waiting
from latchkey.store import accounts, budgets
from latchkey.store import pins as kept
from latchkey.store.budgets import Reservation, Taken
from latchkey.web import arrivals, cookies
from latchkey.web.answers import frame
from latchkey.web.audit import write_down
from latchkey.web.typed import typed_address


def form(request: web.Request) -> web.Response:
    """Ask for address and code; the address is there already where this browser has just asked for a link."""
    return web.page(pages.pin(frame(request), typed=typed_address(request).address))


def sign_in(request: web.Request) -> web.Response:
    """Count the try, then compare, then spend: in this order no number of tries at once gets one more.

    What is wrong is not told, and it takes as long to find out: address, code, expired, used, never made.
    """
    address = addresses.canonical(request.field("email"))
    typed = pins.typed(request.field("pin"))
    agreed = request.field("switch") == "yes"
    key = accounts.key_of(request.at.slug, address)
    present = arrivals.present(request)
    arrivals.ask_before_switching(present, key, addresses.masked(address), agreed=agreed)
    with budgets.reservation() as reserved:
        wrong = _reserve(request, key, reserved)
        try:
            pin, account = _proven(request, key, typed, reserved)
            arrival = arrivals.arrival(request, account, "pin", present)
            visit = kept.spend(pin, account, arrival)
        except PinRefused:
            write_down(request, key, Kind.PIN_REFUSED, "pin")
            if wrong.windows[WRONG_PINS_BY_PRACTICE.name].count >= MANY_WRONG_PINS:
                metrics.count(Metric.PIN_PRESSURE)
            raise
    reserved.release()
    return web.signed_in(request, visit, arrival.cookie)


def _reserve(request: web.Request, key: bytes, reserved: Reservation) -> Taken:
    """Count the try as a wrong PIN before it is compared, and return the practice's count.

    :raises PinLocked: the address has had too many, whether or not it has a PIN.
    :raises Waiting: the source or the practice has.
    """
    own = _take_own(request, key, reserved)
    try:
        practice = budgets.bucket_of("pin practice", request.at.slug)
        return reserved.take(practice, (WRONG_PINS_BY_PRACTICE,), request.now)
    except Waiting as waiting:
        # it was no wrong PIN
        reserved.give_back(own)
        write_down(request, key, Kind.LIMIT_HIT, "pin", waiting.limit)
        raise


def _take_own(request: web.Request, key: bytes, reserved: Reservation) -> Taken:
    """Count for the account's known browsers, which strangers cannot use up and which cost their source nothing. Where
    these are used up too, and for every other browser, count for the source and for the address.

    :raises PinLocked, Waiting: as `_reserve` does.
    """
    known = cookies.knows(request, key)
    source = partial(reserved.take_by_source, request.source, TYPE_BY_SOURCE, TYPE_BY_NETWORK, request.now, road="pin")
    try:
        return reserved.take_known_first(
            budgets.bucket_of("pin browser", key) if known else None,
            budgets.bucket_of("pin address", key),
            (WRONG_PINS_BY_ADDRESS,),
            request.now,
            otherwise=source,
        )
    except Waiting as waiting:
        if waiting.limit != WRONG_PINS_BY_ADDRESS.name:
            raise
        write_down(request, key, Kind.PIN_LOCKED, "pin", waiting.limit)
        raise PinLocked(waiting.until) from None


def _proven(request: web.Request, key: bytes, typed: str, reserved: Reservation) -> tuple[Pin, Account]:
    """The live PIN that was typed, and the account it opens.

    :raises PinRefused: it is not that, or there is none.
    """
    ring, attempt = keys.pin(), tokens.ulid(request.instant)
    reserved.if_undecided(lambda: kept.give_back_attempt(key, attempt))
    try:
        pin = kept.take_attempt(key, attempt, request.now)
    except PinRefused:
        tokens.pin_hash(ring, ring.current, tokens.salt(), key, typed)
        raise
    hashed = tokens.pin_hash(ring, pin.key, pin.salt, key, typed)
    account = accounts.find(key)
    right = hashed is not None and tokens.same(hashed, pin.hash)
    if not right or account is None or not account.may_sign_in or account.epoch != pin.epoch:
        raise PinRefused
    return pin, account


handle = web.entry({"/{practice}/pin": {"GET": form, "POST": sign_in}})
