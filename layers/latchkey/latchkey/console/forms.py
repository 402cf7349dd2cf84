"""Forms of the console: the fields that were sent, with the limits that the JSON API has for the same values."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from latchkey.http.requests import FORM, Request
from latchkey.rules import text_limits
from latchkey.rules.items import SharedItem
from latchkey.rules.refusals import BodyInvalid

MAX_BODY_BYTES = 32 * 1024
MAX_FIELDS = 120
FORM_ID_FIELD = "form"


@dataclass(frozen=True, slots=True)
class SentForm:
    """The fields of a form. A field can be there several times, as the boxes of a group are."""

    pairs: tuple[tuple[str, str], ...] = field(default=(), repr=False)

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


def parse(request: Request) -> SentForm:
    """Return the form in a request's body.

    :raises BodyTooLarge: it has more than `MAX_BODY_BYTES` bytes.
    :raises BodyInvalid: it is no form in UTF-8.
    """
    body = request.body_bytes(MAX_BODY_BYTES)
    media = request.headers.get("content-type", "").lower().partition(";")[0].strip()
    if body and media != FORM:
        raise BodyInvalid
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BodyInvalid from None
    return SentForm(tuple((name, value.replace("\r\n", "\n")) for name, value in pairs))
