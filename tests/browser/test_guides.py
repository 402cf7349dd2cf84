"""Tests that follow the guide word by word in Chromium on a phone. A wrong word or step fails a test."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from playwright.sync_api import Browser as Chromium
from pypdf import PdfReader

from latchkey.rules.guides import PAGE_SIZES, PageSize
from latchkey.rules.languages import Language
from latchkey.rules.text_limits import MAX_NAME
from operate.guide import FORMATS
from tests.browser import chromium
from tests.browser.appearance import check_appearance, violations
from tests.browser.chromium import HEIGHT, NARROW, PageWindows, Window
from tests.browser.guide_walk import GuideError, Part, Step, Walker, read_steps
from tests.kit.live_portal import LivePortal
from tests.kit.seed import WILLOW
from tests.pages.test_guides import LINKS, write

ANA, MARIA = "ana@example.com", "maria.gomez@gmail.com"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
every_language = pytest.mark.parametrize("language", ["en", "es"])


@pytest.fixture
def phone(browser: Chromium, live_portal: LivePortal) -> Iterator[Window]:
    """Yield a phone whose browser is in English."""
    with chromium.window(browser, live_portal, user_agent=PHONE) as opened:
        yield opened


@pytest.fixture
def other_phone(browser: Chromium, live_portal: LivePortal) -> Iterator[Window]:
    """Yield a second phone."""
    with chromium.window(browser, live_portal, user_agent=PHONE) as opened:
        yield opened


@every_language
def test_the_first_time(live_portal: LivePortal, phone: Window, language: str) -> None:
    """B124, B125"""
    steps = read_steps(phone, language, "first")
    with Walker(phone, live_portal.fresh_client(language=language)).at("") as walker:
        walker.open_newest_letter(walker.page)
        walker.do(steps)

        assert walker.page.url == f"{live_portal.url}/willow/home"
        assert walker.page.locator("html").get_attribute("lang") == language


@every_language
def test_each_time_after_that(phone: Window, language: str) -> None:
    """B124, B125: the browser is in English, and the guide says how to change the language."""
    steps = read_steps(phone, language, "again")
    with Walker(phone, ANA).at("") as walker:
        walker.do(steps)

        assert walker.page.url.endswith("/willow/signed-out")
        assert walker.page.locator("html").get_attribute("lang") == language
        assert len(walker.pressed) == (4 if language == "en" else 5)


@every_language
def test_opening_the_email_on_another_phone(phone: Window, other_phone: Window, language: str) -> None:
    """The guide has the step *If a page asks you once more* for this."""
    steps = read_steps(phone, language, "again")
    opens = [step.page for step in steps].index("sign-in-letter")
    with Walker(phone, ANA).at("") as asks, Walker(other_phone, ANA).at("") as walker:
        asks.do(steps[:opens])
        walker.open_newest_letter(walker.page, steps[opens - 1])
        walker.do(steps[opens:])

        assert walker.page.url.endswith("/willow/signed-out")
        assert len(walker.pressed) == 3


@every_language
def test_a_website_has_other_buttons(live_portal: LivePortal, phone: Window, language: str) -> None:
    steps = read_steps(phone, language, "again", "harbor")
    with Walker(phone, ANA).at("") as walker:
        walker.do(steps[:3])

        assert walker.page.url == f"{live_portal.url}/harbor/sign-in/sent"


@every_language
def test_google(live_portal: LivePortal, phone: Window, language: str) -> None:
    steps = read_steps(phone, language, "google")
    with Walker(phone, MARIA).at(f"/willow/sign-in?lang={language}") as walker:
        walker.do(steps)

        assert not walker.page.url.startswith(live_portal.url)


@every_language
def test_several_profiles(live_portal: LivePortal, phone: Window, language: str) -> None:
    steps = read_steps(phone, language, "profiles")
    phone.become(live_portal.signed_in(MARIA))
    with Walker(phone, MARIA).at(f"/willow/profiles?lang={language}") as walker:
        walker.do(steps)

        assert walker.page.url == f"{live_portal.url}/willow/profiles"


@every_language
def test_troubleshooting(live_portal: LivePortal, phone: Window, language: str) -> None:
    steps = read_steps(phone, language, "trouble")
    clinician = live_portal.clinician()

    def call_the_practice() -> str:
        return clinician.pin(clinician.client_with(ANA))

    with Walker(phone, ANA, call_the_practice).at(f"/willow/sign-in?lang={language}") as walker:
        walker.do(steps)

        assert walker.page.url == f"{live_portal.url}/willow/home"


@every_language
def test_online_booking(live_portal: LivePortal, phone: Window, language: str) -> None:
    opened = watch_other_sites(phone)
    steps = read_steps(phone, language, "booking")
    phone.become(live_portal.signed_in(ANA))
    with Walker(phone, ANA).at(f"/willow/home?lang={language}") as walker:
        walker.do(steps)

    assert opened == ["https://willow.example/appointments"]


@every_language
def test_documents_and_forms(live_portal: LivePortal, phone: Window, language: str) -> None:
    opened = watch_other_sites(phone)
    address = live_portal.fresh_client(language=language)
    steps = read_steps(phone, language, "documents")
    phone.go(live_portal.letter(address)["url"])
    phone.click("form button")
    with Walker(phone, address).at("") as walker:
        walker.do(steps[:1])
        assert walker.page.url == f"{live_portal.url}/willow/help", "the address of the first thing"
        walker.do(steps[1:])

    assert opened == ["https://willow.example/documents"]


def watch_other_sites(window: Window) -> list[str]:
    """Return a list that gets the address of each page that is opened at the practice's own site."""
    opened: list[str] = []

    def answer(route: object) -> None:
        opened.append(route.request.url)  # type: ignore[attr-defined]
        route.fulfill(body="<title>Elsewhere</title>", content_type="text/html")  # type: ignore[attr-defined]

    window.context.route("https://willow.example/**", answer)
    return opened


