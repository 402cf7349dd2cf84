"""Letters as people get them, in two languages and two parts."""

import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from html import unescape

import pytest

from latchkey.mail import letters
from latchkey.mail.letters import Errand, Letter
from latchkey.rules.practices import LANGUAGES, Language, Practice

URL = "https://portal.example.com/willow/link/" + "Ab3_-" * 17
PORTAL = "https://portal.example.com/willow"
HOSTILE = """</p><a href="https://evil.example">'"&lt;{{ 7*7 }}{0}"""
THIRD_OF_MARCH = 1772574120
"""3 March 2026, 15:42 in Chicago."""

WILLOW = Practice(slug="willow", name="Willow Family Therapy", phone="(555) 010-0142", time_zone="America/Chicago")

every_language = pytest.mark.parametrize("language", LANGUAGES)
every_kind = pytest.mark.parametrize("kind", ["sign_in", "invitation"])


def write(kind: str = "sign_in", language: Language = "en", practice: Practice = WILLOW, hours: int = 24) -> Letter:
    errand = Errand(
        address="sam@example.com",
        language=language,
        url=URL,
        sender="yourprovider@mail.example.com",
        reference="01JREFERENCE",
        hours=hours,
    )
    if kind == "sign_in":
        return letters.sign_in(practice, errand, requested_at=THIRD_OF_MARCH)
    return letters.invitation(practice, errand, name="Sam Okafor", portal=PORTAL)


def visible(html: str) -> str:
    """What an HTML part reads, in order, hidden preview included."""
    body = re.sub(r"</?span[^>]*>", "", html.partition("<body")[2].partition(">")[2])
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def in_order(text: str, *parts: str) -> bool:
    """Whether the text says each of these, one after the other."""
    for part in parts:
        _, found, text = text.partition(part)
        if not found:
            return False
    return True


def from_field(letter: Letter) -> tuple[str, str]:
    """Name and address as a mail program reads them off the wire."""
    ((name, address),) = getaddresses([letter.sender])
    return str(make_header(decode_header(name))), address


def test_the_subject_names_the_portal_and_nothing_private() -> None:
    assert write().subject == "Sign in to your Client Portal"
    assert write(language="es").subject == "Inicie sesión en su Portal de clientes"
    assert write("invitation").subject == "Willow Family Therapy invited you to the Client Portal"
    assert write("invitation", "es").subject == "Willow Family Therapy le invita al Portal de clientes"


def test_a_sign_in_letter_reads_in_the_order_of_what_people_need() -> None:
    letter = write()
    told = (
        "Willow Family Therapy",
        "Sign in to your Client Portal",
        "This link expires after 24 hours and can only be used once.",
        "Didn’t ask for this? You can ignore this email.",
        "Questions? Call Willow Family Therapy at (555) 010-0142.",
        "Replies to this address are not read.",
    )

    assert in_order(visible(letter.html).partition("used once. ")[2], *told)
    assert in_order(letter.text, *told[:2], URL, *told[2:])
    assert in_order(visible(letter.html), "Click the button", "Sign in", "expires after", "copy this whole link", URL)


def test_the_preview_tells_when_the_link_was_asked_for_by_the_practices_clock() -> None:
    assert visible(write().html).startswith(
        "Requested 3:42 PM. This link expires in 24 hours and can only be used once."
    )
    assert visible(write(language="es").html).startswith("Solicitado a las 15:42. Este enlace caduca en 24 horas")


@every_language
def test_a_letter_tells_the_lifetime_of_this_stack(language: Language) -> None:
    letter = write(language=language, hours=1)
    words = {"en": "after 1 hour and", "es": "después de 1 hora y"}[language]

    assert words in letter.text
    assert words in visible(letter.html)


@every_kind
@every_language
def test_a_letter_has_one_button_and_shows_its_address_once_more_as_text(kind: str, language: Language) -> None:
    letter = write(kind, language)
    (anchor,) = re.findall(r"<a\b[^>]*>", letter.html)

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
            "This link expires after 24 hours",
            f"Next time, go to {PORTAL} and enter this email address to get a new link.",
            "You don’t need a password.",
            "Not expecting this? Contact Willow Family Therapy at (555) 010-0142.",
        )
    assert visible(letter.html).startswith("Your first sign-in link is inside. No password needed.")


@every_kind
@every_language
def test_a_letter_without_a_number_to_call_still_says_whom_to_ask(kind: str, language: Language) -> None:
    letter = write(kind, language, replace(WILLOW, phone=None))
    words = {
        "en": "Questions? Contact Willow Family Therapy.",
        "es": "¿Preguntas? Comuníquese con Willow Family Therapy.",
    }

    for part in (letter.text, visible(letter.html)):
        assert words[language] in part
        assert "None" not in part


def test_where_replies_are_read_nobody_is_told_otherwise() -> None:
    letter = write(practice=replace(WILLOW, reply_to="desk@willow.example"))

    assert letter.reply_to == ("desk@willow.example",)
    assert "not read" not in letter.text + letter.html
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
def test_machines_are_told_what_a_letter_is(kind: str, language: Language) -> None:
    assert write(kind, language).headers == (
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Entity-Ref-ID", "01JREFERENCE"),
        ("Content-Language", language),
    )


@every_kind
@every_language
def test_no_letter_says_anything_about_health_google_or_pin_codes(kind: str, language: Language) -> None:
    letter = write(kind, language, replace(WILLOW, name="Willow"))
    words = r"google|\bpin\b|therap|terap|diagnos|treatment|tratamiento|patient|paciente|mental|session|psych"

    assert not re.search(words, f"{letter.subject} {letter.text} {visible(letter.html)}", re.IGNORECASE)


@every_kind
@every_language
def test_a_hostile_name_is_text_and_nothing_else(kind: str, language: Language) -> None:
    letter = write(kind, language, replace(WILLOW, name=HOSTILE, phone=HOSTILE))

    assert re.findall(r'href="([^"]*)"', letter.html) == [URL]
    assert letter.html.count("<a") == 1
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
    assert not re.search("sam@|link/", repr(letter))
