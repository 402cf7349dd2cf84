"""An address as it is read out on the phone, letter by letter."""

from latchkey.languages import Translator


def spelled(address: str, _: Translator) -> str:
    """Return an address as it is read out: "S, A, M, at, example, dot, com". The domain's labels are words."""
    local, _at, domain = address.rpartition("@")
    names = {
        ".": _("dot"),
        "-": _("dash"),
        "_": _("underscore"),
        "+": _("plus"),
    }
    letters = [names.get(character, character.upper()) for character in local]
    labels: list[str] = []
    for label in domain.split("."):
        labels += [names["."], label] if labels else [label]
    return ", ".join([*letters, _("at"), *labels])
