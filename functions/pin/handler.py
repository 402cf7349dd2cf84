"""Signs in with the PIN that a clinician read out, for when mail fails."""

from functools import partial

from latchkey import metrics, pages, tokens, web
from latchkey.metrics import Metric
from latchkey.rules import addresses
from latchkey.rules.events import EventKind
from latchkey.rules.limits import (
    PIN_GUESSING_THRESHOLD,
    SUBMIT_PIN_PER_SOURCE,
    WRONG_PINS_PER_ADDRESS,
    WRONG_PINS_PER_PRACTICE,
)
from latchkey.rules.pins import parse_digits
from latchkey.rules.refusals import PinRefused, RateLimited
from latchkey.store import accounts, limits, pins
from latchkey.web import audit, cookies, current_session
from latchkey.web.responses import page_context
from latchkey.web.typed_address import typed_address


def show_form(request: web.Request) -> web.Response:
    """Show the form, with the address that was typed in this browser before."""
    return web.html_page(pages.pin(page_context(request), typed_address=typed_address(request).address))


def sign_in(request: web.Request) -> web.Response:
    """Count the guess, compare it, then consume the PIN. In this order parallel guesses cannot exceed the limit.

    The response and its time are the same for an unknown address and for a wrong, expired, used or missing PIN.
    """
    address = addresses.canonical(request.form_value("email"))
    masked, digits = addresses.masked(address), parse_digits(request.form_value("pin"))
    slug, agreed = request.practice_or_404.slug, request.form_value("switch") == "yes"
    key = accounts.key_of(slug, address)
    known = cookies.is_known_browser(request, key)
    current = current_session.peek(request)
    current_session.require_switch_consent(current, key, masked, agreed=agreed)
    with limits.reserve(request.now) as reservations:
        count_source = partial(reservations.add_source, SUBMIT_PIN_PER_SOURCE, request.source)
        guess_id = tokens.new_id()
        reservations.on_undecided(partial(pins.release_guess, key, guess_id))
        try:
            # the guess counts as a wrong PIN until it is known to be right
            reservations.add_for_browser(WRONG_PINS_PER_ADDRESS, key, known=known, before_shared=count_source)
            wrong_pins = reservations.add(WRONG_PINS_PER_PRACTICE, slug).windows[WRONG_PINS_PER_PRACTICE.limit.name]
            response = current_session.start(request, pins.verify(key, digits, guess_id, request.now), current)
        except RateLimited as limited:
            raise audit.limit_reached(request, key, "pin", limited) from None
        except PinRefused:
            audit.append(request, key, EventKind.PIN_REFUSED, "pin")
            if wrong_pins.count >= PIN_GUESSING_THRESHOLD:
                metrics.count(Metric.PIN_GUESSING)
            raise
    reservations.release_all()
    return response


handle = web.handler_for({"/{practice}/pin": {"GET": show_form, "POST": sign_in}})
