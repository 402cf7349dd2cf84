"""Tests of letters with a link: sign-in letters and invitations."""

import re

from latchkey.mail import letters
from latchkey.rules.languages import Language
from tests.mail.letters.samples import (
    HOSTILE,
    PORTAL,
    URL,
    WILLOW,
    every_language,
    every_link_mail,
    in_order,
    link_mail,
    visible,
    write,
)


def test_a_sign_in_letter_reads_in_the_order_of_what_people_need() -> None:
    letter = write()
    fields = (
        "Willow Family Therapy",
        "Sign in to your Client Portal",
        "You asked for this link on March 3, 2026 at 3:42 PM. This link works for 24 hours and only once.",
        "Didn’t ask for this? You don’t need to do anything.",
        "Questions? Call Willow Family Therapy at (555) 010-0142.",
        "Please don’t reply to this email: nobody reads the replies.",
    )

    assert in_order(visible(letter.html).partition("only once. ")[2], *fields)
    assert in_order(letter.text, *fields[:2], URL, *fields[2:])
    assert in_order(visible(letter.html), "Use this button", "Sign in", "works for 24", "copy this whole link", URL)


def test_the_preview_tells_when_the_link_was_requested_by_the_practices_clock() -> None:
    assert visible(write().html).startswith("Requested at 3:42 PM. This link works for 24 hours and only once.")
    assert visible(write(language="es").html).startswith(
        "Pedido a las 3:42 p. m.: sirve por 24 horas y se puede usar una sola vez."
    )


@every_language
def test_a_letter_tells_the_lifetime_of_this_stack(language: Language) -> None:
    letter = write(language=language, hours=1)
    words = {"en": "works for 1 hour and", "es": "sirve por 1 hora y"}[language]

    assert words in letter.text
    assert words in visible(letter.html)


@every_link_mail
@every_language
def test_a_letter_has_one_button_and_shows_its_address_once_more_as_text(kind: str, language: Language) -> None:
    letter = write(kind, language)
    anchor, *others = re.findall(r"<a\b[^>]*>", letter.html)
    guide = f"{PORTAL}/guide?lang={language}"
    expected = [[PORTAL], [guide]] if kind == "invitation" else []
    assert [re.findall(r'href="([^"]*)"', other) for other in others] == expected

    assert f'href="{URL}"' in anchor
    assert 'target="_blank"' in anchor
    assert 'rel="noopener noreferrer"' in anchor
    assert re.search(r"\sses:no-track[\s>]", anchor)
    assert letter.html.count(URL) == 2
    assert letter.text.count(URL) == 1
    assert f">{'Sign in' if language == 'en' else 'Iniciar sesión'}</a>" in letter.html


@every_language
def test_a_sign_in_letter_holds_no_other_address(language: Language) -> None:
    letter = write(language=language)

    assert set(re.findall(r"https?://[^\s\"<]+", letter.html + letter.text)) == {URL}


def test_an_invitation_says_who_invites_and_how_to_come_back_without_it() -> None:
    letter = write("invitation")
    for part in (letter.text, visible(letter.html)):
        assert in_order(
            part,
            "Welcome to your Client Portal",
            "Hello Sam Okafor,",
            "Willow Family Therapy has given you access to the Client Portal",
            "This link works for 24 hours and only once. If you have more than one of these emails, use the newest.",
            f"Next time, go to {PORTAL} and enter this same email address: we will send you a new link.",
            "You don’t need a password.",
            "Not expecting this? Contact Willow Family Therapy at (555) 010-0142.",
        )
    assert visible(letter.html).startswith("Your first sign-in link is inside. No password needed.")


@every_link_mail
@every_language
def test_a_letter_with_a_link_says_nothing_of_pin_codes(kind: str, language: Language) -> None:
    letter = write(kind, language)

    assert not re.search(r"\bpin\b", f"{letter.subject} {letter.text} {visible(letter.html)}", re.IGNORECASE)


@every_language
def test_an_invitation_says_what_is_waiting_in_the_portal(language: Language) -> None:
    letter = letters.invitation(
        WILLOW,
        link_mail(language),
        name="Sam Okafor",
        portal=PORTAL,
        items=("Consent form", "Intake\r\nquestions", HOSTILE, "\n"),
    )
    words = {"en": "Waiting for you in the Client Portal:", "es": "Sus pendientes en el Portal de clientes:"}

    assert in_order(letter.text, words[language], "- Consent form\n- Intake questions\n- ", URL)
    assert in_order(visible(letter.html), words[language], "Consent form", "Intake questions", HOSTILE)
    assert letter.html.count("<li>") == 3
    assert words[language] not in write("invitation", language).text


@every_link_mail
def test_the_buttons_padding_is_on_the_cell_for_outlook(kind: str) -> None:
    """B153: Outlook on Windows ignores the padding of a link."""
    cell, anchor = re.findall(r'<td class="button"[^>]*>|<a [^>]*>', write(kind).html)[:2]

    assert "padding:15px 36px" in cell
    assert "padding" not in anchor


@every_language
def test_the_portals_address_in_an_invitation_is_a_link(language: Language) -> None:
    """B153"""
    letter = write("invitation", language)

    assert re.search(rf'<a href="{PORTAL}"[^>]*>{PORTAL}</a>', letter.html)
