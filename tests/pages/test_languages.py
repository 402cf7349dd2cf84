"""Tests of the two languages: each is complete, and formats times of day."""

import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from latchkey import languages, pages
from latchkey.pages import PageContext
from latchkey.pages.sign_in import Wait
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.practices import Practice
from tests.pages.conftest import THIRD_OF_MARCH, letter_of
from tests.pages.html import read

PACKAGE = Path(languages.__file__).parent
TRANSLATED: list[Language] = [language for language in LANGUAGES if language != "en"]

every_translation = pytest.mark.parametrize("language", TRANSLATED)


def _texts() -> set[str]:
    """Return every text in the source. Of a plural, return the first form."""
    with (PACKAGE.parent / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    found = extract_from_dir(PACKAGE, methods, options)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def _messages(language: Language) -> Iterator[Message]:
    with (PACKAGE / "catalogs" / language / "LC_MESSAGES" / "latchkey.po").open("rb") as file:
        yield from (message for message in read_po(file, locale=language) if message.id)


def _forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@every_translation
def test_every_sentence_is_translated_and_no_translation_is_left_over(language: Language) -> None:
    assert {_forms(message.id)[0] for message in _messages(language)} == _texts()
    assert [message.id for message in _messages(language) if "" in _forms(message.string) or message.fuzzy] == []


@every_translation
def test_a_translation_fills_in_what_the_sentence_fills_in(language: Language) -> None:
    for message in _messages(language):
        expected = _placeholders(_forms(message.id)[0])
        assert all(_placeholders(form) == expected for form in _forms(message.string)), message.id


@every_translation
def test_a_translation_brings_no_markup_of_its_own(language: Language) -> None:
    assert [m.id for m in _messages(language) for form in _forms(m.string) if re.search(r"[<>&]", form)] == []


def test_spanish_counts_one_minute_and_more(willow: Practice) -> None:
    context = PageContext(willow, "es")

    assert "dentro de 1 minuto." in read(pages.rate_limited(context, Wait(THIRD_OF_MARCH + 60, THIRD_OF_MARCH))).text
    assert "dentro de 2 minutos." in read(pages.rate_limited(context, Wait(THIRD_OF_MARCH + 61, THIRD_OF_MARCH))).text


def test_spanish_keeps_the_words_of_the_clients_guide(willow: Practice) -> None:
    context = PageContext(willow, "es")
    landing = read(pages.landing(context, signed_in=False)).links
    sent = read(
        pages.sent(context, letter=letter_of(context), address="a@example.com", address_known=True, is_repeat=False)
    )

    assert {"Soy un cliente existente", "Soy un nuevo cliente"} <= landing.keys()
    assert "Probar estas sugerencias" in sent.links
    assert "El enlace sirve por 24 horas y se puede usar una sola vez." in sent.text


@pytest.mark.parametrize(
    ("at", "zone", "english", "spanish"),
    [
        (1772574120, "America/Chicago", "3:42 PM", "las 3:42 p. m."),
        (1772519400, "America/Chicago", "12:30 AM", "las 12:30 a. m."),
        (1772562600, "America/Chicago", "12:30 PM", "las 12:30 p. m."),
        (1772574120, "America/Los_Angeles", "1:42 PM", "la 1:42 p. m."),
        (1772574120, "UTC", "9:42 PM UTC", "las 9:42 p. m. UTC"),
        (1772574120, "Nowhere/Atlantis", "9:42 PM UTC", "las 9:42 p. m. UTC"),
        (1772574120, "../../etc/passwd", "9:42 PM UTC", "las 9:42 p. m. UTC"),
        (1772574120, "", "9:42 PM UTC", "las 9:42 p. m. UTC"),
    ],
)
def test_the_time_of_day_is_the_practices_own_and_says_so_when_it_is_not(
    at: int, zone: str, english: str, spanish: str
) -> None:
    assert languages.format_time(at, zone, "en") == english
    assert languages.format_time(at, zone, "es").replace("\u00a0", " ") == spanish


# ── the rules of docs/strings.md ──

FALSE_FRIENDS = re.compile(
    r"«|»|caduc|introdu[zcj]|añad|médic|proveedor|pulse|navegador|bandeja|utiliz|verifi|allí|práctica"
    r"|\b(?:ha|he) \w+(?:ado|ido)\b",
    re.IGNORECASE,
)
MAX_SUBJECT = 45
MAX_WORDS = 24
SUBJECTS = [
    "Sign in to your Client Portal",
    "Your invitation to the Client Portal",
    "A Pin Code was made for your Client Portal",
    "Your Client Portal email was changed",
]


def _spanish() -> list[str]:
    return [form for message in _messages("es") for form in _forms(message.string)]


def test_the_spanish_has_no_word_that_the_glossary_avoids() -> None:
    """B152"""
    assert [text for text in _spanish() if FALSE_FRIENDS.search(text.replace("Nunca ha entrado", ""))] == []


def test_a_spanish_time_brings_its_own_period() -> None:
    """B152: `p. m.` ends with a period."""
    assert [text for text in _spanish() if re.search(r"\{(?:at|time)\}\.", text)] == []


def test_a_click_is_a_tap_too() -> None:
    """B152: people tap on phones."""
    assert [text for text in _spanish() if re.search(r"\bclic\b", text.replace("Toque o haga clic", ""))] == []


def test_subjects_fit_the_list_of_a_phone() -> None:
    """B152"""
    for language in LANGUAGES:
        for subject in SUBJECTS:
            assert len(languages.translator(language)(subject)) < MAX_SUBJECT, subject


def test_no_sentence_is_longer_than_24_words() -> None:
    """B152, in both languages. A list that is read aloud counts as one sentence."""
    texts = [*_texts(), *_spanish()]
    sentences = [sentence for text in texts for sentence in re.split(r"(?<=[.:?!”]) ", text)]

    assert [sentence for sentence in sentences if len(sentence.split()) > MAX_WORDS] == []


def test_the_catalog_says_that_no_native_reader_has_checked_it() -> None:
    """B152: the note stays until two native readers have checked the catalog."""
    text = (PACKAGE / "catalogs" / "es" / "LC_MESSAGES" / "latchkey.po").read_text(encoding="utf-8")

    assert text.startswith("# Spanish, addressing the reader as usted. No native reader has checked it yet.")
