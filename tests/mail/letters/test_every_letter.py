"""Tests of what every letter says, and of its parts and headers."""

import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses

import pytest

from latchkey.mail.letters import Letter, WordingOverrides
from latchkey.rules.languages import Language
from tests.mail.letters.samples import (
    HOSTILE,
    LINK_MAILS,
    NOTICES,
    PORTAL,
    URL,
    WILLOW,
    every_language,
    link_mail,
    notice,
    visible,
    write,
)

every_kind = pytest.mark.parametrize("kind", [*LINK_MAILS, *NOTICES, "waiting", "service_notice"])


def from_field(letter: Letter) -> tuple[str, str]:
    """Return name and address of the sender, decoded as a mail program does it."""
    ((name, address),) = getaddresses([letter.sender])
    return str(make_header(decode_header(name))), address


def test_the_subject_names_the_portal_and_nothing_private() -> None:
    assert write().subject == "Sign in to your Client Portal"
    assert write(language="es").subject == "Inicie sesión en su Portal de clientes"
    assert write("invitation").subject == "Your invitation to the Client Portal"
    assert write("invitation", "es").subject == "Su invitación al Portal de clientes"
    assert write("pin_made").subject == "A Pin Code was made for your Client Portal"
    assert write("pin_made", "es").subject == "Nuevo código PIN de su Portal de clientes"
    assert write("address_changed").subject == "Your Client Portal email was changed"
    assert write("address_changed", "es").subject == "Cambió el correo de su Portal de clientes"


@every_kind
@every_language
def test_a_letter_without_a_number_to_call_still_says_whom_to_ask(kind: str, language: Language) -> None:
    letter = write(kind, language, replace(WILLOW, phone=None))
    words = {
        "en": "Questions? Contact Willow Family Therapy.",
        "es": "¿Tiene preguntas? Comuníquese con Willow Family Therapy.",
    }

    for part in (letter.text, visible(letter.html)):
        assert words[language] in part
        assert "None" not in part


def test_no_letter_says_that_replies_are_not_read() -> None:
    letter = write(practice=replace(WILLOW, reply_to="desk@willow.example"))

    assert letter.reply_to == ("desk@willow.example",)
    assert "reply" not in letter.text + letter.html
    assert write().reply_to == ()


@every_kind
@every_language
def test_a_letter_is_small_and_loads_nothing(kind: str, language: Language) -> None:
    letter = write(kind, language)

    assert len(letter.html.encode()) < 10_000
    assert not re.search(r"<(img|script|link|iframe|form)\b|url\(|@import", letter.html)
    assert "prefers-color-scheme: dark" in letter.html
    assert f'<html lang="{language}" dir="ltr">' in letter.html


@every_kind
@every_language
def test_headers_mark_a_letter_as_automatic(kind: str, language: Language) -> None:
    assert write(kind, language).headers == (
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Entity-Ref-ID", "01JREFERENCE"),
        ("Content-Language", language),
    )


@every_kind
@every_language
def test_no_letter_says_anything_about_health_or_google(kind: str, language: Language) -> None:
    letter = write(kind, language, replace(WILLOW, name="Willow"))
    words = r"google|therap|terap|diagnos|treatment|tratamiento|patient|paciente|mental|session|psych"

    assert not re.search(words, f"{letter.subject} {letter.text} {visible(letter.html)}", re.IGNORECASE)


@every_kind
@every_language
def test_a_hostile_name_is_text_and_nothing_else(kind: str, language: Language) -> None:
    letter = write(kind, language, replace(WILLOW, name=HOSTILE, phone=HOSTILE))

    if kind == "waiting":
        addresses = [f"{PORTAL}/sign-in"]
    else:
        guide = f"{PORTAL}/guide?lang={language}"
        addresses = [] if kind in NOTICES else [URL, PORTAL, guide] if kind == "invitation" else [URL]

    assert re.findall(r'href="([^"]*)"', letter.html) == addresses
    assert letter.html.count("<a") == len(addresses)
    assert HOSTILE in visible(letter.html)
    assert HOSTILE in letter.text


@pytest.mark.parametrize(
    "name",
    [
        "Willow Family Therapy",
        'Dr. O’Neil, "Ann" (Boston) <eve@evil.example>',
        'Dr. Lee, "Ann" (Boston) <eve@evil.example>',
        "Clínica Ñandú",
        "心理学研究所" * 12,
        "Ω" * 70,
    ],
)
def test_the_sender_is_the_practice_by_name_and_one_address_whatever_the_name(name: str) -> None:
    letter = write(practice=replace(WILLOW, name=name))

    assert letter.sender.isascii()
    assert max(map(len, re.findall(r"=\?.*?\?=", letter.sender)), default=0) <= 75
    assert from_field(letter) == (name, "yourprovider@mail.example.com")


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\0", "\x85", "\u2028", "\u2029", "\x0b", "\x1b"])
@every_kind
def test_a_name_with_line_breaks_adds_no_header_and_no_recipient(kind: str, break_: str) -> None:
    letter = write(kind, practice=replace(WILLOW, name=f"X{break_}Bcc: eve@evil.example"))
    message = EmailMessage()
    message["From"], message["Subject"] = letter.sender, letter.subject

    assert message.keys() == ["From", "Subject"]
    assert from_field(letter) == ("X Bcc: eve@evil.example", "yourprovider@mail.example.com")
    assert len((letter.sender + letter.subject).splitlines()) == 1
    assert "X Bcc: eve@evil.example" in letter.text


def test_a_letter_goes_to_the_address_on_file_and_keeps_it_out_of_logs() -> None:
    letter = write()

    assert letter.to == "sam@example.com"
    assert not re.search("sam@|link/", f"{letter!r} {link_mail()!r} {notice()!r}")


@every_kind
@every_language
def test_the_text_part_is_tidy(kind: str, language: Language) -> None:
    text = write(
        kind, language, overrides=WordingOverrides("Dear {name},", "Come in.\n\n{link}\n\nSee you.", "Willow")
    ).text

    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert text.endswith(".\n" if kind not in LINK_MAILS else "\nWillow\n")


def test_each_letter_names_the_time_of_its_request() -> None:
    """B153"""
    letter = write(language="es")

    assert "El 3 de marzo de 2026 a las 3:42\u00a0p.\u00a0m. pidió este enlace." in letter.text
    assert "El 3 de marzo de 2026 a las 3:42 p. m. pidió este enlace." in visible(letter.html)
