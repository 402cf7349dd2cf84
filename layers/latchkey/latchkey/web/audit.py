"""What a person's request leaves in the audit, under the support code that they were shown."""

from latchkey.rules.events import Event, Kind
from latchkey.store import events
from latchkey.web.requests import Request


def write_down(request: Request, account: bytes, kind: Kind, method: str, reason: str | None = None) -> None:
    """Write one row about an account, or about the place where an address without one would have it.

    Raises what the store raises when it is out of reach: an effect without its row must not be shown.
    """
    events.add(
        Event(
            request.at.slug,
            account,
            kind,
            request.instant,
            reason=reason,
            method=method,
            reference=request.reference,
        )
    )
