"""The `Accept-Language` header."""

from functools import lru_cache

from latchkey.rules.languages import LANGUAGES, Language


@lru_cache(maxsize=32)
def preferred(accept_language: str) -> Language | None:
    """Return the supported language that the header prefers, by its weights. None if it names no supported one."""
    weighted: list[tuple[float, int, Language]] = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, parameter = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            weight = 0.0
        weighted += [(-weight, position, language) for language in LANGUAGES if language == primary and weight > 0]
    return min(weighted)[2] if weighted else None
