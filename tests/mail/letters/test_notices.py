"""Tests of letters without a link."""

import re

import pytest

from latchkey.rules.languages import Language
from tests.mail.letters.samples import (
    NOTICES,
    PORTAL,
    every_language,
    in_order,
    visible,
    write,
)

every_notice = pytest.mark.parametrize("kind", NOTICES)


@every_notice
@every_language
def test_a_notice_opens_nothing(kind: str, language: Language) -> None:
    letter = write(kind, language)

    assert not re.search(r"href|https?:|@|\d{6}", letter.text + letter.html.partition("</style>")[2].replace("#", ""))


@every_language
def test_a_letter_about_something_waiting_leads_to_the_sign_in_page_and_names_nothing(language: Language) -> None:
    """B146"""
    letter = write("waiting", language)
    subjects = {"en": "Something is waiting in your Client Portal", "es": "Tiene pendientes en su Portal de clientes"}

    assert letter.subject == subjects[language]
    assert len(letter.subject) < 45
    assert in_order(letter.text, "Willow Family Therapy", subjects[language], f"{PORTAL}/sign-in", "(555) 010-0142")
    assert re.findall(r'href="([^"]*)"', letter.html) == [f"{PORTAL}/sign-in"]


def test_a_person_who_requested_no_pin_code_learns_that_one_was_made_and_whom_to_call() -> None:
    letter = write("pin_made")
    fields = (
        "Willow Family Therapy",
        "A Pin Code was made for your Client Portal",
        "On March 3, 2026 at 3:42 PM, Willow Family Therapy made a one-time Pin Code so that you can sign in",
        "Don’t tell it to anyone else.",
        "Didn’t ask for a Pin Code? Call Willow Family Therapy at (555) 010-0142 right away",
        "Questions? Call Willow Family Therapy at (555) 010-0142.",
    )

    assert in_order(letter.text, *fields)
    assert in_order(visible(letter.html), *fields)
    assert visible(letter.html).startswith("Made on March 3, 2026 at 3:42 PM. The code is not in this email.")


def test_a_change_of_address_is_announced_in_words_that_either_address_may_read() -> None:
    letter = write("address_changed")
    fields = (
        "Willow Family Therapy",
        "Your Client Portal email was changed",
        "On March 3, 2026 at 3:42 PM, Willow Family Therapy changed the email address",
        "Links and Pin Codes for the earlier address no longer work",
        "Didn’t ask for this change? Call Willow Family Therapy at (555) 010-0142 right away.",
        "Questions? Call Willow Family Therapy at (555) 010-0142.",
    )

    assert in_order(letter.text, *fields)
    assert in_order(visible(letter.html), *fields)


@every_notice
def test_a_notice_tells_the_time_as_its_readers_write_it(kind: str) -> None:
    assert "El 3 de marzo de 2026 a las 3:42\u00a0p.\u00a0m., Willow Family Therapy" in write(kind, "es").text