# ── tests of the walk ──


def without_a_word(steps: list[Step]) -> list[Step]:
    """Return the guide with a wrong word for a button."""
    return [
        replace(
            step, parts=tuple(replace(p, text="Send me a link") if p.text == "Send link" else p for p in step.parts)
        )
        for step in steps
    ]


def in_another_order(steps: list[Step]) -> list[Step]:
    """Return the guide with two steps in exchanged order."""
    return [steps[0], steps[2], steps[1], *steps[3:]]


def with_a_step_missing(steps: list[Step]) -> list[Step]:
    """Return the guide without the step that presses the landing page's button."""
    return [steps[0], *steps[2:]]


def with_another_subject(steps: list[Step]) -> list[Step]:
    """Return the guide without the right subject line."""
    subject = "Sign in to your Client Portal"
    return [replace(step, parts=tuple(p for p in step.parts if p.text != subject)) for step in steps]


def with_something_that_is_not_there(steps: list[Step]) -> list[Step]:
    """Return the guide with a heading that no page has."""
    return [replace(steps[0], parts=(*steps[0].parts, Part("named", "Welcome back", False))), *steps[1:]]


@pytest.mark.parametrize(
    "change",
    [
        without_a_word,
        in_another_order,
        with_a_step_missing,
        with_another_subject,
        with_something_that_is_not_there,
    ],
)
def test_a_wrong_guide_fails_the_walk(phone: Window, change: Callable[[list[Step]], list[Step]]) -> None:
    steps = change(read_steps(phone, "en", "again"))
    with Walker(phone, ANA).at("") as walker, pytest.raises(GuideError):
        walker.do(steps)


# ── layout ──


@every_language
@pytest.mark.parametrize("path", ["/willow/guide", "/harbor/guide", "/willow/handout"])
def test_a_guide_fits_a_desk_and_a_sheet_of_paper_and_sets_no_cookie(
    page_windows: PageWindows, live_portal: LivePortal, path: str, language: str
) -> None:
    """`test_every_page` tests other properties that all pages share."""
    window = page_windows.empty(live_portal, language)
    page = window.go(path)
    check_appearance(page, (NARROW, 768, 1280), HEIGHT)
    page.emulate_media(media="print")
    assert violations(page) == [], "print"

    assert page.locator("html").get_attribute("lang") == language
    assert window.complaints == []
    assert window.context.cookies() == []


def test_the_words_of_a_picture_are_as_large_as_its_reader_wants_them(phone: Window) -> None:
    """A picture's lengths are relative, so it grows with the font size of the page."""
    phone.go("/willow/guide")
    measure = "document.querySelector('figure .button').getBoundingClientRect().height"
    before = phone.page.evaluate(measure)
    phone.page.evaluate("document.documentElement.style.fontSize = '225%'")

    assert phone.page.evaluate(measure) > before * 1.6


@every_language
@pytest.mark.parametrize("size", PAGE_SIZES)
def test_a_guide_with_a_name_of_200_characters_has_four_pages(
    browser: Chromium, language: Language, size: PageSize
) -> None:
    name = "Willow Creek Therapy and Family Counseling of the Northern Valley, " * 3
    practice = replace(WILLOW, name=name[:MAX_NAME], links=LINKS, app_url="https://app.example.com/")
    page = browser.new_page()
    page.set_content(write(practice, language, google=True))
    pdf = PdfReader(BytesIO(page.pdf(format=FORMATS[size])))
    page.close()

    assert len(pdf.pages) <= 4
    assert name[:MAX_NAME] in " ".join(pdf.pages[0].extract_text().split()), "the whole name at the top"
