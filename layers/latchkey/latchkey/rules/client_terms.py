"""Terms by which clients are found: the words of a name, addresses, and the practice's own id."""

import unicodedata
from collections.abc import Iterable

MAX_WORDS = 10
"""Words of a name that a search finds."""
MAX_WORD_LENGTH = 40


def split_name(text: str) -> tuple[str, ...]:
    """Return the words of a text without case and accents, each once: `("sofia", "marin")` for `Sofía Marín`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(
        character if character.isalnum() else "" if unicodedata.combining(character) else " "
        for character in decomposed
    )
    return tuple(dict.fromkeys(word[:MAX_WORD_LENGTH] for word in plain.split()))


def matches(name_words: Iterable[str], sought: Iterable[str]) -> bool:
    """Return True if each sought word is the start of a word of the name."""
    known = tuple(name_words)
    return all(any(word.startswith(start) for word in known) for start in sought)
