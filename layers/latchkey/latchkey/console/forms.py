"""Forms of the console: the fields that were sent, with the limits that the JSON API has for the same values."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from latchkey.console import multipart
from latchkey.console.multipart import Part
from latchkey.http.requests import FORM, Request
from latchkey.rules import text_limits
from latchkey.rules.items import SharedItem
from latchkey.rules.refusals import BodyInvalid

MAX_BODY_BYTES = 32 * 1024
MAX_FIELDS = 120
FILE_ROUTES = ("/admin/{practice}/brand/logo", "/admin/{practice}/imports/check", "/admin/{practice}/imports")
"""Routes whose form has a file, or the rows of one."""
MAX_FILE_BYTES = 10 * 1024 * 1024
"""API Gateway passes no more. The use case says how large a file may be."""
FORM_ID_FIELD = "form"


@dataclass(frozen=True, slots=True)
class SentForm:
    """The fields of a form. A field can be there several times, as the boxes of a group are."""

    pairs: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    """The files that were sent, by the name of their field."""

    def text(self, name: str) -> str:
        """Return one field without spaces around it. "" if it is missing.

        :raises BodyInvalid: it is there twice.
        """
        values = self.every(name)
        if len(values) > 1:
            raise BodyInvalid
        return values[0].strip() if values else ""

    def every(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return tuple(value for sent, value in self.pairs if sent == name)

    def file(self, name: str) -> bytes:
        """Return the content of a file. It is empty if none was chosen.

        :raises BodyInvalid: there are several.
        """
        contents = [content for sent, content in self.files if sent == name]
        if len(contents) > 1:
            raise BodyInvalid
        return contents[0] if contents else b""

    def is_checked(self, name: str) -> bool:
        """Return True if a box is ticked."""
        return bool(self.text(name))

    def lines(self, name: str) -> tuple[str, ...]:
        """Return the lines of a field that are not empty."""
        return tuple(line.strip() for line in self.text(name).splitlines() if line.strip())

    @property
    def typed(self) -> tuple[tuple[str, str], ...]:
        """The fields without the token."""
        return tuple(pair for pair in self.pairs if pair[0] != FORM_ID_FIELD)

    @property
    def resendable(self) -> tuple[tuple[str, str], ...]:
        """The fields that a page can send again: what was typed, and files of text in UTF-8."""
        return (*self.typed, *((name, text) for name, content in self.files if (text := _text(content))))

    def content(self, name: str) -> bytes:
        """Return the content of a file, or the text that a page has kept of it. It is empty if none was chosen.

        :raises BodyInvalid: there are several.
        """
        texts = self.every(name)
        if len(texts) + len(self.files) > 1:
            raise BodyInvalid
        return texts[0].encode() if texts else self.file(name)

    def checked_text(self, name: str, kind: text_limits.TextKind) -> str:
        """Return one field that keeps the limits of its kind.

        :raises BodyInvalid: it does not. The refusal names the field.
        """
        value = self.text(name)
        if problem := text_limits.problem(value, kind):
            raise BodyInvalid(((name, problem),))
        return value

    def items(self, name: str) -> tuple[SharedItem, ...]:
        """Return the shared items of a field, with one title a line.

        :raises BodyInvalid: there are too many, or a page cannot show one of them.
        """
        lines = self.lines(name)
        if len(lines) > text_limits.MAX_ITEMS or any(text_limits.problem(line, "item") for line in lines):
            raise BodyInvalid(((name, "items"),))
        return tuple(SharedItem(line) for line in lines)


def _text(content: bytes) -> str | None:
    """Return the text of a file. None if it is not in UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def parse(request: Request) -> SentForm:
    """Return the form in a request's body.

    :raises BodyTooLarge: it has more than `MAX_BODY_BYTES` bytes, or `MAX_FILE_BYTES` if it may have a file.
    :raises BodyInvalid: it is no form in UTF-8.
    """
    takes_file = request.route in FILE_ROUTES
    body = request.body_bytes(MAX_FILE_BYTES if takes_file else MAX_BODY_BYTES)
    content_type = request.headers.get("content-type", "")
    media = content_type.lower().partition(";")[0].strip()
    if takes_file and media == multipart.MEDIA_TYPE:
        return _with_files(multipart.parse(content_type, body))
    if body and media != FORM:
        raise BodyInvalid
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BodyInvalid from None
    return SentForm(tuple((name, value.replace("\r\n", "\n")) for name, value in pairs))


def _with_files(parts: Iterable[Part]) -> SentForm:
    pairs, files = [], []
    for part in parts:
        if part.is_file:
            files.append((part.name, part.content))
            continue
        try:
            pairs.append((part.name, part.content.decode().replace("\r\n", "\n")))
        except UnicodeDecodeError:
            raise BodyInvalid from None
    return SentForm(tuple(pairs), tuple(files))
