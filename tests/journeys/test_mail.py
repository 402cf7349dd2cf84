"""The mail that brings a link."""

import re
from typing import Any

import pytest

from tests.kit.live_portal import Town

ADDRESS = re.compile(r"https?://[^\s\"<>]+")


def letter(town: Town, address: str = "ana@example.com") -> dict[str, Any]:
    town.link("willow", address)
    return town.letter(address)


@pytest.mark.parametrize(
    ("address", "subject", "button", "validity", "language"),
    [
        (
            "ana@example.com",
            "Sign in to your Client Portal",
            "Sign in",
            "This link expires after 24 hours and can only be used once.",
            "en",
        ),
        (
            "luis@example.com",
            "Inicie sesión en su Portal de clientes",
            "Iniciar sesión",
            "Este enlace caduca después de 24 horas y solo se puede utilizar una vez.",
            "es",
        ),
    ],
)
def test_it_says_what_it_is_for_in_the_clients_own_language(
    town: Town, address: str, subject: str, button: str, validity: str, language: str
) -> None:
    mail = letter(town, address)

    assert mail["subject"] == subject
    assert mail["to"] == address
    assert f">{button}</a>" in mail["html"]
    assert validity in mail["text"]
    assert validity in mail["html"]
    assert mail["headers"]["Content-Language"] == language


def test_the_language_is_the_one_on_file_whatever_the_browser_speaks(town: Town) -> None:
    town.browser(speaks="en").ask("willow", "luis@example.com")

    assert town.letter("luis@example.com")["headers"]["Content-Language"] == "es"


def test_it_comes_from_the_sender_that_the_tips_tell_people_to_look_for(town: Town) -> None:
    tips = town.browser().get("/willow/help").page
    mail = letter(town)

    assert mail["from"] == "Willow Creek Therapy <yourprovider@mail.example.com>"
    assert "yourprovider@mail.example.com" in tips.text


def test_it_holds_one_link_which_leads_to_the_practices_own_portal(town: Town) -> None:
    mail = letter(town)

    assert mail["url"].startswith(f"{town.url}/willow/link/")
    assert set(ADDRESS.findall(mail["text"])) == {mail["url"]}
    assert set(ADDRESS.findall(mail["html"])) == {mail["url"]}
    assert mail["html"].count("<a ") == mail["html"].count("href=") == 1
    assert mail["text"].count(mail["url"]) == 1
    (anchor,) = re.findall(r"<a [^>]+>", mail["html"])
    assert 'target="_blank"' in anchor


def test_nobody_follows_who_opens_it_or_presses_what(town: Town) -> None:
    mail = letter(town)

    assert "ses:no-track" in mail["html"]
    tracking = mail["configuration_overrides"]["Tracking"]
    assert "ENABLED" not in str(tracking)
    assert "DISABLED" in str(tracking)
    assert "<img" not in mail["html"]
    assert "<script" not in mail["html"]


def test_mail_programs_do_not_thread_it_with_an_older_one_or_answer_it(town: Town) -> None:
    first = letter(town)
    town.wait(61)
    town.link("willow", "ana@example.com")
    second = town.letter("ana@example.com", 2)

    for mail in (first, second):
        assert mail["headers"]["Auto-Submitted"] == "auto-generated"
        assert mail["headers"]["X-Auto-Response-Suppress"] == "All"
    assert first["headers"]["X-Entity-Ref-ID"] != second["headers"]["X-Entity-Ref-ID"]
    assert first["url"] != second["url"]


def test_it_is_small_enough_for_any_mail_program(town: Town) -> None:
    assert len(letter(town)["html"].encode()) < 10_000


def test_it_tells_nothing_about_anyones_health(town: Town) -> None:
    mail = letter(town)
    said = mail["subject"] + mail["text"]

    assert "Ana" not in said
    for word in ("clinician", "session", "diagnos", "treatment", "appointment", "patient"):
        assert word not in said.lower()


def test_a_client_who_did_not_agree_to_be_mailed_is_not_and_is_told_whom_to_call(town: Town) -> None:
    """B157"""
    answer = town.browser().ask("willow", "jo@example.com")
    app = town.app().ask("willow", "jo@example.com")

    assert (answer.status, app.status, app.code) == (422, 422, "no_mail_possible")
    assert "We can’t send email to that address" in answer.page.text
    assert answer.page.links["(415) 555-0134"] == "tel:4155550134"
    assert town.letters("jo@example.com") == []


def test_mail_goes_to_the_address_on_file_however_it_is_typed(town: Town) -> None:
    town.browser().ask("willow", "  ANA@Example.COM ")

    assert town.letter("ana@example.com")["to"] == "ana@example.com"


@pytest.mark.parametrize(
    "typed",
    ["a.na@example.com", "ana+x@example.com", "kim@gmail.com", "kimkids@gmail.com", "maria.gomez@googlemail.com"],
)
def test_an_address_that_only_looks_alike_is_another_one(town: Town, typed: str) -> None:
    answer = town.browser().ask("willow", typed)

    assert answer.status == 422
    town.settle()
    assert not [mail for mail in town.portal.mail() if typed in mail["to"]]
    assert town.letters("ana@example.com") == town.letters("kim+kids@gmail.com") == []
