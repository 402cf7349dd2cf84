"""The client types the code that the clinician read out: the way in when mail fails."""

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
from latchkey.rules.refusals import PinLocked, PinRefused, Refusal, Waiting
from latchkey.store import accounts, budgets
from latchkey.store import pins as kept
from latchkey.store.budgets import Taken
from latchkey.store.tables import OUTAGES
from latchkey.web import arrivals, cookies
from latchkey.web.answers import frame
from latchkey.web.audit import write_down


def form(request: web.Request) -> web.Response:
    """Ask for address and code; the address is there already where this browser has asked for a link."""
    asked = cookies.asked(request)
    return web.page(pages.pin(frame(request), typed=asked.typed if asked else ""))


def sign_in(request: web.Request) -> web.Response:
    """Count the try, then compare, then spend: in this order no number of tries at once gets one more.

    What is wrong is not told, and it takes as long to find out: address, code, expired, used, never made.
    """
    address = addresses.canonical(request.field("email"))
    typed = pins.typed(request.field("pin"))
    budgets.take_by_source(request.source, TYPE_BY_SOURCE, TYPE_BY_NETWORK, request.now, road="pin")
    present = arrivals.present(request)
    key = accounts.key_of(request.at.slug, address)
    taken = _reserve(request, key)
    try:
        pin, account = _proven(request, key, typed)
        arrival = arrivals.arrival(request, account, "pin", present)
        visit = kept.spend(pin, account, arrival)
    except PinRefused:
        write_down(request, key, Kind.PIN_REFUSED, "pin")
        if taken[-1].windows[WRONG_PINS_BY_PRACTICE.name].count >= MANY_WRONG_PINS:
            metrics.count(Metric.PIN_PRESSURE)
        raise
    budgets.give_back_all(taken)
    return web.signed_in(request, visit, arrival.cookie)


def _reserve(request: web.Request, key: bytes) -> list[Taken]:
    """Count a wrong PIN before it is known for one; a right one is given back.

    :raises PinLocked: the address has had too many, whether or not it has a PIN.
    :raises Waiting: the practice has.
    """
    browser = cookies.knows(request, key)
    lane = ("pin browser", browser) if browser else ("pin address",)
    try:
        own = budgets.take(budgets.bucket_of(*lane, key), (WRONG_PINS_BY_ADDRESS,), request.now)
    except Waiting as waiting:
        write_down(request, key, Kind.PIN_LOCKED, "pin", waiting.limit)
        raise PinLocked(waiting.until) from None
    try:
        practice = budgets.bucket_of("pin practice", request.at.slug)
        return [own, budgets.take(practice, (WRONG_PINS_BY_PRACTICE,), request.now)]
    except (Refusal, *OUTAGES) as trouble:
        # it was no wrong PIN
        budgets.give_back_all([own])
        if isinstance(trouble, Waiting):
            write_down(request, key, Kind.LIMIT_HIT, "pin", trouble.limit)
        raise


def _proven(request: web.Request, key: bytes, typed: str) -> tuple[Pin, Account]:
    """The live PIN that was typed, and the account it opens.

    :raises PinRefused: it is not that, or there is none.
    """
    ring = keys.pin()
    try:
        pin = kept.take_attempt(key, request.now)
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
