"""Tests of the guide for clients: public, without a cookie, and never an outdated PDF."""

import pytest

from latchkey import settings
from latchkey.rules.guides import PAGE_SIZES
from latchkey.rules.languages import LANGUAGES
from latchkey.store import guides, practices
from latchkey.store.guides import GuideItem
from tests.kit import caches
from tests.kit.browser import Browser
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal

PDF = b"%PDF-1.4 a guide"


def store(digest: str, language: str = "en", size: str = "letter", pdf: bytes = PDF) -> None:
    """Store a PDF as `operate guide` does."""
    GuideItem(f"willow#guide-{language}-{size}", digest=digest, pdf=pdf).save()


def version(browser: Browser, language: str = "en") -> str:
    """Return the digest that the page shows."""
    return browser.get(f"/willow/guide?lang={language}").page.one("span", **{"class": "version"}).text


@pytest.mark.parametrize("path", ["guide", "handout"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_anyone_reads_the_guide_and_gets_no_cookie(browser: Browser, path: str, language: str) -> None:
    """B124: the guide sets no cookie for the language, unlike other pages."""
    response = browser.get(f"/willow/{path}?lang={language}")

    assert response.status == 200
    assert response.cookies == ()
    assert response.headers["content-language"] == language
    assert response.page.heading in ("How to log in to the Client Portal", "Cómo entrar al Portal de clientes")
    assert browser.get("/willow?lang=es").cookies != ()


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", "es-MX,es;q=0.9", "es"),
        ("", "fr", "en"),
        ("?lang=es", "en", "es"),
        ("?lang=xx", "es", "es"),
        ("?lang=", "en", "en"),
        ("?lang=en", "es", "en"),
    ],
)
def test_the_language_is_that_of_the_address_and_then_of_the_browser(
    portal: Portal, query: str, accept: str, language: str
) -> None:
    """B123"""
    browser = portal.browser(**{"accept-language": accept})

    assert browser.get(f"/willow/guide{query}").page.one("html").attributes["lang"] == language


def test_two_languages_at_once_are_refused(browser: Browser) -> None:
    assert browser.get("/willow/guide?lang=en&lang=es").status == 400


def test_the_guide_says_what_this_stack_and_practice_have(portal: Portal, browser: Browser) -> None:
    page = browser.get("/willow/guide").page

    assert f"{ORIGIN}/willow" in page.text
    assert f"yourprovider@{portal.parameters['SenderDomain']}" in page.text
    assert "24 hours" in page.text
    portal.parameters["LinkHours"] = "3"
    settings.load.cache_clear()
    assert "3 hours" in browser.get("/willow/guide").page.text


def test_a_guide_that_was_never_printed_leads_to_the_page(browser: Browser) -> None:
    response = browser.get("/willow/guide.pdf?lang=es")

    assert (response.status, response.location) == (303, "/willow/guide?lang=es")
    assert "guide.pdf" not in browser.get("/willow/guide?lang=es").body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", PAGE_SIZES)
def test_a_printed_guide_is_served_while_it_says_what_the_page_says(browser: Browser, language: str, size: str) -> None:
    """B124"""
    store(version(browser, language), language, size)
    address = f"/willow/guide.pdf?lang={language}&size={size}"
    response = browser.get(address)
    assert (response.status, response.content, response.cookies) == (200, PDF, ())
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-language"] == language

    practices.update("willow", {"phone": "(555) 010-0199"})
    caches.empty(practices)
    response = browser.get(address)
    assert (response.status, response.location) == (303, f"/willow/guide?lang={language}")


def test_the_page_links_to_the_printed_guide_only_while_that_is_current(browser: Browser) -> None:
    store(version(browser))
    assert "/willow/guide.pdf?lang=en" in browser.get("/willow/guide?lang=en").body
    store("0" * 12)
    assert "guide.pdf" not in browser.get("/willow/guide?lang=en").body


@pytest.mark.parametrize("size", ["", "A4", "a3", "letter", "../../a4", "\u202ea4"])
def test_an_unknown_page_size_is_letter(browser: Browser, size: str) -> None:
    store(version(browser), size="letter", pdf=PDF)
    store(version(browser), size="a4", pdf=b"%PDF-1.4 A4")

    assert browser.get(f"/willow/guide.pdf?lang=en&size={size}").content == PDF


def test_another_practices_guide_is_not_this_ones(browser: Browser) -> None:
    store(version(browser))

    assert browser.get("/harbor/guide.pdf?lang=en").status == 303
    assert browser.get("/willow%23guide-en-letter").status == 404


def test_a_printed_guide_is_no_practice(browser: Browser) -> None:
    store(version(browser))

    assert {practice.slug for practice in practices.page_of(50)} == {"willow", "harbor"}


def test_half_an_item_is_no_guide(browser: Browser) -> None:
    GuideItem("willow#guide-en-letter").save()

    assert guides.find("willow", "en", "letter") is None
    assert guides.find_digest("willow", "en", "letter") is None
    assert browser.get("/willow/guide.pdf?lang=en").status == 303
    assert browser.get("/willow/guide?lang=en").status == 200


@pytest.mark.parametrize("path", ["guide", "guide.pdf", "handout"])
def test_nothing_is_sent_to_a_guide(browser: Browser, path: str) -> None:
    assert browser.post(f"/willow/{path}").status == 405
    assert browser.get(f"/oak/{path}").status == 404


@pytest.mark.parametrize("page", ["", "/help"])
def test_the_landing_page_and_the_tips_lead_to_the_guide(browser: Browser, page: str) -> None:
    assert "/willow/guide" in browser.get(f"/willow{page}").page.links.values()
