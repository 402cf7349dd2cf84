"""The address that was typed in this browser, as long as pages show it (B140)."""

from dataclasses import dataclass, field

from latchkey.http.requests import Request
from latchkey.rules import addresses
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.practices import UnknownAddressPolicy
from latchkey.rules.refusals import EmailMalformed, EmailMissing, Refusal
from latchkey.store import accounts
from latchkey.store.dynamodb import OUTAGES
from latchkey.web import cookies
from latchkey.web.cookies import Typed


@dataclass(frozen=True, slots=True)
class TypedAddress:
    """The address of the last request for a link in this browser, as a page may show it."""

    address: str = field(default="", repr=False)
    """The address as typed. "" if it must not be shown."""
    used: bool = False
    """True if someone has signed in with it since."""
    links: int = 0
    """Number of links that this browser requested for it. 0 if it was only typed."""
    requested_at: int = 0
    """Unix seconds of the last of these requests."""
    language: Language = DEFAULT_LANGUAGE
    """The language of the letter with the last link."""


def typed_address(request: Request) -> TypedAddress:
    """Return the typed address. It is shown for half an hour, because the next user of the computer must not read it.

    If the practice tells people whether an address is on file, a sign-in with it on any device ends this earlier.
    Otherwise only time ends it, because a page that changed would show a stranger that the address is on file.
    """
    typed = cookies.typed(request)
    if typed is None:
        return TypedAddress()
    if request.practice_or_404.unknown_address is not UnknownAddressPolicy.TELL:
        return _shown(typed)
    try:
        used = _signed_in_since(request, typed)
    except (Refusal, *OUTAGES):
        # A sign-in may have happened, so the address is not shown.
        return TypedAddress()
    return TypedAddress(used=True) if used else _shown(typed)


def _shown(typed: Typed) -> TypedAddress:
    return TypedAddress(
        typed.address, links=typed.links, requested_at=typed.typed_at if typed.links else 0, language=typed.language
    )


def _signed_in_since(request: Request, typed: Typed) -> bool:
    try:
        address = addresses.canonical(typed.address)
    except (EmailMissing, EmailMalformed):
        # Nobody can sign in with it, so the form shows it again to be corrected.
        return False
    account = accounts.find(accounts.key_of(request.practice_or_404.slug, address))
    return account is not None and (account.last_sign_in_at or 0) >= typed.typed_at
