"""Notices of other services: the text that one may have, and the path that its button may open (B215, B216).

A service names an account. It never learns the address, the language or the consent of the person.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from latchkey.rules.languages import DEFAULT_LANGUAGE, LANGUAGES, Language
from latchkey.rules.text_limits import LINE, ULID
from latchkey.rules.times import Millis
from latchkey.rules.web_addresses import is_return_path

MAX_SUBJECT = 150
MAX_LINES = 6
MAX_LINE = 300
MAX_PATH = 200
"""Characters of a path. A person who has to sign in first carries it in `sign-in?to=`."""

REQUIRED_LANGUAGES: tuple[Language, ...] = ("en", "es")
"""The languages that a notice must have. A language that is added later is optional, because services that already run
do not send it."""

ID = re.compile(r"[A-Za-z0-9._:=+/-]{1,100}")
"""An id that the service chooses. A request id of API Gateway ends with `=`."""
HTML = re.compile(r"<[A-Za-z/!?]|&(#\d+|#[xX][0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);")
"""The beginning of a tag or comment, or a character reference."""
WEB_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|\bwww\.", re.IGNORECASE)
"""The beginning of a web address. Mail programs would make a link of it."""

type RefusalCode = Literal[
    "not_a_notice",
    "too_long",
    "not_plain_text",
    "path_refused",
    "practice_unknown",
    "account_unknown",
    "id_reused",
    "too_many",
]
"""The reason why a message of another service is never sent."""

REFUSAL_CODES: tuple[RefusalCode, ...] = get_args(RefusalCode.__value__)


class NoticeRefused(Exception):
    """A message that is never sent. It does not go back to the queue."""

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class ServiceNotice:
    """A notice that another service asks for."""

    practice: str
    account: str
    """The ULID of the account."""
    id: str
    """An id that the practice's other notices do not have."""
    path: str
    """The path of this host that the button opens."""
    subjects: Mapping[Language, str] = field(repr=False)
    lines: Mapping[Language, tuple[str, ...]] = field(repr=False)
    requested_at_ms: Millis
    """Unix milliseconds of the first try."""

    def at(self, requested_at_ms: int) -> "ServiceNotice":
        """Return the same notice, as if it was first tried at another time."""
        return replace(self, requested_at_ms=Millis(requested_at_ms))


def parse(body: str, now_ms: Millis) -> ServiceNotice:
    """Return the notice in a message.

    A message that was queued again has the time of its first try. For a new message, that time is now.

    :raises NoticeRefused: the message holds no notice, or one that may not be sent.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise NoticeRefused("not_a_notice") from None
    if not isinstance(fields, dict):
        raise NoticeRefused("not_a_notice")
    practice, account, notice_id, path = (_text(fields, name) for name in ("practice", "account", "id", "path"))
    if not re.fullmatch(ULID, account) or not ID.fullmatch(notice_id):
        raise NoticeRefused("not_a_notice")
    if len(path) > MAX_PATH or not is_return_path(path, practice):
        raise NoticeRefused("path_refused")
    requested_at_ms = fields.get("requested_at_ms", now_ms)
    if type(requested_at_ms) is not int:
        raise NoticeRefused("not_a_notice")
    sent = {language: _sent_language(fields, language) for language in LANGUAGES}
    return ServiceNotice(
        practice,
        account,
        notice_id,
        path,
        {language: _line(_text(fields, f"subject_{sent[language]}"), MAX_SUBJECT) for language in LANGUAGES},
        {language: _lines(fields.get(f"lines_{sent[language]}")) for language in LANGUAGES},
        Millis(min(requested_at_ms, now_ms)),
    )


def to_body(notice: ServiceNotice) -> str:
    """Return the message of a notice, to be queued again."""
    fields: dict[str, object] = {
        name: getattr(notice, name) for name in ("practice", "account", "id", "path", "requested_at_ms")
    }
    for language in LANGUAGES:
        fields |= {f"subject_{language}": notice.subjects[language], f"lines_{language}": notice.lines[language]}
    return json.dumps(fields)


def _sent_language(fields: Mapping[str, Any], language: Language) -> Language:
    """Return the language whose words a person reads: their own, or the default if the service does not send it."""
    is_sent = f"subject_{language}" in fields or f"lines_{language}" in fields
    return language if is_sent or language in REQUIRED_LANGUAGES else DEFAULT_LANGUAGE


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise NoticeRefused("not_a_notice")
    return value


def _lines(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(line, str) for line in value):
        raise NoticeRefused("not_a_notice")
    if len(value) > MAX_LINES:
        raise NoticeRefused("too_long")
    return tuple(_line(line, MAX_LINE) for line in value)


def _line(text: str, max_length: int) -> str:
    """Return one line of plain text, without white space at its ends."""
    if len(text) > max_length:
        raise NoticeRefused("too_long")
    if not re.fullmatch(LINE, text) or not _is_encodable(text) or HTML.search(text) or WEB_ADDRESS.search(text):
        raise NoticeRefused("not_plain_text")
    if not text.strip():
        raise NoticeRefused("not_a_notice")
    return text.strip()


def _is_encodable(text: str) -> bool:
    """Return False for half of a surrogate pair, which JSON can hold and UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
