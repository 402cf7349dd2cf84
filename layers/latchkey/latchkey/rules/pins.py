"""A PIN's life: made by a clinician, read out over the phone, typed once; or replaced, expired, guessed at."""

import unicodedata
from dataclasses import dataclass, field

from latchkey.rules.refusals import PinMalformed, PinMissing

DIGITS = 6
LIFETIME_SECONDS = 24 * 3600
"""B98."""
MAX_GUESSES = 5
"""Tries at one PIN in its life, whoever makes them."""
MAX_CONSECUTIVE_WRONG = 100
"""Consecutive wrong PINs of an account before another way in must succeed (NIST SP 800-63B-4, 3.2.2)."""
SWEEP_SECONDS = 30 * 24 * 3600
SEPARATORS = " -\u2010\u2011\u2012\u2013\u00a0\u2009\u202f"
"""How people group digits; phones turn a hyphen into its relatives."""


@dataclass(frozen=True, slots=True)
class Pin:
    """An account's newest PIN, as it is kept."""

    generation: str
    """ULID; each new PIN has another."""
    pepper_id: str
    """Which pepper made the hash."""
    salt: bytes = field(repr=False)
    hash: bytes = field(repr=False)
    epoch: int
    expires_at: int
    """Unix seconds."""


def parse_digits(text: str) -> str:
    """The six digits a person meant: `123 456`, `123-456` and full-width digits are `123456`.

    :raises PinMissing: nothing was typed.
    :raises PinMalformed: not six digits.
    """
    kept = "".join(character for character in text.strip() if character not in SEPARATORS)
    if not kept:
        raise PinMissing
    if len(kept) != DIGITS or not all(character.isdecimal() for character in kept):
        raise PinMalformed
    return "".join(str(unicodedata.decimal(character)) for character in kept)
