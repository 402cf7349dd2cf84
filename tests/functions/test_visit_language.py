"""Tests that a visit has one language (B135): letter, link's pages and home page follow the page of the request."""

import pytest

from latchkey.rules.languages import LANGUAGES, Language
from latchkey.store import accounts
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, key_of

SUBJECTS = {"en": "Sign in to your Client Portal", "es": "Inicie sesión en su Portal de clientes"}
WELCOMES = {"en": "Welcome, ", "es": "Le damos la bienvenida, "}
ON_FILE = {"en": "ana@example.com", "es": "luis@example.com"}

every_language = pytest.mark.parametrize("language", LANGUAGES)
every_language_on_file = pytest.mark.parametrize("on_file", LANGUAGES)


def subject_of(portal: Portal) -> str:
    """Return the subject of the newest letter."""
    subject: str = portal.letters[-1].arguments["Content"]["Simple"]["Subject"]["Data"]
    return subject


@every_language
@every_language_on_file
def test_letter_page_and_home_have_the_language_of_the_page_of_the_request(
    portal: Portal, language: Language, on_file: Language
) -> None:
    """B135: another device may prefer another language, and still gets this one."""
    asking = portal.browser(accept_language=language)
    asking.link(ON_FILE[on_file])
    link = portal.letters[-1].target
    sent = asking.get("/willow/sign-in/sent").page
    assert subject_of(portal) == SUBJECTS[language]
    assert sent.one("dd", lang=language).text == SUBJECTS[language]
    assert portal.letters[-1].headers["Content-Language"] == language

    phone = portal.browser("198.51.100.9", accept_language="es" if language == "en" else "en")
    confirm = phone.get(link)
    assert confirm.page.one("html").attributes["lang"] == language
    home = phone.follow(phone.post(link))
    assert home.page.heading.startswith(WELCOMES[language])


@every_language
def test_the_subject_is_quoted_as_it_was_sent_on_a_page_in_another_language(portal: Portal, language: Language) -> None:
    """B135: the person switches the language after the request."""
    other = "es" if language == "en" else "en"
    browser = portal.browser(accept_language=language)
    browser.link("ana@example.com")

    page = browser.get(f"/willow/sign-in/sent?lang={other}").page

    assert page.one("html").attributes["lang"] == other
    assert page.one("dd", lang=language).text == SUBJECTS[language] == subject_of(portal)


def test_an_invitation_has_the_language_on_file(portal: Portal) -> None:
    """B135"""
    key = key_of(portal, "willow", "luis@example.com")
    portal.work(body_of(a_job(key, portal.now, kind="invitation")))

    assert subject_of(portal) == "Su invitación al Portal de clientes"
    assert (
        portal.browser(accept_language="en").get(portal.letters[-1].target).page.one("html").attributes["lang"] == "es"
    )


def test_the_language_of_the_portal_becomes_that_of_later_letters_and_is_announced_once(portal: Portal) -> None:
    """B135"""
    key, browser = key_of(portal, "willow", "ana@example.com"), portal.browser()
    browser.sign_in("ana@example.com")
    assert "from now on" not in browser.get("/willow/home").page.text

    announced = "De ahora en adelante le escribiremos en español."
    assert announced in browser.get("/willow/home?lang=es").page.text
    assert announced not in browser.get("/willow/home").page.text

    portal.now += 1
    portal.work(body_of(a_job(key, portal.now, kind="invitation")))
    assert portal.letters[-1].headers["Content-Language"] == "es"


def test_a_browser_that_only_fetches_ahead_chooses_no_language(portal: Portal) -> None:
    """B135"""
    key, browser = key_of(portal, "willow", "ana@example.com"), portal.browser()
    browser.sign_in("ana@example.com")
    browser.get("/willow/home?lang=es", sec_purpose="prefetch")
    browser.head("/willow/home?lang=es")

    account = accounts.find(key)
    assert account
    assert account.chosen_language is None
