"""App codes, by which a browser hands a sign-in to the app that opened it, within a minute (RFC 8252, RFC 7636)."""

import re
from dataclasses import dataclass, field

from latchkey.rules.accounts import Account, AccountKey
from latchkey.rules.refusals import AppCodeRefused
from latchkey.rules.sign_in_methods import SignInMethod

CODE_SECONDS = 60
"""Seconds in which the app must send the code."""
MAX_TRIES = 5
"""Codes that an app may send for one challenge, right or wrong."""

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""32 bytes in base64url, as S256 makes them (RFC 7636, 4.2)."""
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""A code verifier (RFC 7636, 4.1)."""
STATE = re.compile(r"[A-Za-z0-9._~-]{1,64}")
"""The app's own state. It is a part of links in mail, so it is short."""
CODE = re.compile(r"[A-Za-z0-9_-]{43}")
TYPED = re.compile(r"[0-9A-HJKMNP-TV-Z]{6}")


@dataclass(frozen=True, slots=True)
class AppCode:
    """A code as it is stored, for the challenge of one app."""

    account_key: AccountKey = field(repr=False)
    code: str = field(repr=False)
    """The digest of the code."""
    typed: str = field(repr=False)
    """The keyed digest of the six characters that a person can type instead."""
    epoch: int
    """The account's epoch when the person agreed."""
    session_epoch: int
    method: SignInMethod
    """The sign-in method of the browser's session."""
    expires_at: int
    """Unix seconds."""
    tries: int = 0
    is_used: bool = False
    used_by: str | None = None
    """The id of the attempt that used the code."""

    def is_open(self, now: int) -> bool:
        """Return True if the app may still send the code. `now` is Unix seconds."""
        return not self.is_used and self.expires_at > now and self.tries < MAX_TRIES


def check(code: AppCode, account: Account | None, sent: str, now: int) -> Account:
    """Return the account that a sent code opens. `sent` is the digest of it, `now` is Unix seconds.

    :raises AppCodeRefused: the code is wrong, used or too old, or access has ended since.
    """
    if account is None or not code.is_open(now) or sent not in (code.code, code.typed):
        raise AppCodeRefused
    if not account.may_sign_in or (account.epoch, account.session_epoch) != (code.epoch, code.session_epoch):
        raise AppCodeRefused
    return account


def typed_form(text: str) -> str | None:
    """Return a typed code in capitals without spaces and dashes, or None if the text is not a code.

    Crockford's Base32 reads O as 0, and I and L as 1.
    """
    plain = text.upper().replace(" ", "").replace("-", "").translate(str.maketrans("OIL", "011"))
    return plain if TYPED.fullmatch(plain) else None
