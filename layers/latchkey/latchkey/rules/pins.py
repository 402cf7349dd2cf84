"""PINs: the stored PIN of an account, its limits, and the form in which people type it."""

import unicodedata
from dataclasses import dataclass, field

from latchkey.rules.refusals import PinMalformed, PinMissing

DIGITS = 6
LIFETIME_SECONDS = 24 * 3600
"""Seconds for which a PIN is valid (B98)."""
MAX_GUESSES = 5
"""Guesses at one PIN, by all browsers together."""
MAX_CONSECUTIVE_WRONG = 100
"""Consecutive wrong PINs of an account, after which another sign-in must succeed (NIST SP 800-63B-4, 3.2.2)."""
KEEP_DEAD_SECONDS = 30 * 24 * 3600
"""Seconds for which a dead PIN is stored."""
SEPARATORS = " -\u2010\u2011\u2012\u2013\u00a0\u2009\u202f"
"""Characters by which people group digits. Phones replace a hyphen by similar characters."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The newest PIN of an account, as it is stored."""

    generation: str
    """A ULID. Each new PIN has another one."""
    pepper_id: str
    """The id of the PIN key with which the hash was made."""
    salt: bytes = field(repr=False)
    hash: bytes = field(repr=False)
    epoch: int
    """The account's epoch when the PIN was created."""
    expires_at: int
    """Unix seconds at which the PIN is no longer valid."""


def parse_digits(text: str) -> str:
    """Return the six digits of a typed PIN: `123456` for `123 456`, `123-456` or full-width digits.

    :raises PinMissing: the text has no character but separators.
    :raises PinMalformed: the text is not six digits.
    """
    digits = "".join(character for character in text.strip() if character not in SEPARATORS)
    if not digits:
        raise PinMissing
    if len(digits) != DIGITS or not all(character.isdecimal() for character in digits):
        raise PinMalformed
    return "".join(str(unicodedata.decimal(digit)) for digit in digits)
