"""Idempotency keys: a request that is sent twice runs once and gets the same response twice."""

from collections.abc import Callable

from latchkey import keys, log, tokens
from latchkey.store import idempotency
from latchkey.store.dynamodb import OUTAGES
from latchkey.store.idempotency import StoredResponse
from latchkey.usecases.context import RequestContext


def run_once(
    context: RequestContext,
    key: str,
    request: tuple[str, ...],
    respond: Callable[[], StoredResponse],
    to_store: Callable[[StoredResponse], StoredResponse] = lambda response: response,
) -> tuple[StoredResponse, bool]:
    """Return the response that is stored under the clinician's key, and True.

    Otherwise call `respond`, store what `to_store` makes of its response, and return the response and False. `request`
    identifies the request, by its method, path and body for example.

    :raises IdempotencyInProgress: the first request with this key has not ended.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    # Save the key before acting, so that two parallel requests with one key cannot both act. A refusal frees the key.
    # A crash leaves it in progress. It expires after 30 s, longer than the function can run (10 s).
    # If saving the response fails, return it all the same: the mail is queued, and an error would send it twice.
    ring = keys.lookup()
    record_key = tokens.opaque_key(ring, "send", context.slug, context.clinician.subject, key)
    stored = idempotency.save_in_progress(record_key, tokens.opaque_key(ring, "sent", *request), context.now)
    if stored:
        return stored, True
    is_done = False
    try:
        response = respond()
        is_done = True
    finally:
        if not is_done:
            idempotency.delete_record(record_key)
    try:
        idempotency.save_success(record_key, to_store(response), context.now)
    except OUTAGES as outage:
        log.log_fault(outage, context.support_code)
    return response, False
