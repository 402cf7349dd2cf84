"""The context of a clinician's request, which is the first parameter of every use case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from latchkey.rules.clients import Client
from latchkey.rules.events import Event, EventKind
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.members import Clinician
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import PracticeUnknown
from latchkey.rules.times import Millis

PRACTICE_AUDIT_KEY = b""
"""The subject key of audit events about a practice itself."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The context of a clinician's request: the verified clinician, the practice, and the request."""

    clinician: Clinician
    slug: str
    """The practice's slug."""
    now_ms: Millis
    """Unix milliseconds."""
    support_code: str
    origin: str
    """`https://host` of the portal, for links."""
    known_practice: Practice | None = None
    """The practice's settings. None if the use case may create the practice."""
    language: Language = DEFAULT_LANGUAGE
    """The language of sentences in results. The JSON API always uses English."""
    known_clients: Mapping[str, Client] = field(default_factory=dict, repr=False)
    """Clients that were read together with the clinician's session, by id, for a page. A write reads them again."""

    @property
    def practice(self) -> Practice:
        """The practice's settings.

        :raises PracticeUnknown: the practice does not exist yet.
        """
        if self.known_practice is None:
            raise PracticeUnknown
        return self.known_practice

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.now_ms // 1000

    def event(self, audit_key: bytes, kind: EventKind, reason: str | None = None) -> Event:
        """Return an audit event of this request."""
        return Event(
            self.slug,
            audit_key,
            kind,
            self.now_ms,
            actor=self.clinician.subject,
            reason=reason,
            support_code=self.support_code,
        )

    def event_factory(self, reasons: Mapping[EventKind, str] | None = None) -> Callable[[bytes, EventKind], Event]:
        """Return a function that creates the audit events of a change. `reasons` are by kind."""
        reason_by_kind = reasons or {}
        return lambda audit_key, kind: self.event(audit_key, kind, reason_by_kind.get(kind))
