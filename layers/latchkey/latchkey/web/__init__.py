"""HTTP for the client's functions: parses events, builds responses, maps refusals. Makes no decisions."""

from latchkey.web.authorizer import authorize, is_authorizer_event
from latchkey.web.dispatch import handler_for
from latchkey.web.requests import Request
from latchkey.web.responses import Response, html_page, json_response, see_other, session_document, signed_in_response
from latchkey.web.worker import EventFailed, JobResult, RetryLater, eventbridge_handler, sqs_handler, stream_handler

__all__ = [
    "EventFailed",
    "JobResult",
    "Request",
    "Response",
    "RetryLater",
    "authorize",
    "eventbridge_handler",
    "handler_for",
    "html_page",
    "is_authorizer_event",
    "json_response",
    "see_other",
    "session_document",
    "signed_in_response",
    "sqs_handler",
    "stream_handler",
]
