"""The address that was typed in this browser, and how long pages show it (B140)."""

from dataclasses import dataclass, field

from latchkey.rules import addresses
from latchkey.rules.practices import UnknownAddressPolicy
from latchkey.rules.refusals import Refusal
from latchkey.store import accounts
from latchkey.store.dynamodb import OUTAGES
from latchkey.web import cookies
from latchkey.web.cookies import Typed
from latchkey.web.requests import Request


@dataclass(frozen=True, slots=True)
class TypedAddress:
    """What a page may show of the last request for a link in this browser."""

    address: str = field(default="", repr=False)
    """As it was typed; "" where none is shown any more."""
    used: bool = False
    """Whether someone has signed in with it since."""


def typed_address(request: Request) -> TypedAddress:
    """The address to show again, for half an hour: the next person at a shared computer does not read whose it is.

    Where the practice tells people whether their address is on file, it ends earlier with a sign-in by it, wherever
    that was. Elsewhere only time ends it: a page that changed would tell a stranger that it is a client's.
    """
    typed = cookies.typed(request)
    if typed is None:
        return TypedAddress()
    if request.practice_or_404.unknown_address is not UnknownAddressPolicy.TELL:
        return TypedAddress(typed.address)
    try:
        used = _signed_in_since(request, typed)
    except (Refusal, *OUTAGES):
        # nobody can tell, so nobody is shown it
        return TypedAddress()
    return TypedAddress(used=True) if used else TypedAddress(typed.address)


def _signed_in_since(request: Request, typed: Typed) -> bool:
    account = accounts.find(accounts.key_of(request.practice_or_404.slug, addresses.canonical(typed.address)))
    return account is not None and (account.last_sign_in_at or 0) >= typed.typed_at
