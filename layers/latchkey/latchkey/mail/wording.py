"""A practice's wording in a letter (B31, B59): plain text with a few placeholders, and no template language."""

import re
import unicodedata
from dataclasses import dataclass, fields
from itertools import groupby

MAX_LENGTH = 2000
"""Characters of each part at most."""

PLACEHOLDERS = ("name", "practice", "portal", "phone", "link")
"""The words that may stand in braces."""

type Paragraphs = list[list[str]]
"""Paragraphs of lines. No paragraph and no line is empty."""

_PLACEHOLDER = re.compile(r"(?<![{$])\{([^\W\d]\w*)\}(?!\})")
"""Matches a word in single braces. `{{word}}` and `${word}` are syntax of template languages and stay as they are."""

_LINK = re.compile(r"(?<![{$])\{link\}(?!\})")
"""Matches the place of the button."""

_BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Marks that change the direction of text. With them, one address can look like another."""


@dataclass(frozen=True, slots=True)
class WordingOverrides:
    """A practice's wording for one kind of letter. An empty part leaves the default wording."""

    greeting: str = ""
    """The text in place of the greeting."""
    body: str = ""
    """The text in place of the first sentence. The button replaces `{link}`, or follows the text if it has none."""
    footer: str = ""
    """The text below all other text of the letter."""


@dataclass(frozen=True, slots=True)
class RenderedWording:
    """Wording with the values of one person, for the text part and the HTML part of a letter."""

    greeting: Paragraphs
    before: Paragraphs
    """The body before the button."""
    after: Paragraphs
    """The body after the button."""
    footer: Paragraphs


def check_wording(overrides: WordingOverrides) -> None:
    """Raise unless a letter can show the wording.

    :raises ValueError: a part is too long, has a control character, an unknown placeholder or a misplaced `{link}`. The
        message is a sentence about the problem.
    """
    for part in fields(overrides):
        text: str = getattr(overrides, part.name)
        _check(f"The {part.name}", text)
        if part.name != "body" and _LINK.search(text):
            raise ValueError(f"The {part.name} has {{link}}, which is where the button goes. Put it in the body.")


def _check(part: str, text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"{part} has {len(text)} characters, and {MAX_LENGTH} is the most.")
    for character in text:
        if character not in "\r\n\t" and _invisible(character):
            raise ValueError(f"{part} has a control character (U+{ord(character):04X}). Remove it.")
    for word in _PLACEHOLDER.findall(text):
        if word not in PLACEHOLDERS:
            allowed = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise ValueError(f"{part} has {{{word}}}, which stands for nothing. Use one of {allowed}.")


def render_wording(overrides: WordingOverrides, **values: str) -> RenderedWording:
    """Return the wording with each placeholder replaced by its value. Placeholders in values are not replaced.

    A letter has one button, at the first `{link}` of the body. Any other `{link}` is removed.
    """
    before, *after = _LINK.split(overrides.body, maxsplit=1)
    values |= {"link": ""}
    return RenderedWording(
        greeting=_paragraphs(overrides.greeting, values),
        before=_paragraphs(before, values),
        after=_paragraphs("".join(after), values),
        footer=_paragraphs(overrides.footer, values),
    )


def _paragraphs(text: str, values: dict[str, str]) -> Paragraphs:
    lines = map(_clean, text.splitlines())
    paragraphs = [list(paragraph) for has_text, paragraph in groupby(lines, key=bool) if has_text]
    filled = [list(filter(None, (_filled(line, values) for line in paragraph))) for paragraph in paragraphs]
    return [paragraph for paragraph in filled if paragraph]


def _clean(line: str) -> str:
    return "".join(" " if _invisible(character) else character for character in line).strip()


def _filled(line: str, values: dict[str, str]) -> str:
    return " ".join(_PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), line).split())


def _invisible(character: str) -> bool:
    """Return True for a control character, a surrogate, or a mark that changes the direction of text."""
    return unicodedata.category(character) in ("Cc", "Cs") or unicodedata.bidirectional(character) in _BIDI_CONTROLS
