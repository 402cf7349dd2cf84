"""The door: events in, answers out, nothing decided."""

from latchkey.web.answers import Response, json_document, page, see_other, session_document, signed_in
from latchkey.web.authorizer import asks_to_authorize, authorize
from latchkey.web.entry import entry
from latchkey.web.requests import Request
from latchkey.web.worker import EventFailed, NotNow, Outcome, listener, worker

__all__ = [
    "EventFailed",
    "NotNow",
    "Outcome",
    "Request",
    "Response",
    "asks_to_authorize",
    "authorize",
    "entry",
    "json_document",
    "listener",
    "page",
    "see_other",
    "session_document",
    "signed_in",
    "worker",
]
