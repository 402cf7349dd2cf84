"""What API Gateway hands us (HTTP API, payload format 2.0), made safe to look at."""

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import BodyInvalid, BodyTooLarge, PageUnknown

if TYPE_CHECKING:
    from latchkey.rules.sources import Source

MAX_BODY_BYTES = 8 * 1024
"""Bytes; the longest honest form is one address."""
MAX_FIELDS = 20

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PROBLEM = "application/problem+json"
JSON_ONLY_ROUTES = ("/{practice}/session", "/healthz")
"""Routes that only programs ask for."""
UTF_8 = ("", "utf-8", "utf8")
COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 6265, section 4.1.1 (RFC 2616, section 2.2)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, with the one reading of the clock that everything about it shares."""

    method: str
    route: str
    """The template's path, such as `/{practice}/sign-in`, or `$default`."""
    path: str = field(repr=False)
    path_parameters: Mapping[str, str] = field(repr=False)
    raw_query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    cookies: Sequence[tuple[str, str]] = field(repr=False)
    """Name and value of each cookie, in the order in which they were sent."""
    raw_body: str = field(repr=False)
    is_base64: bool
    """Whether API Gateway wrote the body as base64."""
    source_ip: str = field(repr=False)
    """The address it came from, as API Gateway saw it."""
    host: str
    now_ms: int
    """Unix milliseconds."""
    support_code: str
    """API Gateway's id of the request, the support code: on pages, in the audit and in the log."""
    origin: str = ""
    """`https://host` of the portal."""
    practice: Practice | None = None
    language: Language = DEFAULT_LANGUAGE

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.now_ms // 1000

    @property
    def source(self) -> "Source":
        """The source as rate limits count it."""
        from latchkey.rules import sources  # 3 ms that only functions with rate limits pay for

        return sources.parse(self.source_ip)

    @property
    def practice_or_404(self) -> Practice:
        """The practice whose portal this is.

        :raises PageUnknown: the path names none.
        """
        if self.practice is None:
            raise PageUnknown
        return self.practice

    def portal_path(self, page: str) -> str:
        """The path of a page of this practice's portal."""
        return f"/{self.practice_or_404.slug}/{page}"

    @property
    def is_prefetch(self) -> bool:
        """Whether the browser only guesses that someone may want this."""
        hints = (self.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
        return any("prefetch" in hint.lower() or "preview" in hint.lower() for hint in hints)

    @property
    def counts_as_activity(self) -> bool:
        """Whether someone wants to see the answer: a HEAD shows nothing, and who prefetches only guesses."""
        return self.method != "HEAD" and not self.is_prefetch

    @property
    def wants_json(self) -> bool:
        """Whether the answer is for a program."""
        accepted = (part.split(";")[0].strip().lower() for part in self.headers.get("accept", "").split(","))
        return self.route in JSON_ONLY_ROUTES or any(media in (JSON, PROBLEM) for media in accepted)

    @property
    def sends_json(self) -> bool:
        """Whether the body says it is JSON."""
        return self._media()[0] == JSON

    def query_value(self, name: str) -> str | None:
        """One value from the query string.

        :raises BodyInvalid: it is given twice, or cannot be read.
        """
        return _single(_pairs(self.raw_query), name)

    def cookie(self, name: str) -> str | None:
        """A cookie's value; None where there is not exactly one of that name."""
        values = [value for sent, value in self.cookies if sent == name]
        return values[0] if len(values) == 1 else None

    def has_cookie(self, name: str) -> bool:
        """Whether the browser sent a cookie of that name at all."""
        return any(sent == name for sent, _ in self.cookies)

    def form_value(self, name: str) -> str:
        """One field of the form or JSON document, "" where it is missing.

        :raises BodyInvalid: the body is not what it says it is, or gives the field twice.
        """
        if self.sends_json:
            return _as_field(self.json_object().get(name))
        return _single(self._form(), name) or ""

    def body_bytes(self, most: int = MAX_BODY_BYTES) -> bytes:
        """What was sent, up to so many bytes.

        :raises BodyTooLarge: before anything of it is parsed.
        :raises BodyInvalid: what should be base64 is not.
        """
        if len(self.raw_body) > (most * 4 // 3 + 4 if self.is_base64 else most):
            raise BodyTooLarge
        try:
            body = base64.b64decode(self.raw_body, validate=True) if self.is_base64 else self.raw_body.encode()
        except ValueError:
            raise BodyInvalid from None
        if len(body) > most:
            raise BodyTooLarge
        return body

    def json_object(self, most: int = MAX_BODY_BYTES) -> dict[str, Any]:
        """The JSON object that was sent, in up to so many bytes; an empty one for nothing.

        :raises BodyTooLarge: before anything of it is parsed.
        :raises BodyInvalid: it is none, or names something in it twice.
        """
        if self._media()[1] not in UTF_8:
            raise BodyInvalid
        try:
            document = json.loads(self.body_bytes(most).decode() or "{}", object_pairs_hook=_unique)
        except (ValueError, RecursionError):
            raise BodyInvalid from None
        if not isinstance(document, dict):
            raise BodyInvalid
        return document

    def _form(self) -> list[tuple[str, str]]:
        media, charset = self._media()
        body = self.body_bytes()
        if not body and not media:
            return []
        if media != FORM or charset not in UTF_8:
            raise BodyInvalid
        try:
            return _pairs(body.decode())
        except UnicodeDecodeError:
            raise BodyInvalid from None

    def _media(self) -> tuple[str, str]:
        """Media type and charset of the body, in lower case."""
        media, *parameters = self.headers.get("content-type", "").lower().split(";")
        charset = ""
        for parameter in parameters:
            name, _, value = parameter.strip().partition("=")
            if name == "charset":
                charset = value.strip('"')
        return media.strip(), charset


def parse_event(event: Mapping[str, Any]) -> Request:
    """The request in an event, nothing of its body parsed yet."""
    context = event["requestContext"]
    http = context["http"]
    route = str(event.get("routeKey", "$default"))
    return Request(
        method=str(http["method"]).upper(),
        route=route.partition(" ")[2] or route,
        path=str(event.get("rawPath", "/")),
        path_parameters=event.get("pathParameters") or {},
        raw_query=str(event.get("rawQueryString", "")),
        headers={str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()},
        cookies=tuple(_cookies(event.get("cookies") or ())),
        raw_body=event.get("body") or "",
        is_base64=bool(event.get("isBase64Encoded")),
        source_ip=str(http.get("sourceIp", "")),
        host=str(context.get("domainName", "")).lower(),
        now_ms=int(context["timeEpoch"]),
        # without the sign that API Gateway's ids end in, and nobody wants to spell on the phone
        support_code=str(context.get("requestId", "")).rstrip("="),
    )


def _cookies(sent: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Name and value of each cookie whose name is a token.

    Only spaces and tabs around a cookie are trimmed, as RFC 6265 has it. `str.strip` would take away 25 characters
    more, and a neighbouring host can set a cookie in whose name they stand before `__Host-`.
    """
    for cookie in sent:
        name, separator, value = cookie.strip(" \t").partition("=")
        if separator and COOKIE_NAME.fullmatch(name):
            yield name, value


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BodyInvalid from None


def _single(pairs: Sequence[tuple[str, str]], name: str) -> str | None:
    values = [value for field, value in pairs if field == name]
    if len(values) > 1:
        raise BodyInvalid
    return values[0] if values else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without the doubt of which of two equal names counts."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise BodyInvalid
    return dict(pairs)


def _as_field(value: Any) -> str:
    """A JSON value as a form would have sent it."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if not isinstance(value, str):
        raise BodyInvalid
    try:
        value.encode()
    except UnicodeEncodeError:
        # JSON can spell half a character
        raise BodyInvalid from None
    return value
