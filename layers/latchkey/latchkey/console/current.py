"""The current request of the console, with the person's session and what they sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from latchkey import tokens
from latchkey.console.forms import SentForm
from latchkey.http.requests import Request
from latchkey.rules.refusals import BodyInvalid, RecordNotFound
from latchkey.rules.staff import StaffSession
from latchkey.rules.text_limits import ULID
from latchkey.usecases.context import RequestContext


@dataclass(frozen=True, slots=True)
class FormProblem:
    """A refusal, as the page of the form says it."""

    sentence: str
    field: str | None = None
    """The field that is wrong, if it is one."""


@dataclass(frozen=True, slots=True)
class Current:
    """A request with a live session, for a use case that the person may run."""

    request: Request
    session: StaffSession
    cookie: str = field(repr=False)
    context: RequestContext
    form: SentForm = field(default_factory=SentForm)
    problem: FormProblem | None = None
    status: int = 200
    """The HTTP status of the page. A page that shows a refusal has the status of the refusal."""

    @property
    def home(self) -> str:
        """The path of the practice's pages."""
        return f"/admin/{self.context.slug}"

    def parameter(self, name: str) -> str:
        """Return a parameter of the path."""
        return self.request.path_parameters[name]

    @property
    def client_id(self) -> str:
        """The id of the client in the path.

        :raises RecordNotFound: it is no id.
        """
        return self.ulid("client")

    def ulid(self, name: str) -> str:
        """Return an id in the path.

        :raises RecordNotFound: it is no id.
        """
        value = self.parameter(name)
        if not re.fullmatch(ULID, value):
            raise RecordNotFound
        return value

    def ulid_in_query(self, name: str) -> str | None:
        """Return an id in the query. None if it is missing.

        :raises BodyInvalid: it is no id.
        """
        value = self.query(name)
        if value and not re.fullmatch(ULID, value):
            raise BodyInvalid
        return value or None

    @property
    def client_path(self) -> str:
        """The path of the client's page."""
        return f"{self.home}/clients/{self.client_id}"

    def query(self, name: str) -> str:
        """Return a parameter of the query. "" if it is missing.

        :raises BodyInvalid: it is there twice.
        """
        return (self.request.query_value(name) or "").strip()

    def value(self, name: str, default: str = "") -> str:
        """Return the typed value of a field, else the default."""
        return self.form.text(name) if self.form.every(name) or self.problem else default

    def values(self, **defaults: str) -> Mapping[str, str]:
        """Return the typed values of these fields, else the defaults."""
        return {name: self.value(name, default) for name, default in defaults.items()}

    def form_token(self, path: str) -> str:
        """Return a new token of a form that is sent to this path."""
        return tokens.form_token(self.cookie, path, tokens.base64url_encode(tokens.random_id()))
