"""Idempotency keys: a send that is repeated happens once, and is answered the same way."""

import json
import re
from collections.abc import Callable
from typing import Any

from latchkey import keys, tokens
from latchkey.api.context import RequestContext
from latchkey.rules.refusals import BodyInvalid
from latchkey.store import idempotency
from latchkey.store.dynamodb import OUTAGES
from latchkey.web import log
from latchkey.web.requests import JSON
from latchkey.web.responses import Response

HEADER = "idempotency-key"
MAX_KEY_LENGTH = 200
KEY_PATTERN = re.compile(f"[!-~]{{1,{MAX_KEY_LENGTH}}}")


def run_once(act: RequestContext, body: dict[str, Any] | None, answer: Callable[[], Response]) -> Response:
    """The answer; without a key, or with one that is new, by doing what is asked. Only a yes is kept: whoever was
    refused may try again.

    :raises InProgress, KeyReused: the key is taken.
    :raises BodyInvalid: it is not one.
    """
    key = act.request.headers.get(HEADER)
    if key is None:
        return answer()
    if not KEY_PATTERN.fullmatch(key):
        raise BodyInvalid(((f"header.{HEADER}", f"A key has 1 to {MAX_KEY_LENGTH} visible ASCII characters"),))
    ring, asked = keys.lookup(), json.dumps(body, sort_keys=True)
    place = tokens.opaque_key(ring, "send", act.slug, act.clinician.subject, key)
    known = idempotency.save_in_progress(
        place, tokens.opaque_key(ring, "sent", act.request.method, act.request.path, asked), act.now
    )
    if known:
        return Response(known.status, known.body, JSON)
    done = False
    try:
        response = answer()
        done = True
    finally:
        if not done:
            idempotency.delete_record(place)
    try:
        idempotency.save_success(place, idempotency.StoredResponse(response.status, response.body), act.now)
    except OUTAGES as outage:
        # it has happened, and saying otherwise would make it happen twice
        log.log_fault(outage, act.request.support_code)
    return response
