"""What a person's request leaves in the audit, under the support code that they were shown."""

from latchkey.rules.events import Event, EventKind
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.store import events
from latchkey.web.requests import Request


def append(request: Request, account: bytes, kind: EventKind, method: SignInMethod, reason: str | None = None) -> None:
    """Write one row about an account, or about the place where an address without one would have it.

    Raises what the store raises when it is out of reach: an effect without its row must not be shown.
    """
    events.append(
        Event(
            request.practice_or_404.slug,
            account,
            kind,
            request.now_ms,
            reason=reason,
            method=method,
            support_code=request.support_code,
        )
    )
