"""The pictures in the README, taken of a running portal: `python -m tests.browser.pictures`."""

from pathlib import Path

from tests.browser import chromium
from tests.browser.chromium import WIDTH
from tests.kit.live_portal import running_portal
from tests.kit.sam_template import PROJECT

PICTURES = PROJECT / "docs" / "pictures"
ORIGIN = "https://portal.example.com"
"""Stands in the pictured letter for whichever port the portal had."""


def take(folder: Path = PICTURES) -> None:
    """Photograph the form and the letter that comes of it, as wide as a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    view = {"width": WIDTH, "height": 620}
    with (
        running_portal() as live_portal,
        chromium.running() as browser,
        chromium.window(browser, live_portal, viewport=view, device_scale_factor=2, color_scheme="light") as window,
    ):
        window.go("/willow/sign-in").screenshot(path=folder / "sign-in.png", full_page=True)
        live_portal.link("ana@example.com")
        letter = live_portal.letter("ana@example.com")["html"].replace(live_portal.url, ORIGIN)
        window.page.goto("about:blank")
        window.page.set_content(letter)
        window.page.screenshot(path=folder / "mail.png", full_page=True)


if __name__ == "__main__":
    take()
