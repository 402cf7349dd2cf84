"""Tests of the mail with a link."""

import re
from typing import Any

import pytest

from tests.kit.live_portal import LivePortal

ADDRESS = re.compile(r"https?://[^\s\"<>]+")


def letter(live_portal: LivePortal, address: str = "ana@example.com", language: str = "en") -> dict[str, Any]:
    live_portal.browser(accept_language=language).link(address)
    return live_portal.letter(address)


@pytest.mark.parametrize(
    ("address", "subject", "button", "validity", "language"),
    [
        (
            "ana@example.com",
            "Sign in to your Client Portal",
            "Sign in",
            "This link works for 24 hours and only once.",
            "en",
        ),
        (
            "luis@example.com",
            "Inicie sesión en su Portal de clientes",
            "Iniciar sesión",
            "Este enlace sirve por 24 horas y se puede usar una sola vez.",
            "es",
        ),
    ],
)
def test_it_says_what_it_is_for_in_either_language(
    live_portal: LivePortal, address: str, subject: str, button: str, validity: str, language: str
) -> None:
    mail = letter(live_portal, address, language)

    assert mail["subject"] == subject
    assert mail["to"] == address
    assert f">{button}</a>" in mail["html"]
    assert validity in mail["text"]
    assert validity in mail["html"]
    assert mail["headers"]["Content-Language"] == language


def test_a_letter_is_in_the_language_of_the_page_of_the_request(live_portal: LivePortal) -> None:
    """B135"""
    live_portal.browser(accept_language="en").request_link("luis@example.com")
    letter = live_portal.letter("luis@example.com")

    assert letter["headers"]["Content-Language"] == "en"
    spanish = live_portal.browser(accept_language="es")
    assert spanish.get(letter["url"]).page.one("html").attributes["lang"] == "en"


def test_it_comes_from_the_sender_that_the_tips_tell_people_to_look_for(live_portal: LivePortal) -> None:
    tips = live_portal.browser().get("/willow/help").page
    mail = letter(live_portal)

    assert mail["from"] == "Willow Creek Therapy <yourprovider@mail.example.com>"
    assert "yourprovider@mail.example.com" in tips.text


def test_it_holds_one_link_which_leads_to_the_practices_own_portal(live_portal: LivePortal) -> None:
    mail = letter(live_portal)

    assert mail["url"].startswith(f"{live_portal.url}/willow/link/")
    assert set(ADDRESS.findall(mail["text"])) == {mail["url"]}
    assert set(ADDRESS.findall(mail["html"])) == {mail["url"]}
    assert mail["html"].count("<a ") == mail["html"].count("href=") == 1
    assert mail["text"].count(mail["url"]) == 1
    (anchor,) = re.findall(r"<a [^>]+>", mail["html"])
    assert 'target="_blank"' in anchor


def test_a_letter_has_no_tracking(live_portal: LivePortal) -> None:
    mail = letter(live_portal)

    assert "ses:no-track" in mail["html"]
    tracking = mail["configuration_overrides"]["Tracking"]
    assert "ENABLED" not in str(tracking)
    assert "DISABLED" in str(tracking)
    assert "<img" not in mail["html"]
    assert "<script" not in mail["html"]


def test_mail_programs_do_not_thread_it_with_an_older_one_or_answer_it(live_portal: LivePortal) -> None:
    first = letter(live_portal)
    live_portal.wait(61)
    live_portal.link("ana@example.com")
    second = live_portal.letter("ana@example.com", 2)

    for mail in (first, second):
        assert mail["headers"]["Auto-Submitted"] == "auto-generated"
        assert mail["headers"]["X-Auto-Response-Suppress"] == "All"
    assert first["headers"]["X-Entity-Ref-ID"] != second["headers"]["X-Entity-Ref-ID"]
    assert first["url"] != second["url"]


def test_it_is_small_enough_for_any_mail_program(live_portal: LivePortal) -> None:
    assert len(letter(live_portal)["html"].encode()) < 10_000


def test_a_letter_tells_nothing_about_health(live_portal: LivePortal) -> None:
    mail = letter(live_portal)
    message_text = mail["subject"] + mail["text"]

    assert "Ana" not in message_text
    for word in ("clinician", "session", "diagnos", "treatment", "appointment", "patient"):
        assert word not in message_text.lower()


def test_a_client_without_consent_gets_no_mail_and_a_number_to_call(live_portal: LivePortal) -> None:
    """B157"""
    answer = live_portal.browser().request_link("jo@example.com")
    app = live_portal.app().request_link("jo@example.com")

    assert (answer.status, app.status, app.code) == (422, 422, "no_mail_possible")
    assert "We can’t send email to that address" in answer.page.text
    assert answer.page.links["(415) 555-0134"] == "tel:4155550134"
    assert live_portal.letters("jo@example.com") == []


def test_mail_goes_to_the_address_on_file_however_it_is_typed(live_portal: LivePortal) -> None:
    live_portal.browser().request_link("  ANA@Example.COM ")

    assert live_portal.letter("ana@example.com")["to"] == "ana@example.com"


@pytest.mark.parametrize(
    "typed",
    ["a.na@example.com", "ana+x@example.com", "kim@gmail.com", "kimkids@gmail.com", "maria.gomez@googlemail.com"],
)
def test_an_address_that_only_looks_alike_is_another_one(live_portal: LivePortal, typed: str) -> None:
    answer = live_portal.browser().request_link(typed)

    assert answer.status == 422
    live_portal.settle()
    assert not [mail for mail in live_portal.portal.mail() if typed in mail["to"]]
    assert live_portal.letters("ana@example.com") == live_portal.letters("kim+kids@gmail.com") == []
