"""Requests, parsed from events of API Gateway (HTTP API, payload format 2.0)."""

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from latchkey import tokens
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import BodyInvalid, BodyTooLarge, PageUnknown
from latchkey.rules.times import Millis

if TYPE_CHECKING:
    from latchkey.rules.sources import Source

MAX_BODY_BYTES = 8 * 1024
"""Limit of a client's request. The longest legitimate form holds one address."""
MAX_FIELDS = 20

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PROBLEM = "application/problem+json"
JSON_ONLY_ROUTES = ("/{practice}/session", "/{practice}/app/session", "/healthz")
"""Routes without a page."""
JSON_ONLY_PATHS = ("/admin/v1", "/admin/m1")
"""Starts of paths whose responses are problem documents, also where no route is."""
UTF_8 = ("", "utf-8", "utf8")
COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 6265, section 4.1.1 (RFC 2616, section 2.2)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. All code that handles it uses its time."""

    method: str
    route: str
    """The path in the template, such as `/{practice}/sign-in`, or `$default`."""
    path: str = field(repr=False)
    path_parameters: Mapping[str, str] = field(repr=False)
    raw_query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    cookies: Mapping[str, str | None] = field(repr=False)
    """Values by name. None for a name that was sent more than once, because another host may have planted one."""
    raw_body: str = field(repr=False)
    is_base64: bool
    """True if API Gateway encoded the body as base64."""
    source_ip: str = field(repr=False)
    """The sender's IP address, as API Gateway reports it."""
    host: str
    now_ms: Millis
    """Unix milliseconds."""
    support_code: str
    """The name of the request that people can read out (B145). Pages, audit events and the log contain it."""
    request_id: str = ""
    """API Gateway's id of the request. The access log and the log contain it."""
    origin: str = ""
    """`https://host` of the portal."""
    practice: Practice | None = None
    language: Language = DEFAULT_LANGUAGE

    @property
    def now(self) -> int:
        """The time of the request in Unix seconds."""
        return self.now_ms // 1000

    @property
    def source(self) -> "Source":
        """The source for rate limits."""
        from latchkey.rules import sources  # takes 3 ms, so only functions with rate limits import it

        return sources.parse(self.source_ip)

    @property
    def practice_or_404(self) -> Practice:
        """The practice of the portal.

        :raises PageUnknown: the request has no practice.
        """
        if self.practice is None:
            raise PageUnknown
        return self.practice

    def portal_path(self, page: str) -> str:
        """Return the path of a page of this practice's portal."""
        return f"/{self.practice_or_404.slug}/{page}"

    @property
    def is_prefetch(self) -> bool:
        """True if the browser prefetches a page that the person has not asked for."""
        hints = (self.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
        return any("prefetch" in hint.lower() or "preview" in hint.lower() for hint in hints)

    @property
    def counts_as_activity(self) -> bool:
        """True if the request counts as activity. HEAD and prefetch requests do not."""
        return self.method != "HEAD" and not self.is_prefetch

    @property
    def wants_json(self) -> bool:
        """True if the response is JSON instead of a page."""
        accepted = (part.split(";")[0].strip().lower() for part in self.headers.get("accept", "").split(","))
        if self.route in JSON_ONLY_ROUTES or self.path.startswith(JSON_ONLY_PATHS):
            return True
        return any(media in (JSON, PROBLEM) for media in accepted)

    @property
    def sends_json(self) -> bool:
        """True if the request declares a JSON body."""
        return self._media()[0] == JSON

    @property
    def content_type(self) -> tuple[str, str]:
        """The media type and the charset of the body, in lower case. Empty if they are not declared."""
        return self._media()

    def query_value(self, name: str) -> str | None:
        """Return one value of the query string.

        :raises BodyInvalid: the query contains the name twice, or cannot be parsed.
        """
        return _single(_pairs(self.raw_query), name)

    def query_names(self) -> list[str]:
        """Return the names in the query string, each once.

        :raises BodyInvalid: the query cannot be parsed.
        """
        return list(dict.fromkeys(name for name, _ in _pairs(self.raw_query)))

    def form_value(self, name: str) -> str:
        """Return one field of the form or JSON object. "" if it is missing.

        :raises BodyInvalid: the body does not have its declared format, or contains the field twice.
        """
        if self.sends_json:
            return _as_field(self.json_object().get(name))
        return _single(self._form(), name) or ""

    def body_bytes(self, max_bytes: int = MAX_BODY_BYTES) -> bytes:
        """Return the body. Nothing of it is parsed.

        :raises BodyTooLarge: the body has more than `max_bytes` bytes.
        :raises BodyInvalid: the body should be base64 and is not.
        """
        if len(self.raw_body) > (max_bytes * 4 // 3 + 4 if self.is_base64 else max_bytes):
            raise BodyTooLarge
        try:
            body = base64.b64decode(self.raw_body, validate=True) if self.is_base64 else self.raw_body.encode()
        except ValueError:
            raise BodyInvalid from None
        if len(body) > max_bytes:
            raise BodyTooLarge
        return body

    def json_object(self, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
        """Return the JSON object in the body. It is empty for an empty body.

        :raises BodyTooLarge: the body has more than `max_bytes` bytes.
        :raises BodyInvalid: the body is not a JSON object in UTF-8, or an object in it has the same name twice.
        """
        if self._media()[1] not in UTF_8:
            raise BodyInvalid
        try:
            document = json.loads(self.body_bytes(max_bytes).decode() or "{}", object_pairs_hook=_unique)
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
        """Return the media type and charset of the body, in lower case."""
        media, *parameters = self.headers.get("content-type", "").lower().split(";")
        charset = ""
        for parameter in parameters:
            name, _, value = parameter.strip().partition("=")
            if name == "charset":
                charset = value.strip('"')
        return media.strip(), charset


def parse_event(event: Mapping[str, Any]) -> Request:
    """Return the request in an event. Its body is not parsed."""
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
        cookies=_cookies(event.get("cookies") or ()),
        raw_body=event.get("body") or "",
        is_base64=bool(event.get("isBase64Encoded")),
        source_ip=str(http.get("sourceIp", "")),
        host=str(context.get("domainName", "")).lower(),
        now_ms=Millis(int(context["timeEpoch"])),
        support_code=tokens.support_code(str(context.get("requestId", ""))),
        request_id=str(context.get("requestId", "")),
    )


def _cookies(sent: Iterable[str]) -> dict[str, str | None]:
    """Return the values of the cookies whose name is a token. None for a name that was sent more than once.

    Only spaces and tabs around a cookie are trimmed, as in RFC 6265. `str.strip` would trim 25 more characters. A
    neighbouring host can set a cookie that has one of them before `__Host-`.
    """
    values: dict[str, str | None] = {}
    for cookie in sent:
        name, separator, value = cookie.strip(" \t").partition("=")
        if separator and COOKIE_NAME.fullmatch(name):
            values[name] = None if name in values else value
    return values


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
    """Return a JSON object.

    :raises BodyInvalid: it has the same name twice.
    """
    if len({name for name, _ in pairs}) != len(pairs):
        raise BodyInvalid
    return dict(pairs)


def _as_field(value: Any) -> str:
    """Return a JSON value as a form would send it.

    :raises BodyInvalid: no form could send it.
    """
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if not isinstance(value, str):
        raise BodyInvalid
    try:
        value.encode()
    except UnicodeEncodeError:
        # JSON can contain half of a surrogate pair.
        raise BodyInvalid from None
    return value
