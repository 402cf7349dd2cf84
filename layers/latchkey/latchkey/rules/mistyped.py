"""Typing mistakes in an email address: what is missing, and the well-known domain that was probably meant (B142).

Nothing here depends on which addresses are on file.
"""

from typing import Literal

type TypingMistake = Literal["no_at", "space", "comma"]
"""A mistake that a page can name."""

SUGGESTIONS = {
    typed: domain
    for domain, spellings in {
        "gmail.com": (
            "gmail.co gmail.cm gmail.om gmail.con gmail.cmo gmail.comm gmail.vom gmail.net gmai.com gmaik.com gmail.c "
            "gmaill.com gmal.com gmali.com gamil.com gmial.com gmil.com gmsil.com gmaul.com gnail.com ggmail.com"
        ),
        "hotmail.com": (
            "hotmail.co hotmail.cm hotmail.con hotmail.om hotmai.com hotmal.com hotmali.com hotmial.com hotmil.com "
            "hotamil.com hormail.com hotnail.com"
        ),
        "outlook.com": "outlook.co outlook.cm outlook.con outlok.com outloo.com outlool.com outllook.com oulook.com",
        "yahoo.com": "yahoo.co yahoo.cm yahoo.con yahoo.om yaho.com yahooo.com yhaoo.com yhoo.com yaoo.com yahho.com",
        "icloud.com": "icloud.co icloud.cm icloud.con iclod.com iclud.com icoud.com iclould.com icluod.com",
        "aol.com": "aol.co aol.con aol.cm",
    }.items()
    for typed in spellings.split()
}
"""Well-known domains by their frequent misspellings. A suggestion is a question, because some of these may exist."""


def suggested_domain(typed: str) -> str | None:
    """Return the well-known domain that the typed address probably means. None if there is no such guess."""
    return SUGGESTIONS.get(domain_of(typed))


def domain_of(typed: str) -> str:
    """Return the domain of a typed address in lower case. "" if there is no @ sign."""
    local, at, domain = typed.strip(" \t\r\n").rpartition("@")
    return domain.lower() if local and at else ""


def with_domain(typed: str, domain: str) -> str:
    """Return the typed address with another domain."""
    return f"{typed.strip(' \t\r\n').rpartition('@')[0]}@{domain}"


def mistake_in(typed: str) -> TypingMistake | None:
    """Return the mistake that makes a typed text no address, if it is a frequent one."""
    text = typed.strip(" \t\r\n")
    if "@" not in text:
        return "no_at"
    if any(character.isspace() for character in text):
        return "space"
    return "comma" if "," in text.rpartition("@")[2] else None
