"""One run of the probe: it requests a link, sees its letter delivered, signs in by PIN, and signs out."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from latchkey.probe.browser import Browser, PortalResponse
from latchkey.rules.practices import PROBE_SLUG

DELIVERY_SECONDS = 60.0
"""Seconds in which a letter is sent and SES reports its delivery. It usually takes five."""
POLL_SECONDS = 2.0
FAILED_STATUSES = {"bounced", "complained", "rejected", "suppressed"}

type CallBackend = Callable[[str, int], Mapping[str, Any]]
"""A function that asks the backend something (`status`, `pin`) about the client of a run, and returns the answer."""


@dataclass
class RunFailed(Exception):
    """A step of a run went wrong."""

    step: str
    """The step, for the log. It holds no address and no code."""


def run(origin: str, number: int, call_backend: CallBackend, *, delivery_seconds: float = DELIVERY_SECONDS) -> None:
    """Sign in at an origin as the client of a run, and out again.

    :raises RunFailed: a step went wrong, or took too long.
    """
    browser = Browser(origin)
    before = call_backend("status", number)
    address, requested_at = str(before["address"]), int(before["now"])
    _expect(_page(browser, "sign-in"), HTTPStatus.OK, "sign_in_page")
    _expect(_form(browser, "sign-in", email=address), HTTPStatus.SEE_OTHER, "request_link")
    _wait_for_delivery(number, call_backend, requested_at, delivery_seconds)
    pin = str(call_backend("pin", number)["pin"])
    _expect(_form(browser, "pin", email=address, pin=pin), HTTPStatus.SEE_OTHER, "type_pin")
    session = _session(browser)
    _expect(session, HTTPStatus.OK, "session")
    if json.loads(session.body).get("method") != "pin":
        raise RunFailed("session_method")
    _expect(_form(browser, "sign-out"), HTTPStatus.SEE_OTHER, "sign_out")
    _expect(_session(browser), HTTPStatus.UNAUTHORIZED, "signed_out")


def _wait_for_delivery(number: int, call_backend: CallBackend, requested_at: int, seconds: float) -> None:
    """Return as soon as SES has reported the delivery of a mail since `requested_at` (Unix seconds).

    :raises RunFailed: it reports a failure, or nothing in time.
    """
    ends_at = time.monotonic() + seconds
    while True:
        found = call_backend("status", number)
        is_new = int(found["email_status_at"]) >= requested_at
        if is_new and found["email_status"] == "delivered":
            return
        if is_new and found["email_status"] in FAILED_STATUSES:
            raise RunFailed(f"letter_{found['email_status']}")
        if time.monotonic() > ends_at:
            raise RunFailed("letter_not_delivered")
        time.sleep(POLL_SECONDS)


def _page(browser: Browser, name: str) -> PortalResponse:
    return _sent(name, lambda: browser.get(f"/{PROBE_SLUG}/{name}"))


def _session(browser: Browser) -> PortalResponse:
    return _sent("session", lambda: browser.get(f"/{PROBE_SLUG}/session", "application/json"))


def _form(browser: Browser, name: str, **fields: str) -> PortalResponse:
    return _sent(name, lambda: browser.submit_form(f"/{PROBE_SLUG}/{name}", **fields))


def _sent(name: str, send: Callable[[], PortalResponse]) -> PortalResponse:
    try:
        return send()
    except (OSError, http.client.HTTPException) as error:
        raise RunFailed(f"{name}_unreachable") from error


def _expect(page: PortalResponse, status: HTTPStatus, step: str) -> None:
    if page.status != status:
        raise RunFailed(f"{step}_{page.status}")
