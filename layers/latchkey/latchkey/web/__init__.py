"""HTTP for the client's functions: parses events, builds responses, maps refusals. Makes no decisions."""

from latchkey.http.requests import Request
from latchkey.http.responses import Response, html_page, json_response, see_other
from latchkey.web.authorizer import answer_for
from latchkey.web.dispatch import handler_for
from latchkey.web.documents import session_document
from latchkey.web.responses import signed_in_response
from latchkey.web.worker import (
    EventFailed,
    JobResult,
    RetryLater,
    eventbridge_handler,
    now_ms_of,
    sqs_handler,
    stream_handler,
)

__all__ = [
    "EventFailed",
    "JobResult",
    "Request",
    "Response",
    "RetryLater",
    "answer_for",
    "eventbridge_handler",
    "handler_for",
    "html_page",
    "json_response",
    "now_ms_of",
    "see_other",
    "session_document",
    "signed_in_response",
    "sqs_handler",
    "stream_handler",
]
