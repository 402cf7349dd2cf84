"""Limits of the texts that clinicians write, the same for the JSON API and the console.

Text for a letter or a page has no control characters, so that it cannot change the text around it.
"""

import re
from typing import Literal

LINE = r"^[^\x00-\x1F\x7F-\x9F\u2028-\u202E\u2066-\u2069]*$"
"""One line of text, without control characters and without controls of the writing direction."""
LINES = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069]*$"
LOCAL_PART = r"^[A-Za-z0-9]([A-Za-z0-9_+-]|\.[A-Za-z0-9_+-]){0,62}$"

ULID = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"

MAX_EMAILS = 10
MAX_ITEMS = 50
MAX_NAME = 200
MAX_LINE = 150
MAX_TEXT = 2000
MAX_PHONE = 40
MAX_ITEM = 200
MAX_STREET = 300
MAX_URL = 2000

type TextKind = Literal["name", "line", "text", "phone", "item", "street", "url"]

_LIMITS: dict[TextKind, tuple[int, int, str]] = {
    "name": (1, MAX_NAME, LINE),
    "line": (0, MAX_LINE, LINE),
    "text": (0, MAX_TEXT, LINES),
    "phone": (0, MAX_PHONE, LINE),
    "item": (1, MAX_ITEM, LINE),
    "street": (0, MAX_STREET, LINES),
    "url": (0, MAX_URL, LINE),
}

type TextProblem = Literal["empty", "long", "characters"]


def problem(text: str, kind: TextKind) -> TextProblem | None:
    """Return the reason why a text cannot be used. None if it can."""
    min_length, max_length, pattern = _LIMITS[kind]
    if len(text.strip()) < min_length:
        return "empty"
    if len(text) > max_length:
        return "long"
    return None if re.fullmatch(pattern, text) else "characters"
