"""The practice's own words in a letter (B31, B59): plain text with a few placeholders, and no language of any kind."""

import re
import unicodedata
from dataclasses import dataclass, fields
from itertools import groupby

LONGEST = 2000
"""Characters that each part may have."""

PLACEHOLDERS = ("name", "practice", "portal", "phone", "link")
"""What may stand in braces."""

type Paragraphs = list[list[str]]
"""Text as a letter shows it: paragraphs of lines, none of them empty."""

_PLACEHOLDER = re.compile(r"(?<![{$])\{([^\W\d]\w*)\}(?!\})")
"""A word in single braces. `{{word}}` and `${word}` belong to languages that we do not speak."""

_LINK = re.compile(r"(?<![{$])\{link\}(?!\})")

_BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Marks that reverse what follows, with which one address can be made to look like another."""


@dataclass(frozen=True, slots=True)
class WordingOverrides:
    """What a practice says in a kind of letter; a part that is "" keeps our wording."""

    greeting: str = ""
    body: str = ""
    """Stands in place of our sentence; `{link}` is where the button goes, else it follows."""
    footer: str = ""
    """Comes last, below all that a letter always says."""


@dataclass(frozen=True, slots=True)
class RenderedWording:
    """Words for one person, ready for both parts of a letter."""

    greeting: Paragraphs
    before: Paragraphs
    """The body as far as the button."""
    after: Paragraphs
    footer: Paragraphs


def check_wording(words: WordingOverrides) -> None:
    """Pass if the words can be shown to people.

    :raises ValueError: says in a sentence what to change.
    """
    for part in fields(words):
        text: str = getattr(words, part.name)
        _check(f"The {part.name}", text)
        if part.name != "body" and _LINK.search(text):
            raise ValueError(f"The {part.name} has {{link}}, which is where the button goes. Put it in the body.")


def _check(part: str, text: str) -> None:
    if len(text) > LONGEST:
        raise ValueError(f"{part} has {len(text)} characters, and {LONGEST} is the most.")
    for character in text:
        if character not in "\r\n\t" and _invisible(character):
            raise ValueError(f"{part} has a control character (U+{ord(character):04X}). Remove it.")
    for word in _PLACEHOLDER.findall(text):
        if word not in PLACEHOLDERS:
            known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise ValueError(f"{part} has {{{word}}}, which stands for nothing. Use one of {known}.")


def render_wording(words: WordingOverrides, **values: str) -> RenderedWording:
    """The words with each placeholder replaced by its value, once: what a value brings along stays as it is.

    There is one button in a letter, so only the first `{link}` of the body says where; any other vanishes.
    """
    before, *after = _LINK.split(words.body, maxsplit=1)
    values |= {"link": ""}
    return RenderedWording(
        greeting=_paragraphs(words.greeting, values),
        before=_paragraphs(before, values),
        after=_paragraphs("".join(after), values),
        footer=_paragraphs(words.footer, values),
    )


def _paragraphs(text: str, values: dict[str, str]) -> Paragraphs:
    lines = map(_clean, text.splitlines())
    written = [list(paragraph) for said, paragraph in groupby(lines, key=bool) if said]
    filled = [list(filter(None, (_filled(line, values) for line in paragraph))) for paragraph in written]
    return [paragraph for paragraph in filled if paragraph]


def _clean(line: str) -> str:
    return "".join(" " if _invisible(character) else character for character in line).strip()


def _filled(line: str, values: dict[str, str]) -> str:
    return " ".join(_PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), line).split())


def _invisible(character: str) -> bool:
    """Whether it is a control, half of a character, or a mark that turns the direction of the text around it."""
    return unicodedata.category(character) in ("Cc", "Cs") or unicodedata.bidirectional(character) in _BIDI_CONTROLS
