"""The JSON object in a request's body, within our limits of size and depth."""

import json
from collections.abc import Iterable
from typing import Any

from latchkey.rules.refusals import BodyInvalid
from latchkey.web.requests import Request

MAX_BODY_BYTES = 32 * 1024
"""The longest thing that is sent is a practice's own letter."""
MAX_BODY_DEPTH = 8
"""Objects and lists within one another. Three are needed."""


def parse(request: Request) -> dict[str, Any] | None:
    """Return the JSON object that was sent, None for an empty body or JSON's null.

    :raises BodyTooLarge: before anything of it is parsed.
    :raises BodyInvalid: it is not a JSON object in UTF-8, names a field twice, or goes too deep.
    """
    if request.body_bytes(MAX_BODY_BYTES).strip() in (b"", b"null"):
        return None
    if "content-type" in request.headers and not request.sends_json:
        raise BodyInvalid((("header.content-type", "Send JSON, and say that it is"),))
    try:
        document = request.json_object(MAX_BODY_BYTES)
        # JSON can spell half a character
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
