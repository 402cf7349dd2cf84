"""Pictures of every page and letter of a running portal: `make pictures`."""

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from tests.browser import chromium
from tests.browser.chromium import NARROW, WIDTH
from tests.browser.page_states import SCENES
from tests.browser.people import ANA, LUIS
from tests.console.staff_browser import StaffBrowser
from tests.kit.live_portal import LivePortal, running_portal
from tests.kit.sam_template import PROJECT

PICTURES = PROJECT / "docs" / "pictures"
FOLDER = PROJECT / ".local" / "pictures"
ORIGIN = "https://portal.example.com"
"""Origin that the pictures show, because the port of the running portal changes."""
SAY_ANOTHER_HOST = """([before, after]) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode())
    texts.currentNode.nodeValue = texts.currentNode.nodeValue.replace(before.split("//")[1], after.split("//")[1]);
}"""
"""JavaScript that replaces the portal's host on a page."""
CLINICIAN = "dr.lee@willow.example"
WIDE = 1280
HEIGHT = 844
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "es")
CONTACT_SHEET = (
    "landing-en-light", "sign-in-es-light", "sent-en-light", "sign-in-mistyped-en-light",
    "confirm-es-light", "link-replaced-en-light", "wait-with-a-link-en-light", "home-of-a-minor-es-light",
    "profiles-en-light", "tips-es-dark", "pin-en-dark", "letter-sign-in-en-light",
)  # fmt: skip
"""Pictures on the sheet for the documents, at the width of a phone."""


def take(folder: Path) -> None:
    """Photograph every page and both letters, in both languages and schemes, at three widths, with an index page."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_portal() as live_portal, chromium.running() as browser:
        names = [*_pages(folder, browser, live_portal), *_letters(folder, browser, live_portal)]
        (folder / "index.html").write_text(_index(names), encoding="utf-8")
        _contact_sheet(folder, browser)
        _for_the_readme(browser, live_portal)
        of_the_console(browser, live_portal)


def _pages(folder: Path, browser: Chromium, live_portal: LivePortal) -> Iterator[str]:
    for name, go in SCENES.items():
        for language in LANGUAGES:
            live_portal.new_day()
            with chromium.window(browser, live_portal, locale=f"{language}-US", device_scale_factor=1) as window:
                go(window)
                _photograph(folder, window.page, f"{name}-{language}")
        yield name


def _letters(folder: Path, browser: Chromium, live_portal: LivePortal) -> Iterator[str]:
    for kind in ("sign-in", "invitation"):
        for language in LANGUAGES:
            letter = _letter(live_portal, kind, language)
            with chromium.window(browser, live_portal, device_scale_factor=1) as window:
                window.page.set_content(letter)
                _photograph(folder, window.page, f"letter-{kind}-{language}")
        yield f"letter-{kind}"


def _letter(live_portal: LivePortal, kind: str, language: str) -> str:
    live_portal.new_day()
    if kind == "invitation":
        address = live_portal.fresh_client(language=language)
    else:
        address = ANA if language == "en" else LUIS
        live_portal.browser(accept_language=language).link(address)
    html: str = live_portal.letter(address)["html"]
    return html.replace(live_portal.url, ORIGIN)


def _photograph(folder: Path, page: Page, name: str) -> None:
    for scheme in SCHEMES:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width in (NARROW, WIDTH, WIDE):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", full_page=True)


def _index(names: list[str]) -> str:
    """Return the page that shows the pictures, by page, language and scheme."""
    rows = []
    for name in names:
        pictures = [
            f'<a href="{file}"><img src="{file}" alt="{file}" loading="lazy" height="420"></a>'
            for language in LANGUAGES
            for scheme in SCHEMES
            for width in (NARROW, WIDTH, WIDE)
            for file in [f"{name}-{language}-{scheme}-{width}.png"]
        ]
        rows.append(f"<h2>{escape(name)}</h2>\n<p>{' '.join(pictures)}</p>")
    style = "body{font:16px sans-serif;margin:2rem;background:#ddd}img{margin:4px;border:1px solid #888}"
    head = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Pages</title>\n<style>{style}</style>\n'
    return head + "\n".join(rows) + "\n"


def _contact_sheet(folder: Path, browser: Chromium) -> None:
    """Write twelve pictures on one sheet, for the documents."""
    page = browser.new_page(viewport={"width": 1240, "height": 900})
    shown = "".join(f'<div style="background-image:url({name}-{WIDTH}.png)"></div>' for name in CONTACT_SHEET)
    style = (
        "body{margin:0;padding:10px;background:#c9cdd0;display:grid;grid-template-columns:repeat(6,1fr);gap:10px}"
        "div{height:420px;background-size:100% auto;background-repeat:no-repeat;background-color:#f3f1ec}"
    )
    sheet = folder / "contact-sheet.html"
    sheet.write_text(f"<!doctype html><style>{style}</style>{shown}", encoding="utf-8")
    page.goto(sheet.as_uri())
    page.screenshot(path=PICTURES / "contact-sheet.png", full_page=True)
    page.close()


def _for_the_readme(browser: Chromium, live_portal: LivePortal) -> None:
    """Photograph the sign-in form and the letter, as wide as a phone."""
    live_portal.new_day()
    view = {"width": WIDTH, "height": 620}
    with chromium.window(browser, live_portal, viewport=view, device_scale_factor=2, color_scheme="light") as window:
        window.go("/willow/sign-in").screenshot(path=PICTURES / "sign-in.png", full_page=True)
        window.page.goto("about:blank")
        window.page.set_content(_letter(live_portal, "sign-in", "en"))
        window.page.screenshot(path=PICTURES / "mail.png", full_page=True)


def of_the_console(browser: Chromium, live_portal: LivePortal) -> None:
    """Photograph a client's page and the card of a PIN, as wide as a phone."""
    live_portal.new_day()
    view = {"width": WIDTH, "height": 740}
    with chromium.window(browser, live_portal, viewport=view, device_scale_factor=1.5, color_scheme="light") as window:
        staff = StaffBrowser(live_portal)
        staff.sign_in_as(CLINICIAN)
        window.become(staff)
        window.go(staff.client_path("Sam Carter")).screenshot(path=PICTURES / "console-client.png")
        window.click("form[action$='/pin'] button")
        window.page.evaluate(SAY_ANOTHER_HOST, [live_portal.url, ORIGIN])
        window.page.screenshot(path=PICTURES / "console-pin.png")


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
