"""The Chromium of this machine, and windows that collect errors of pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, CDPSession, ConsoleMessage, Locator, Page, Request, sync_playwright

from tests.browser.appearance import axe_script
from tests.kit.browser import HttpUser
from tests.kit.live_portal import LivePortal

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Else each page of a window may get a new process, which takes a fifth of the CPU of these tests.
    "--renderer-process-limit=1",
)
WIDTH, HEIGHT = 390, 844
"""Pixels of a phone's screen. `NARROW` is the narrowest width that pages have to fit (WCAG 2.2, 1.4.10)."""
NARROW = 320


@dataclass
class Window:
    """A browser with an empty profile, and one open page."""

    context: BrowserContext
    page: Page
    live_portal: LivePortal
    complaints: list[str] = field(default_factory=list)
    """Messages of pages on the console, and files that could not be loaded."""

    def go(self, path: str) -> Page:
        """Open a path of the portal, or a whole URL."""
        self.page.goto(path if path.startswith("http") else self.live_portal.url + path)
        return self.page

    def back(self) -> None:
        """Press Back."""
        with self.page.expect_navigation():
            self.page.evaluate("history.back()")

    @property
    def path(self) -> str:
        """The path of the page. The whole URL if it is on another site."""
        return self.page.url.removeprefix(self.live_portal.url)

    @property
    def heading(self) -> str:
        """The text of the page's first heading."""
        return self.page.locator("h1").inner_text()

    def request_link(self, practice: str, address: str) -> None:
        """Submit the sign-in form with an address."""
        self.go(f"/{practice}/sign-in")
        self.page.locator("#email").fill(address)
        self.click("form button")

    def click_button(self, name: str) -> None:
        """Press a button, and wait for the next page."""
        self.click(self.page.get_by_role("button", name=name))

    def follow(self, name: str) -> None:
        """Follow a link, and wait for its page."""
        self.click(self.page.get_by_role("link", name=name))

    def click(self, what: Locator | str) -> None:
        """Click the first element that matches, and wait for the next page."""
        found = self.page.locator(what) if isinstance(what, str) else what
        with self.page.expect_navigation():
            found.first.click()

    def become(self, visitor: HttpUser) -> None:
        """Copy the cookies of a client that used HTTP."""
        # Playwright sets __Host- cookies for https alone, but Chromium also sends them to localhost over http
        fields = {"url": "https://localhost", "secure": True, "httpOnly": True, "sameSite": "Lax"}
        self.context.add_cookies(
            [
                cast("SetCookieParam", {"name": name, "value": value, **fields})
                for name, value in visitor.cookies.items()
            ]
        )

    def notice(self, page: Page) -> None:
        """Collect a page's errors in `complaints`."""
        page.on("console", self._record)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("requestfailed", self._miss)

    def _record(self, message: ConsoleMessage) -> None:
        # Chromium logs every error status of a page, and a refusal has one
        is_refusal = message.text.startswith("Failed to load resource: the server responded with a status of ")
        cleared = message.text.startswith("Clear-Site-Data header on")
        if not cleared and not (is_refusal and message.page and message.location["url"] == message.page.url):
            self.complaints.append(f"{message.location['url']}: {message.text}")

    def _miss(self, request: Request) -> None:
        if "/brand/icon-" in request.url and request.failure == "net::ERR_ABORTED":
            return  # Chromium gives up a tab's icon when the person goes on to the next page first
        self.complaints.append(f"{request.url}: {request.failure}")


@contextmanager
def running() -> Iterator[Chromium]:
    """Start headless Chromium, and yield it. Debian's build without windows takes half of the CPU."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class PageWindows:
    """One window for each language, for tests that look at a page. Each test finds it empty.

    A process of Chromium compiles axe, and what axe calls, only once. A new window has a new process.
    """

    def __init__(self, browser: Chromium) -> None:
        self._browser = browser
        self._opened: dict[str, tuple[Window, CDPSession]] = {}

    def empty(self, live_portal: LivePortal, language: str) -> Window:
        """Return the window of a language, as wide as a phone, without cookies, cache and complaints."""
        if language not in self._opened:
            opened = _opened(self._browser, live_portal, locale=f"{language}-US")
            opened.context.add_init_script(axe_script())
            self._opened[language] = opened, opened.context.new_cdp_session(opened.page)
        window, session = self._opened[language]
        window.context.clear_cookies()
        window.page.goto("about:blank")
        session.send("Network.clearBrowserCache")
        window.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        window.page.emulate_media(color_scheme="light", media="screen")
        window.complaints.clear()
        return window


@contextmanager
def window(browser: Chromium, live_portal: LivePortal, **how: Any) -> Iterator[Window]:
    """Yield a new window, as wide as a phone. `how` are options of a Playwright context."""
    opened = _opened(browser, live_portal, **how)
    yield opened
    opened.context.close()


def _opened(browser: Chromium, live_portal: LivePortal, **how: Any) -> Window:
    context = browser.new_context(**({"viewport": {"width": WIDTH, "height": HEIGHT}, "locale": "en-US"} | how))
    context.set_default_timeout(10_000)
    opened = Window(context, context.new_page(), live_portal)
    opened.notice(opened.page)
    context.on("page", opened.notice)
    return opened
