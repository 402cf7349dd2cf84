"""The only list of languages that pages and letters are written in."""

from dataclasses import dataclass
from typing import Literal, assert_never, get_args

type Language = Literal["en", "es"]
"""A language by its code (ISO 639-1)."""

LANGUAGES: tuple[Language, ...] = get_args(Language.__value__)

DEFAULT_LANGUAGE: Language = "en"
"""The language of the sentences in the source. It needs no catalog."""

type Direction = Literal["ltr", "rtl"]
"""A direction of text, as the value of HTML's `dir`."""


@dataclass(frozen=True, slots=True)
class LanguageFacts:
    """The properties of a language that do not depend on a catalog."""

    own_name: str
    """The language's name in that language."""
    direction: Direction
    halves_of_the_day: tuple[str, str]
    """The words after a time of day before and after noon, with the space before them."""
    clinician: str
    """The word for the clinician where a practice gives none. It stands after *your* or its translation."""
    hour_articles: tuple[str, str] = ("", "")
    """The words before the hour 1 and before any other hour, with the space after them."""


def facts(language: Language) -> LanguageFacts:
    """Return the properties of a language."""
    match language:
        case "en":
            return LanguageFacts("English", "ltr", (" AM", " PM"), "provider")
        case "es":
            return LanguageFacts(
                "Español",
                "ltr",
                ("\u00a0a.\u00a0m.", "\u00a0p.\u00a0m."),
                "profesional de la salud",
                hour_articles=("la ", "las "),
            )
        case _:
            assert_never(language)


def language_of(code: str | None) -> Language | None:
    """Return the language of that code, or None if there is none."""
    return next((language for language in LANGUAGES if language == code), None)


def language_or_default(code: str) -> Language:
    """Return the language of that code, or the default if only a later version knows the code."""
    return language_of(code) or DEFAULT_LANGUAGE
