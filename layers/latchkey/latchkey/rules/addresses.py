"""Email addresses: what may be compared.

Two addresses are one only if a person would say so without knowing the provider: case does not
distinguish, dots and `+tags` do (B19). Whatever a reader or a library would silently turn into another
address is refused instead.
"""

import re
import unicodedata

from latchkey.rules.refusals import EmailMalformed, EmailMissing

MAX_LENGTH = 254
"""Octets of a path in SMTP less its angle brackets (RFC 5321, 4.5.3.1.3)."""

_PLAIN = re.compile(
    r"(?=.{1,64}@)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@"
    r"(?:(?=[^.]{1,63}\.)[a-z0-9]+(?:-[a-z0-9]+)*\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)$)[a-z]{2,63}"
)
"""The addresses that nearly everyone has: they are valid, and stand for no other (RFC 5321, 4.1.2; RFC 5890, 2.3.1)."""


def canonical(typed: str) -> str:
    """The one form of an address: lower case, domain as ASCII.

    :raises EmailMissing: nothing was typed.
    :raises EmailMalformed: no address, or one that would have to be changed to become one.
    """
    text = typed.strip(" \t\r\n")
    if not text:
        raise EmailMissing
    if len(text) > MAX_LENGTH or len(text.encode(errors="replace")) > MAX_LENGTH:
        raise EmailMalformed
    lowered = _lower(text)
    return lowered if _PLAIN.fullmatch(lowered) else _validate_uncommon(text)


def for_mail(typed: str) -> str:
    """The address as it is kept and written to: as it was typed, with the domain that mail needs.

    Raises as `canonical` does.
    """
    domain = canonical(typed).rpartition("@")[2]
    return f"{typed.strip(' \t\r\n').rpartition('@')[0]}@{domain}"


def masked(address: str) -> str:
    """The address `maria@example.com` as `m•••@example.com`: enough for its owner, not for a stranger."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _lower(text: str) -> str:
    """Lower case by ASCII rules alone: `str.lower` would turn the Kelvin sign into a k."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _validate_uncommon(text: str) -> str:
    """The one form of an address that is not plain at sight."""
    # these take a tenth of a function's start, and hardly anyone needs them
    from email_validator import EmailNotValidError, validate_email

    local, _, domain = text.rpartition("@")
    if not local.isascii() or _becomes_another(_lower(domain)):
        raise EmailMalformed
    try:
        valid = validate_email(f"{local}@{domain}", check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise EmailMalformed from None
    if valid.ascii_domain is None or not valid.local_part.isascii():
        raise EmailMalformed
    return f"{_lower(valid.local_part)}@{_lower(valid.ascii_domain)}"


def _becomes_another(domain: str) -> bool:
    """Whether mapping a domain for look-up (UTS 46, NFKC) changes more of it than composing accents."""
    import idna

    composed = unicodedata.normalize("NFC", domain)
    if any(unicodedata.normalize("NFC", c) != c for c in domain):
        return True
    try:
        return composed != idna.uts46_remap(composed) or composed != unicodedata.normalize("NFKC", composed)
    except idna.IDNAError:
        return True
