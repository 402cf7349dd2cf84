"""Someone does something: a clinician whose token and membership were checked, and the request they made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler import Request as Resolved

from latchkey import web
from latchkey.rules.events import Event, Kind
from latchkey.rules.members import Clinician
from latchkey.rules.practices import Practice

PRACTICE_ROW = b""
"""Where events are written down that are about a practice and nobody's sign-in."""


@dataclass(frozen=True, slots=True)
class Act:
    """One request of a clinician who may make it."""

    request: web.Request
    clinician: Clinician

    @property
    def slug(self) -> str:
        """Whose clients they are."""
        return self.request.parameters["practice"]

    @property
    def practice(self) -> Practice:
        """The practice's settings.

        :raises PageUnknown: there is none yet.
        """
        return self.request.at

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.request.now

    @property
    def instant(self) -> int:
        """Unix milliseconds."""
        return self.request.instant

    def event(self, row: bytes, kind: Kind, reason: str | None = None) -> Event:
        """The audit row of something that this clinician does."""
        return Event(
            self.slug,
            row,
            kind,
            self.instant,
            actor=self.clinician.subject,
            reason=reason,
            reference=self.request.reference,
        )

    def noting(self, reasons: Mapping[Kind, str] | None = None) -> Callable[[bytes, Kind], Event]:
        """Makes the audit rows of a change; `reasons` are those of its kinds."""
        known = reasons or {}
        return lambda row, kind: self.event(row, kind, known.get(kind))


def _present(resolved: Resolved) -> Act:
    act: Act = resolved.context["act"]
    return act


Acting = Annotated[Act, Depends(_present)]
"""The act, as a route's parameter."""
