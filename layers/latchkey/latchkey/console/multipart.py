"""Forms with a file, as browsers send them (RFC 7578)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from latchkey.rules.refusals import BodyInvalid

MEDIA_TYPE = "multipart/form-data"
MAX_PARTS = 20
MAX_HEAD_BYTES = 2048
BOUNDARY = re.compile(r"""boundary=(?:"([^"\r\n]{1,70})"|([^;,\s"]{1,70}))\s*(?:;|$)""", re.IGNORECASE)
NAME = re.compile(r""";\s*name="([A-Za-z0-9_-]{1,40})"\s*(?:;|$)""", re.IGNORECASE)
FILENAME = re.compile(r";\s*filename\*?=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form."""

    name: str
    content: bytes = field(repr=False)
    is_file: bool


def parse(content_type: str, body: bytes) -> tuple[Part, ...]:
    """Return the fields of a form. The names and types of files are not read, because anybody can write them.

    :raises BodyInvalid: the body has not this format, or too many fields.
    """
    found = BOUNDARY.search(content_type)
    if found is None:
        raise BodyInvalid
    delimiter = b"\r\n--" + (found[1] or found[2]).encode()
    first, *parts = (b"\r\n" + body).split(delimiter, MAX_PARTS + 1)
    if first or not parts or len(parts) > MAX_PARTS + 1 or not parts[-1].startswith(b"--"):
        raise BodyInvalid
    return tuple(_parts(parts[:-1]))


def _parts(parts: list[bytes]) -> Iterator[Part]:
    for part in parts:
        head, separator, content = part.partition(b"\r\n\r\n")
        if not separator or len(head) > MAX_HEAD_BYTES:
            raise BodyInvalid
        disposition = _disposition(head)
        named = NAME.search(disposition)
        if named is None:
            raise BodyInvalid
        yield Part(named[1], content, is_file=FILENAME.search(disposition) is not None)


def _disposition(head: bytes) -> str:
    """Return the header `Content-Disposition` of a field. The name of a file can hold any character."""
    for line in head.split(b"\r\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        if name.strip().lower() == "content-disposition" and value.strip().lower().startswith("form-data"):
            return value
    raise BodyInvalid
