"""Units of time: Unix seconds are plain numbers, and Unix milliseconds have a type of their own."""

from typing import NewType

Millis = NewType("Millis", int)
"""Unix milliseconds: the time of a request, an audit event or a mail job."""


def millis(seconds: int) -> Millis:
    """Return Unix seconds in milliseconds."""
    return Millis(seconds * 1000)
