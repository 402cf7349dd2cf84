"""Someone does something: a clinician whose token and membership were checked, and the request they made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler import Request as Resolved

from latchkey import web
from latchkey.rules.events import Event, EventKind
from latchkey.rules.members import Clinician
from latchkey.rules.practices import Practice

PRACTICE_AUDIT_KEY = b""
"""Where events are written down that are about a practice and nobody's sign-in."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request of a clinician who may make it."""

    request: web.Request
    clinician: Clinician

    @property
    def slug(self) -> str:
        """Whose clients they are."""
        return self.request.path_parameters["practice"]

    @property
    def practice(self) -> Practice:
        """The practice's settings.

        :raises PageUnknown: there is none yet.
        """
        return self.request.practice_or_404

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.request.now

    @property
    def now_ms(self) -> int:
        """Unix milliseconds."""
        return self.request.now_ms

    def event(self, row: bytes, kind: EventKind, reason: str | None = None) -> Event:
        """The audit row of something that this clinician does."""
        return Event(
            self.slug,
            row,
            kind,
            self.now_ms,
            actor=self.clinician.subject,
            reason=reason,
            support_code=self.request.support_code,
        )

    def event_factory(self, reasons: Mapping[EventKind, str] | None = None) -> Callable[[bytes, EventKind], Event]:
        """Makes the audit rows of a change; `reasons` are those of its kinds."""
        known = reasons or {}
        return lambda row, kind: self.event(row, kind, known.get(kind))


def _from_resolver(resolved: Resolved) -> RequestContext:
    act: RequestContext = resolved.context["act"]
    return act


CurrentContext = Annotated[RequestContext, Depends(_from_resolver)]
"""The act, as a route's parameter."""
