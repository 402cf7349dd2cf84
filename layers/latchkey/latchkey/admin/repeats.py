"""Idempotency keys: a send that is repeated happens once, and is answered the same way."""

import json
import re
from collections.abc import Callable
from typing import Any

from latchkey import keys, tokens
from latchkey.admin.acts import Act
from latchkey.rules.refusals import BodyInvalid
from latchkey.store import replays
from latchkey.store.tables import OUTAGES
from latchkey.web import log
from latchkey.web.answers import Response
from latchkey.web.requests import JSON

HEADER = "idempotency-key"
LONGEST = 200
KEY = re.compile(f"[!-~]{{1,{LONGEST}}}")


def once(act: Act, body: dict[str, Any] | None, answer: Callable[[], Response]) -> Response:
    """The answer; without a key, or with one that is new, by doing what is asked. Only a yes is kept: whoever was
    refused may try again.

    :raises InProgress, KeyReused: the key is taken.
    :raises BodyInvalid: it is not one.
    """
    key = act.request.headers.get(HEADER)
    if key is None:
        return answer()
    if not KEY.fullmatch(key):
        raise BodyInvalid(((f"header.{HEADER}", f"A key has 1 to {LONGEST} visible ASCII characters"),))
    ring, asked = keys.lookup(), json.dumps(body, sort_keys=True)
    place = tokens.bucket(ring, "send", act.slug, act.clinician.subject, key)
    known = replays.begin(place, tokens.bucket(ring, "sent", act.request.method, act.request.path, asked), act.now)
    if known:
        return Response(known.status, known.body, JSON)
    done = False
    try:
        response = answer()
        done = True
    finally:
        if not done:
            replays.release(place)
    try:
        replays.keep(place, replays.Answer(response.status, response.body), act.now)
    except OUTAGES as outage:
        # it has happened, and saying otherwise would make it happen twice
        log.failed(outage, act.request.reference)
    return response
