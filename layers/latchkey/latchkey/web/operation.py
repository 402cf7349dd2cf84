"""An operation of the clients' functions: one method of a route, with what it takes and answers."""

from dataclasses import dataclass
from typing import Literal

from latchkey.http.requests import JSON
from latchkey.rules import refusals
from latchkey.rules.providers import Provider, ProviderName
from latchkey.rules.refusals import Refusal

HTML = "text/html"
PDF = "application/pdf"
SVG = "image/svg+xml"
ANY_FILE = "*/*"

type Tag = Literal["sign-in", "session", "app", "pages", "stack"]
type Cookie = Literal["session", "browser", "req", "typed", "again", "to"] | ProviderName
"""The base name of a cookie in `web.cookies`."""
type Header = Literal["Location", "Clear-Site-Data"]

COMMON_REFUSALS: tuple[type[Refusal], ...] = (
    refusals.BodyInvalid,
    refusals.MethodRefused,
    refusals.OriginBypassed,
    refusals.PageUnknown,
    refusals.Unavailable,
)
"""Refusals of every operation."""
FORM_REFUSALS: tuple[type[Refusal], ...] = (refusals.OriginRefused, refusals.BodyTooLarge)
"""Further refusals of every POST."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One success of an operation, to a request that accepts JSON."""

    status: int
    content: tuple[type, ...] | str = ()
    """The JSON documents that it can be, or the media type of a page or file. Nothing for an empty body."""
    cookies: tuple[Cookie, ...] = ()
    headers: tuple[Header, ...] = ()
    text: str = "Done."


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a route."""

    method: Literal["GET", "POST"]
    path: str
    """As the SAM template writes it."""
    id: str
    tag: Tag
    summary: str
    answers: tuple[Answer, ...]
    refusals: tuple[type[Refusal], ...] = ()
    """Those in addition to `COMMON_REFUSALS` and `FORM_REFUSALS`."""
    body: type | None = None
    """The JSON object of a POST."""
    description: str = ""
    query: tuple[str, ...] = ()
    """Names of parameters in `openapi.PARAMETERS`, in addition to `lang`."""
    needs_session: bool = False
    provider: Provider | None = None
    """The provider whose name and label its problem documents have."""

    @property
    def all_refusals(self) -> tuple[type[Refusal], ...]:
        """Every refusal of the operation."""
        return (
            *COMMON_REFUSALS,
            *((refusals.PracticeUnknown,) if self.has_practice else ()),
            *(FORM_REFUSALS if self.method == "POST" else ()),
            *((refusals.SignedOut,) if self.needs_session or self.signs_in else ()),
            *self.refusals,
        )

    @property
    def has_practice(self) -> bool:
        """True if the operation belongs to one practice."""
        return "{practice}" in self.path or self.provider is not None

    @property
    def signs_in(self) -> bool:
        """True if the operation can start a session."""
        return self.tag == "sign-in" and any("session" in answer.cookies for answer in self.answers)


OK = 200
SEE_OTHER = 303


def page(path: str, name: str, summary: str, *others: Answer, needs_session: bool = False) -> Operation:
    """Return the operation of a page, which is HTML for every request."""
    answers = (Answer(OK, HTML, text="The page."), *others)
    return Operation("GET", path, name, "pages", summary, answers, needs_session=needs_session)


def redirect(text: str, *cookies: Cookie) -> Answer:
    """Return the answer that redirects with 303. `text` describes it."""
    return Answer(SEE_OTHER, cookies=cookies, headers=("Location",), text=text)


def media_type(answer: Answer) -> str | None:
    """Return the media type of an answer. None for an empty body."""
    if isinstance(answer.content, str):
        return answer.content
    return JSON if answer.content else None
