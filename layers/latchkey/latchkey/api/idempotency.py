"""The `Idempotency-Key` header."""

import json
import re
from collections.abc import Callable
from typing import Any

from latchkey.http.requests import Request
from latchkey.rules.refusals import BodyInvalid
from latchkey.store.idempotency import StoredResponse
from latchkey.usecases import idempotency
from latchkey.usecases.context import RequestContext

HEADER = "idempotency-key"
MAX_KEY_LENGTH = 200
KEY_PATTERN = re.compile(f"[!-~]{{1,{MAX_KEY_LENGTH}}}")


def run_once(
    request: Request,
    context: RequestContext,
    body: dict[str, Any] | None,
    respond: Callable[[], StoredResponse],
    not_stored: tuple[str, ...] = (),
) -> tuple[StoredResponse, bool]:
    """Return the response to the request. A repeated request with the same key gets the stored response, and True.

    The fields `not_stored` are null in the stored response.

    :raises BodyInvalid: the header is not a key.
    :raises IdempotencyInProgress: the first request with this key has not ended.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return respond(), False
    if not KEY_PATTERN.fullmatch(key):
        raise BodyInvalid(((f"header.{HEADER}", f"A key has 1 to {MAX_KEY_LENGTH} visible ASCII characters"),))
    sent = (request.method, request.path, json.dumps(body, sort_keys=True))

    def to_store(response: StoredResponse) -> StoredResponse:
        if not not_stored:
            return response
        document = json.loads(response.body) | dict.fromkeys(not_stored)
        return StoredResponse(response.status, json.dumps(document, separators=(",", ":")))

    return idempotency.run_once(context, key, sent, respond, to_store)
