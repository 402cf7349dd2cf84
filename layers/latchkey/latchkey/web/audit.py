"""Audit events of a client's request, with the support code that the page shows."""

from latchkey.http.requests import Request
from latchkey.rules.accounts import AccountKey
from latchkey.rules.events import Event, EventKind
from latchkey.rules.limits import POLICIES, WRONG_PINS_PER_ADDRESS, Scope
from latchkey.rules.refusals import PinLocked, RateLimited
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.store import events

SOURCE_LIMITS = {policy.limit.name for policy in POLICIES if policy.scope in (Scope.SOURCE, Scope.NETWORK)}
"""Limits that write no audit event, so that a flood of requests does not flood the audit log."""


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


def limit_reached(
    request: Request, account_key: AccountKey, method: SignInMethod, limited: RateLimited
) -> RateLimited | PinLocked:
    """Write one audit event that a limit is reached, and return the refusal for the person.

    `SOURCE_LIMITS` write no event.
    """
    if limited.limit in SOURCE_LIMITS:
        return limited
    is_pin_lock = limited.limit == WRONG_PINS_PER_ADDRESS.limit.name
    kind = EventKind.PIN_LOCKED if is_pin_lock else EventKind.LIMIT_HIT
    append(request, account_key, kind, method, limited.limit)
    refusal = PinLocked(limited.until) if is_pin_lock else limited
    return refusal.audited_as(request.support_code)
