"""Tests of every page in Chromium: as narrow as a phone, light and dark, in both languages."""

import pytest

from tests.browser.appearance import check_appearance
from tests.browser.chromium import HEIGHT, NARROW, WIDTH, PageWindows
from tests.browser.page_states import SCENES
from tests.kit.live_portal import LivePortal

WITHIN_A_MAIL_PROGRAM = ("landmark-one-main", "region")
"""Rules of axe for whole pages. A letter is only a part of a page."""


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("harness", SCENES)
def test_a_page_fits_reads_and_complains_of_nothing(
    page_windows: PageWindows, live_portal: LivePortal, harness: str, language: str
) -> None:
    window = page_windows.empty(live_portal, language)
    SCENES[harness](window)
    page = window.page
    check_appearance(page, (WIDTH, NARROW), HEIGHT)

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
def test_a_letter_fits_and_reads_in_any_mail_program(
    page_windows: PageWindows, live_portal: LivePortal, address: str
) -> None:
    live_portal.link(address)
    letter = live_portal.letter(address)
    window = page_windows.empty(live_portal, "en")
    window.page.set_content(letter["html"])
    check_appearance(window.page, (WIDTH, NARROW), HEIGHT, but=WITHIN_A_MAIL_PROGRAM)

    assert window.complaints == []
