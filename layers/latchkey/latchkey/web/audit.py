"""Audit events of a client's request, with the support code that the page shows."""

from latchkey.http.requests import Request
from latchkey.rules.accounts import AccountKey
from latchkey.rules.events import Event, EventKind
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.store import events


def append(
    request: Request, account_key: AccountKey, kind: EventKind, method: SignInMethod, reason: str | None = None
) -> None:
    """Write one audit event about an account.

    For an address without an account, `account_key` is the key that its account would have. Outages of the store are
    raised, because no response may report an effect without its audit event.
    """
    events.append(
        Event(
            request.practice_or_404.slug,
            account_key,
            kind,
            request.now_ms,
            reason=reason,
            method=method,
            support_code=request.support_code,
        )
    )
