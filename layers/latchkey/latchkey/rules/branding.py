"""The identity of a practice on its pages and in its letters: colours, words, legal pages and logo (B148)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from latchkey.rules.languages import LANGUAGES, Language, facts

type LegalPage = Literal["privacy", "terms", "accessibility"]
"""A page of the practice that every page links to."""

LEGAL_PAGES: tuple[LegalPage, ...] = get_args(LegalPage.__value__)

MIN_CONTRAST = 4.5
"""The contrast of text to its background (WCAG 2.2, success criterion 1.4.3)."""

LINEAR_BELOW = 0.04045
"""The part of sRGB that is linear (WCAG 2.2, "relative luminance")."""

COLOUR = re.compile(r"#[0-9a-f]{6}")

LIGHT_GROUNDS = ("#f3f1ec", "#fffefc", "#ffffff")
DARK_GROUNDS = ("#10171a", "#182125")
"""The backgrounds of the stylesheet in each scheme. The last light one is the text on a button, whose background is the
accent."""
LIGHT_TEXT, DARK_TEXT = "#ffffff", "#06272b"
"""The text on a button."""

WORD = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)*")
MIN_WORD_LENGTH, MAX_WORD_LENGTH = 2, 40
LEADING_WORDS_REFUSED = ("su", "el", "la", "un", "una", "mi", "your", "the", "a", "an")
"""Words that stand before the practice's word in a sentence already."""


@dataclass(frozen=True, slots=True)
class Logo:
    """The logo of a practice, as it is served."""

    digest: str
    """A digest of its content, which is part of its address."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """The colours that follow from an accent colour, for the light or the dark scheme."""

    accent: str
    pressed: str
    """The accent while a pointer is over it."""
    on_accent: str
    """Text on the accent."""
    tint: str
    """A background with a little of the accent."""


type BrandFile = Literal["logo", "icon", "favicon"]
"""A file of a logo, each as PNG."""

BRAND_FILES: tuple[BrandFile, ...] = get_args(BrandFile.__value__)


def file_path(slug: str, name: BrandFile, digest: str) -> str:
    """Return the path of a file of a practice's logo. It names the content, so it may be cached for ever."""
    return f"/{slug}/brand/{name}-{digest}.png"


def light_scheme(accent: str) -> Scheme:
    """Return the colours of the light scheme for an accent that has passed `accent_that_passes`."""
    return Scheme(accent, _mixed(accent, "#000000", 0.25), LIGHT_TEXT, _mixed(LIGHT_GROUNDS[1], accent, 0.08))


@lru_cache(maxsize=64)
def dark_scheme(accent: str) -> Scheme:
    """Return the colours of the dark scheme: the accent, mixed with white until it can be read."""
    tint = _mixed(DARK_GROUNDS[1], accent, 0.12)
    readable = _first_that_passes(accent, "#ffffff", (*DARK_GROUNDS, DARK_TEXT, tint))
    return Scheme(readable, _mixed(readable, "#ffffff", 0.3), DARK_TEXT, tint)


def accent_that_passes(accent: str) -> str:
    """Return the accent if it can be read in the light scheme, else the nearest darker colour that can.

    The dark scheme takes a lighter colour of its own, so an accent that passes here passes in both.
    """
    for step in range(101):
        candidate = _mixed(accent, "#000000", step / 100)
        grounds = (*LIGHT_GROUNDS, _mixed(LIGHT_GROUNDS[1], candidate, 0.08))
        if all(contrast(candidate, ground) >= MIN_CONTRAST for ground in grounds):
            return candidate
    return "#000000"


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def is_clinician_word(word: str) -> bool:
    """Return True if sentences can say the word after *your* or *su*."""
    return (
        MIN_WORD_LENGTH <= len(word) <= MAX_WORD_LENGTH
        and WORD.fullmatch(word) is not None
        and word.split(maxsplit=1)[0].lower() not in LEADING_WORDS_REFUSED
    )


def clinician_word(words: Mapping[str, str], language: Language) -> str:
    """Return the practice's word for the clinician in a language. It never comes from another language."""
    return words.get(language) or facts(language).clinician


def text_in(texts: Mapping[str, str], language: Language, preferred: Language) -> tuple[str, Language] | None:
    """Return a text in the language of the page, else in the practice's, else in any, with its language."""
    for candidate in (language, preferred, *LANGUAGES):
        if text := texts.get(candidate):
            return text, candidate
    return None


def _first_that_passes(colour: str, towards: str, grounds: tuple[str, ...]) -> str:
    for step in range(101):
        candidate = _mixed(colour, towards, step / 100)
        if all(contrast(candidate, ground) >= MIN_CONTRAST for ground in grounds):
            return candidate
    return towards


def _mixed(colour: str, other: str, share: float) -> str:
    """Return a colour with a share of another one, from 0 to 1."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= LINEAR_BELOW else ((channel + 0.055) / 1.055) ** 2.4


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
