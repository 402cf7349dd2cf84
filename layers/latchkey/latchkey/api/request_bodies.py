"""The JSON object in a request's body, with limits of size and depth."""

import json
from collections.abc import Iterable
from typing import Any

from latchkey.http.requests import Request
from latchkey.rules.refusals import BodyInvalid

MAX_BODY_BYTES = 32 * 1024
"""Limit of a clinician's request. The longest legitimate body is a practice's own wording."""
MAX_BODY_DEPTH = 8
"""Limit of nested objects and lists. The API needs three levels."""


def parse(request: Request) -> dict[str, Any] | None:
    """Return the JSON object in the body. None for an empty body or JSON's null.

    :raises BodyTooLarge: the body is longer than `MAX_BODY_BYTES`. Nothing of it is parsed.
    :raises BodyInvalid: it is not a JSON object in UTF-8, has a field twice, or has too many levels.
    """
    if request.body_bytes(MAX_BODY_BYTES).strip() in (b"", b"null"):
        return None
    if "content-type" in request.headers and not request.sends_json:
        raise BodyInvalid((("header.content-type", "Send JSON, and say that it is"),))
    try:
        document = request.json_object(MAX_BODY_BYTES)
        # JSON can contain half of a surrogate pair.
        json.dumps(document, ensure_ascii=False).encode()
    except (BodyInvalid, UnicodeEncodeError):
        raise BodyInvalid((("body", "This is not a JSON object in UTF-8 that names everything once"),)) from None
    level: list[Any] = [document]
    for _ in range(MAX_BODY_DEPTH):
        level = [child for value in level for child in _children(value)]
    if level:
        raise BodyInvalid((("body", "This goes too deep"),))
    return document


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
