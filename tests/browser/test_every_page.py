"""A walk through every page, as narrow as a phone, by day and by night, in both languages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from tests.browser import chromium
from tests.browser.chromium import HEIGHT, NARROW, SCREENSHOTS, WIDTH
from tests.browser.page_states import SCENES
from tests.kit.live_portal import LivePortal
from tests.kit.sam_template import PROJECT

AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
WITHIN_A_MAIL_PROGRAM = ("landmark-one-main", "region")
"""Rules for whole pages; a letter is a part of one."""


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("harness", SCENES)
def test_a_page_fits_reads_and_complains_of_nothing(
    browser: Chromium, live_portal: LivePortal, harness: str, language: str
) -> None:
    with chromium.window(browser, live_portal, locale=f"{language}-US") as window:
        SCENES[harness](window)
        page = window.page
        page.evaluate(AXE.read_text())
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (WIDTH, NARROW):
                page.set_viewport_size({"width": width, "height": HEIGHT})
                photograph(page, f"{harness}-{language}-{scheme}-{width}")
                assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{scheme} {width}"
            assert violations(page) == [], scheme

        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1").count() == 1
        heading = " ".join(page.locator("h1").inner_text().split())
        if harness.startswith("home-of-"):
            heading = page.title().partition(" – ")[0]
            assert "Maria Gomez" in heading, "whose profile it is, and who is signed in (B147)"
        owner = "Willow Creek Therapy|Willow Family Therapy|Harbor Family Counseling|Client Portal|Portal de clientes"
        assert page.title().removeprefix("Error: ") in [f"{heading} – {name}" for name in owner.split("|")]
        assert window.complaints == []


@pytest.mark.parametrize("address", ["ana@example.com", "luis@example.com"])
def test_a_letter_fits_and_reads_in_any_mail_program(browser: Chromium, live_portal: LivePortal, address: str) -> None:
    live_portal.link(address)
    letter = live_portal.letter(address)
    with chromium.window(browser, live_portal) as window:
        page = window.page
        page.set_content(letter["html"])
        page.evaluate(AXE.read_text())
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (WIDTH, NARROW):
                page.set_viewport_size({"width": width, "height": HEIGHT})
                photograph(page, f"letter-{letter['headers']['Content-Language']}-{scheme}-{width}")
                assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{scheme} {width}"
            assert violations(page, but=WITHIN_A_MAIL_PROGRAM) == [], scheme

        assert window.complaints == []


def photograph(page: Page, name: str) -> Path:
    """Keep what it looks like, for someone to look at."""
    picture = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=picture, full_page=True)
    return picture


def violations(page: Page, but: Sequence[str] = ()) -> list[Any]:
    """What axe-core finds wrong, and what it could not make out of colours."""
    found: dict[str, list[dict[str, Any]]] = page.evaluate(
        "but => axe.run({resultTypes: ['violations', 'incomplete'], "
        "rules: Object.fromEntries(but.map(rule => [rule, {enabled: false}]))})",
        list(but),
    )
    doubts = [doubt for doubt in found["incomplete"] if doubt["id"] == "color-contrast"]
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"] + doubts]
