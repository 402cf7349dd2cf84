"""A reader of the guide, who follows its steps word by word."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.chromium import Window
from tests.browser.foreign_site import webmail

READ = """walk => [...document.querySelectorAll(`ol[data-walk="${walk}"] > li`)].map(step => ({
    page: step.dataset.page || "",
    text: step.firstElementChild.innerText,
    parts: [...step.querySelectorAll("div .go, div .press, div .named, div .field")]
        .filter(part => !part.closest("figure"))
        .map(part => ({kind: part.className, text: part.innerText, optional: !!part.closest(".if")})),
}))"""
"""JavaScript that returns the steps of a part of the guide as the browser shows them."""


@dataclass(frozen=True)
class Part:
    """A quoted word of a step, and its action."""

    kind: str
    """`go` to an address, `press` a control, fill in a `field`, or find a word that is `named`."""
    text: str
    optional: bool
    """True if the action is left out where its word is missing."""


@dataclass(frozen=True)
class Step:
    """A step of the guide."""

    page: str
    text: str
    parts: tuple[Part, ...]


class GuideError(AssertionError):
    """The guide and the pages differ."""


def read_steps(window: Window, language: str, walk: str, practice: str = "willow") -> list[Step]:
    """Return the steps of a part of the practice's guide."""
    window.go(f"/{practice}/guide?lang={language}")
    found: list[dict[str, Any]] = window.page.evaluate(READ, walk)
    assert found, f"the guide has no part {walk}"
    return [Step(step["page"], step["text"], tuple(Part(**part) for part in step["parts"])) for step in found]


class Walker:
    """Follows steps in a window, with one address, a source of PINs and a mailbox."""

    def __init__(self, window: Window, address: str, pin: Callable[[], str] = str) -> None:
        self.page: Page = window.page
        self._window, self._address, self._pin = window, address, pin
        self._mailboxes = ExitStack()
        self.pressed: list[str] = []
        """Words of the pressed controls, in order."""

    @contextmanager
    def at(self, path: str) -> Iterator["Walker"]:
        """Begin at a page of the portal. With "", begin nowhere."""
        with self._mailboxes:
            if path:
                self._window.go(path)
            yield self

    def do(self, steps: list[Step]) -> None:
        """Do all steps.

        :raises GuideError: a page lacks a word that the step quotes.
        """
        for step in steps:
            if step.page.startswith("home") and "/home" not in self.page.url:
                self.page.goto(f"{self._window.live_portal.url}/willow/home")
            # The quoted words of a page come first, because another action of the step may leave the page.
            for part in sorted(step.parts, key=lambda part: part.kind != "named"):
                self._do(part)
            if step.page == "profiles":
                self._click(self.page.locator("form.profiles button").first, "the name of a profile")
            if step.page == "sent":
                self.open_newest_letter(self.page, step)

    def open_newest_letter(self, page: Page, step: Step | None = None) -> None:
        """Find the newest letter by subject and sender of the step, and open it."""
        letter = self._window.live_portal.letter(self._address)
        if step:
            named = [part.text for part in step.parts if part.kind == "named"]
            if letter["subject"] not in named:
                raise GuideError(f"no letter has the subject {named}, but {letter['subject']}")
            sender = letter["headers"]["From"].partition("<")[2].strip(">")
            if sender not in step.text:
                raise GuideError(f"the letter comes from {sender}: {step.text}")
        page.goto(self._mailboxes.enter_context(webmail(letter["html"])))

    def _do(self, part: Part) -> None:
        match part.kind:
            case "go":
                self.page.goto(part.text)
            case "press":
                self._press(part)
            case "field":
                self._fill(part)
            case "named":
                self._look(part)
            case _:
                raise GuideError(f"nobody knows how to {part.kind}")

    def _press(self, part: Part) -> None:
        # The name of a control also has its small print or mark.
        controls = self.page.locator("a, button").filter(has_text=part.text)
        named = [control for control in controls.all() if part.text in _lines(control)]
        if not named and part.optional:
            return
        if not named:
            raise GuideError(f"{self.page.url} has no “{part.text}” to press")
        self._click(named[0], part.text)

    def _click(self, control: Locator, words: str) -> None:
        self.pressed.append(words)
        if control.get_attribute("target") == "_blank":
            with self._window.context.expect_page() as opening:
                control.click()
            self.page = opening.value
            self.page.wait_for_url(lambda url: url != "about:blank")
            return
        before = self.page.evaluate("performance.timeOrigin")
        control.click()
        deadline = time.monotonic() + 10
        while self.page.url.startswith("http") and self._is_at(before):
            assert time.monotonic() < deadline, f"“{words}” leads nowhere"
            time.sleep(0.05)
        self.page.wait_for_load_state()

    def _is_at(self, before: float) -> bool:
        try:
            return bool(self.page.evaluate("performance.timeOrigin") == before)
        except Exception:  # noqa: BLE001 - the page is just being replaced
            return True

    def _fill(self, part: Part) -> None:
        field = self.page.get_by_label(part.text, exact=True)
        if field.count() != 1:
            raise GuideError(f"{self.page.url} has no field “{part.text}”")
        field.fill(self._pin() if field.get_attribute("name") == "pin" else self._address)

    def _look(self, part: Part) -> None:
        shown = self.page.get_by_text(part.text, exact=True)
        if not any(found.is_visible() for found in shown.all()):
            raise GuideError(f"{self.page.url} does not show “{part.text}”")


def _lines(control: Locator) -> list[str]:
    return [" ".join(line.split()) for line in control.inner_text().split("\n")]
