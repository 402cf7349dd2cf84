"""Tests of letters in a practice's own words."""

import re
from dataclasses import replace
from html import unescape

import pytest

from latchkey.mail import letters
from latchkey.mail.letters import WordingOverrides
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

GUIDE = f"{PORTAL}/guide?lang=en"


@every_link_mail
@every_language
def test_wording_of_a_practice_replaces_only_the_parts_that_it_sets(kind: str, language: Language) -> None:
    expected = write(kind, language)
    letter = write(kind, language, overrides=WordingOverrides(body="Come in, {name}."))

    assert "Come in, Sam Okafor." in letter.text
    assert "Come in, Sam Okafor." in visible(letter.html)
    assert write(kind, language, overrides=WordingOverrides()) == expected


@every_link_mail
@every_language
def test_own_words_leave_everything_in_place_that_a_letter_must_say(kind: str, language: Language) -> None:
    letter = write(kind, language, overrides=WordingOverrides("Greeting", "Body", "Footer"))
    always = {
        "en": ("Greeting", "Body", URL, "works for 24 hours", "?", "Questions? Call", "nobody reads", "Footer"),
        "es": (
            "Greeting",
            "Body",
            URL,
            "sirve por 24 horas",
            "¿No",
            "¿Tiene preguntas? Llame",
            "respuestas",
            "Footer",
        ),
    }[language]
    shown = tuple(words for words in always if words != URL)

    assert in_order(letter.text, *always)
    assert in_order(visible(letter.html), *shown)
    assert in_order(visible(letter.html), "Body", {"en": "Sign in", "es": "Iniciar sesión"}[language], URL)


def test_wording_replaces_the_default_text() -> None:
    letter = write("invitation", overrides=WordingOverrides("Dear Sam,", "Your place is ready."))

    for part in (letter.text, letter.html):
        assert "Hello" not in part
        assert "has given you access" not in part


@every_link_mail
def test_the_button_stands_where_the_practice_puts_it(kind: str) -> None:
    letter = write(kind, overrides=WordingOverrides(body="First this. {link} Then that."))

    assert in_order(letter.text, "First this.", URL, "Then that.", "works for")
    assert in_order(visible(letter.html), "First this.", "Sign in", "Then that.", "works for", URL)


@every_link_mail
@pytest.mark.parametrize("body", ["", "{link}", "{link}{link} and {link}", "No link here."])
def test_there_is_one_button_however_often_the_practice_asks_for_it(kind: str, body: str) -> None:
    letter = write(kind, overrides=WordingOverrides("{link}", body, "{link}"))

    assert set(re.findall(r'href="([^"]*)"', letter.html)) <= {URL, PORTAL, GUIDE}
    assert (letter.html.count(URL), letter.text.count(URL)) == (2, 1)
    assert "{link}" not in letter.text + letter.html


@every_link_mail
@pytest.mark.parametrize("part", ["greeting", "body", "footer"])
@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "{{7*7}} {% for %} {% include 'x' %} ${x} %(x)s {0.__class__} {name.__class__} {} { #{1+1}",
        "<script>alert(1)</script> <img src=x onerror=alert(1)>",
        "https://evil.example/ and [here](https://evil.example)",
        "&lt;b&gt; &amp;",
    ],
)
def test_what_a_practice_writes_is_text_and_nothing_else(kind: str, part: str, text: str) -> None:
    letter = write(kind, overrides=replace(WordingOverrides(), **{part: text}))

    assert text in letter.text
    assert text in visible(letter.html)
    assert set(re.findall(r'href="([^"]*)"', letter.html)) <= {URL, PORTAL, GUIDE}
    assert re.findall(r"<(a|script|img)\b", letter.html) == ["a"] * (3 if kind == "invitation" else 1)


def test_an_invitation_can_have_a_subject_and_a_message_of_its_own() -> None:
    letter = letters.invitation(
        WILLOW,
        link_mail(),
        name="Sam Okafor",
        portal=PORTAL,
        overrides=WordingOverrides("Dear {name},", "The usual.", "Warmly, Willow"),
        subject="Your forms for Monday",
        message="Just this once, {name}.",
    )

    assert letter.subject == "Your forms for Monday"
    assert in_order(letter.text, "Dear Sam Okafor,", "Just this once, Sam Okafor.", URL, "Warmly, Willow")
    assert "The usual." not in letter.text + letter.html


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Hello\r\nBcc: eve@evil.example", "Hello Bcc: eve@evil.example"),
        ("\u202eoolleH\0", "oolleH"),
        ("x" * 500, "x" * 150),
        ("{name} {link} {{7*7}}", "{name} {link} {{7*7}}"),
        (HOSTILE, HOSTILE),
        (" \n ", "Your invitation to the Client Portal"),
        (None, "Your invitation to the Client Portal"),
    ],
)
def test_a_subject_is_one_short_line_and_never_empty(subject: str | None, shown: str) -> None:
    letter = letters.invitation(WILLOW, link_mail(), name="Sam Okafor", portal=PORTAL, subject=subject)

    assert letter.subject == shown
    assert set(re.findall(r'href="([^"]*)"', letter.html)) <= {URL, PORTAL, GUIDE}
    assert unescape(letter.html).count(shown) >= 2
