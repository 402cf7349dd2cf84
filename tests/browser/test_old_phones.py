"""Tests of pages on old phones (B150), with the longest real data. Elements keep their places without the CSS that iOS
12 and Chrome 80 ignore.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from latchkey import pages
from latchkey.identity.providers import GOOGLE
from latchkey.pages import PageContext
from latchkey.pages.layout import STYLESHEET
from latchkey.rules.accounts import Account, AccountKey, Profile
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.practices import Practice
from tests.browser.chromium import NARROW, WIDTH
from tests.pages.test_layout import EVERY

WIDE = 1280
LACKING = re.compile(
    r"(?<=[{;])(?:inset|margin-(?:inline|block)|padding-(?:inline|block)|border-(?:inline|block)"
    r"|(?:min-|max-)?(?:inline|block)-size|aspect-ratio|row-gap|column-gap)[a-z-]*:[^;}]*;?"
    r"|(?<=[{;])[a-z-]+:[^;}]*\bclamp\([^;}]*;?"
    r"|[^{}]*:(?:is|where|has)\([^{]*\{[^}]*\}"
)
"""Pattern of declarations and rules that iOS 12 or Chrome 80 ignores."""
WITHOUT_FLEX_GAP = """() => {
    for (const element of document.querySelectorAll("*"))
        if (getComputedStyle(element).display.endsWith("flex")) element.style.gap = "0px";
}"""
BOXES = """() => [...document.querySelectorAll("body *:not(details *)")].map(element => {
    const box = element.getBoundingClientRect();
    return [element.tagName + "." + element.className, ...[box.x, box.y, box.width, box.height].map(Math.round)];
})"""

LONG = Practice(
    slug="northwest",
    name="Northwest Neighborhood Family, Couples & Trauma Therapy Center",
    phone="+1 (555) 010-0142, extension 40218",
    time_zone="America/Chicago",
    welcome="We are glad that you are here.",
)
"""A practice with a name of 60 characters, and a phone with an extension."""
FAMILY = Account(
    key=AccountKey(bytes(16)),
    id="01J",
    practice="northwest",
    address="maria.guadalupe.hernandez-villanueva@a-very-long-mail-provider.example.com",
    name="María Guadalupe Hernández-Villanueva de la Fuente",
    profiles=(
        Profile("01JA", "José Maximiliano Hernández-Villanueva de la Fuente", "minor", relation="guardian"),
        Profile("01JB", "Ana Sofía Hernández-Villanueva de la Fuente", "minor", relation="guardian"),
        Profile("01JC", "María Guadalupe & Maximiliano Hernández-Villanueva", "couple", relation="partner"),
    ),
)

REALISTIC = EVERY | {
    "profiles": lambda context: pages.profiles(context, profiles=FAMILY.profiles, current="01JB", account=FAMILY),
    "home": lambda context: pages.home(
        context, account=FAMILY, profile=FAMILY.profiles[0], first=True, previous=1_772_574_120, language_changed=True
    ),
    "pin": lambda context: pages.pin(context, typed_address=FAMILY.address, problem="refused"),
}


def html_of(name: str, language: Language) -> str:
    """Return a page with the longest data that is likely."""
    html: str = REALISTIC[name](PageContext(LONG, language, support_code="K7M-4QX", providers=(GOOGLE,)))
    return html


@pytest.fixture(scope="module")
def page(browser: Chromium) -> Any:
    """Yield the page in which every test sets its content."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def boxes(page: Page, html: str, width: int, *, old: bool = False) -> list[list[Any]]:
    """Return the place and size of every element, in a window of this width."""
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(html.replace(STYLESHEET, LACKING.sub("", STYLESHEET)) if old else html)
    if old:
        page.evaluate(WITHOUT_FLEX_GAP)
    found: list[list[Any]] = page.evaluate(BOXES)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", REALISTIC)
def test_an_old_phone_shows_the_same_boxes(page: Page, name: str, language: Language) -> None:
    """B150"""
    html = html_of(name, language)
    for width in (NARROW, WIDTH, WIDE):
        assert boxes(page, html, width, old=True) == boxes(page, html, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", REALISTIC)
def test_nothing_is_cut_off_at_four_times_the_size(page: Page, name: str, language: Language) -> None:
    """B150: 1280 pixels at 400 % are 320."""
    boxes(page, html_of(name, language), WIDE // 4)

    assert (
        page.evaluate(
            """() => [...document.querySelectorAll("body *:not(.skip)")]
            .filter(element => element.getBoundingClientRect().right > 321
                || (element.tagName !== "INPUT" && element.scrollWidth > 321))
            .map(element => element.outerHTML.slice(0, 80))"""
        )
        == []
    )


def test_the_skip_link_stays_out_of_sight_until_it_has_the_focus(page: Page) -> None:
    """B150: it once always covered the practice's name."""
    boxes(page, html_of("sign in", "en"), NARROW, old=True)
    above = page.locator(".skip").evaluate("element => element.getBoundingClientRect().bottom < 0")
    page.locator(".skip").focus()

    assert above
    assert page.locator(".skip").evaluate("element => element.getBoundingClientRect().top >= 0")


def test_the_phone_keeps_its_extension(page: Page) -> None:
    """B150"""
    boxes(page, html_of("sign in", "en"), NARROW)

    assert page.locator("footer .phone").get_attribute("href") == "tel:+15550100142,40218"


def test_what_old_phones_lack_is_found_in_a_stylesheet() -> None:
    """If the pattern found nothing, the other tests would compare equal pages."""
    lacking = ".a{inset:0;color:red;margin-inline:1px;min-block-size:3rem}.b{font-size:clamp(1px,2px,3px);top:0}"

    assert LACKING.sub("", lacking) == ".a{color:red;}.b{top:0}"
