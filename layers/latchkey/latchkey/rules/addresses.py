"""Email addresses: their canonical form, by which they are compared.

Upper and lower case are equal. Dots and `+tags` make a difference (B19), because their meaning depends on the mail
provider. An address that a reader or a library would silently change into another one is refused.
"""

import re
import unicodedata
from typing import NewType

from latchkey.rules.refusals import EmailMalformed, EmailMissing

MAX_LENGTH = 254
"""Octets of an SMTP path without its angle brackets (RFC 5321, 4.5.3.1.3)."""

_PLAIN = re.compile(
    r"(?=.{1,64}@)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@"
    r"(?:(?=[^.]{1,63}\.)[a-z0-9]+(?:-[a-z0-9]+)*\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)$)[a-z]{2,63}"
)
"""Matches usual addresses. They are valid and mean no other address (RFC 5321, 4.1.2; RFC 5890, 2.3.1)."""


CanonicalAddress = NewType("CanonicalAddress", str)
"""An address in its canonical form, by which accounts are found. Slugs and typed texts are plain `str`."""


def canonical(typed: str) -> CanonicalAddress:
    """Return the canonical form of an address: lower case, with the domain as ASCII.

    :raises EmailMissing: the text is empty.
    :raises EmailMalformed: the text is no address, or it would have to be changed to become one.
    """
    text = typed.strip(" \t\r\n")
    if not text:
        raise EmailMissing
    if len(text) > MAX_LENGTH or len(text.encode(errors="replace")) > MAX_LENGTH:
        raise EmailMalformed
    lowered = _lower(text)
    return CanonicalAddress(lowered if _PLAIN.fullmatch(lowered) else _validate_uncommon(text))


def for_mail(typed: str) -> str:
    """Return the address as it is stored and mailed to: the typed local part, and the domain as ASCII.

    :raises EmailMissing: the text is empty.
    :raises EmailMalformed: the text is no address, or it would have to be changed to become one.
    """
    domain = canonical(typed).rpartition("@")[2]
    return f"{typed.strip(' \t\r\n').rpartition('@')[0]}@{domain}"


def masked(address: str) -> str:
    """Return `m•••@example.com` for `maria@example.com`. Its owner recognizes it, and strangers cannot write to it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _lower(text: str) -> str:
    """Return the text with ASCII letters in lower case. `str.lower` would turn the Kelvin sign into a k."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _validate_uncommon(text: str) -> str:
    """Return the canonical form of an address that `_PLAIN` does not match."""
    # Import late: this library takes a tenth of a cold start, and few addresses need it.
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
    """Return True if the mapping of a domain for lookup (UTS 46, NFKC) changes more than composed accents."""
    import idna

    composed = unicodedata.normalize("NFC", domain)
    if any(unicodedata.normalize("NFC", c) != c for c in domain):
        return True
    try:
        return composed != idna.uts46_remap(composed) or composed != unicodedata.normalize("NFKC", composed)
    except idna.IDNAError:
        return True
