"""Tests in Chromium of cookies that a host beside the portal sets for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from tests.browser.chromium import Window
from tests.browser.foreign_site import serving
from tests.kit.live_portal import LivePortal

BLANKS = ["\u2003", "\u00a0", "\u3000"]
"""Characters that Chromium keeps at the start of a cookie's name, and that `str.strip` removes."""


class Neighbour(BaseHTTPRequestHandler):
    """A page that sets cookies for every host of its domain."""

    def __init__(self, cookies: list[str], *args: object) -> None:
        self._cookies = cookies
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Respond with the cookies to every path."""
        self.send_response(200)
        for cookie in self._cookies:
            # browsers read this header as UTF-8
            self._headers_buffer.append(f"Set-Cookie: {cookie}\r\n".encode())  # type: ignore[attr-defined]
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def neighbour(*cookies: str) -> Iterator[str]:
    """Serve the page on a host with the same parent domain as the portal. Yield its URL."""
    fields = [f"{cookie}; Domain=clinic.localhost; Path=/; Secure; SameSite=Lax" for cookie in cookies]
    with serving(partial(Neighbour, fields)) as port:
        yield f"http://blog.clinic.localhost:{port}/"


def portal_of(live_portal: LivePortal) -> str:
    """Return the portal's origin below that domain."""
    return f"http://portal.clinic.localhost:{urlsplit(live_portal.url).port}"


@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_a_neighbouring_host_cannot_sign_anyone_in(window: Window, live_portal: LivePortal, blank: str) -> None:
    thief = live_portal.signed_in("ana@example.com")
    session = thief.cookies["__Host-session-willow"]
    with neighbour(f"{blank}__Host-session-willow={session}") as page:
        window.go(page)
    stored = [cookie["name"] for cookie in window.context.cookies()]
    assert f"{blank}__Host-session-willow" in stored

    window.go(f"{portal_of(live_portal)}/willow/home")
    assert window.page.url.endswith("/willow/sign-in")


def test_a_neighbouring_host_cannot_open_its_own_link_in_someones_browser(
    window: Window, live_portal: LivePortal
) -> None:
    thief = live_portal.browser()
    thief.request_link("ana@example.com")
    link = live_portal.letter("ana@example.com")["url"]
    planted = [f"\u2003{name}={value}" for name, value in thief.cookies.items() if "-again-" not in name]
    with neighbour(*planted) as page:
        window.go(page)

    window.go(portal_of(live_portal) + urlsplit(link).path)
    assert window.heading == "Sign in to your Client Portal"
    assert window.page.get_by_role("button", name="Sign in").count() == 1
