"""Which language to answer in."""

from latchkey.rules.languages import LANGUAGES, Language


def preferred(accept_language: str) -> Language | None:
    """The first language of ours in an `Accept-Language` header, by its weights; None if it names none."""
    weighed: list[tuple[float, int, Language]] = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, parameter = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            weight = 0.0
        weighed += [(-weight, position, language) for language in LANGUAGES if language == primary and weight > 0]
    return min(weighed)[2] if weighed else None
