"""Tests of a response's language, from the URL, the cookie, the browser or the practice."""

import pytest

from latchkey.rules.practices import Practice
from latchkey.store import practices
from tests.kit.browser import Browser
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal


def speaks(answer: HttpResponse) -> str:
    """Return the language of a page."""
    language: str = answer.headers["content-language"]
    assert answer.page.one("html").attributes["lang"] == language
    return language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,es;q=0.2,en;q=0.1", "es"),
        ("en;q=0.1,es;q=0.2", "es"),
        ("en;q=0,es;q=0.1", "es"),
        ("ES", "es"),
        ("est", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        (";;;,,=,q=", "en"),
        ("es;q=nonsense", "en"),
        ("es;q=nan", "en"),
    ],
)
def test_a_page_is_in_the_language_of_the_browser(portal: Portal, header: str, language: str) -> None:
    """B123"""
    assert speaks(portal.browser(accept_language=header).get("/willow/sign-in")) == language
    assert speaks(portal.browser(accept_language=header).get("/nowhere/at/all")) == language


def test_a_practices_language_is_the_default(portal: Portal) -> None:
    """B123"""
    practices.save(Practice(slug="sauce", name="Sauce", language="es"))

    assert speaks(portal.browser().get("/sauce")) == "es"
    assert speaks(portal.browser(accept_language="en").get("/sauce")) == "en"
    assert speaks(portal.browser(accept_language="fr").get("/sauce")) == "es"


def test_a_choice_of_language_is_stored_for_a_year_and_wins(browser: Browser) -> None:
    """B123"""
    answer = browser.get("/willow/sign-in?lang=es", accept_language="en")
    assert speaks(answer) == "es"
    assert answer.cookies == ("__Host-lang-willow=es; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000",)

    assert speaks(browser.get("/willow/help", accept_language="en")) == "es"
    assert speaks(browser.get("/willow/help?lang=en")) == "en"
    assert speaks(browser.get("/willow/help", accept_language="es")) == "en"
    assert speaks(browser.get("/harbor", accept_language="es")) == "es"


@pytest.mark.parametrize("chosen", ["fr", "", "ES", "es%00", "../es", "<script>"])
def test_an_unsupported_lang_parameter_changes_nothing(browser: Browser, chosen: str) -> None:
    answer = browser.get(f"/willow?lang={chosen}")

    assert speaks(answer) == "en"
    assert answer.cookies == ()


def test_errors_learn_in_the_language_of_the_browser(portal: Portal) -> None:
    """B123"""
    browser = portal.browser(accept_language="es")

    for answer in (
        browser.get("/willow/nowhere"),
        browser.get("/nobody"),
        browser.post("/willow/help"),
        browser.post("/willow/sign-in", {"email": "ana"}),
        browser.post("/willow/sign-in", {"email": "x"}, origin="null"),
        browser.get("/willow/link/AAAA"),
        browser.get("/willow?lang=en&lang=es"),
    ):
        assert answer.status >= 400
        assert speaks(answer) == "es"
