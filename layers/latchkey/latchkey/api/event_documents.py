"""Documents about audit events and the diagnosis."""

from typing import Annotated, Literal

from pydantic import Field

from latchkey.api.client_documents import AccessStatusField, BounceDocument, EmailStatusField, Timestamp
from latchkey.api.fields import Document, one_of
from latchkey.rules.providers import PROVIDER_NAMES

SIGN_IN_METHODS = ("links", "pins", *PROVIDER_NAMES)
"""The sign-in methods of a diagnosis."""


class EventDocument(Document):
    """An audit event."""

    id: str
    kind: str
    at: Timestamp
    actor: Annotated[str, Field(description="`client`, `system`, or the subject of a clinician's token.")]
    actor_name: Annotated[str | None, Field(description="The member's name, or address. Null if none is on file.")]
    outcome: Literal["done", "refused"]
    reason: str | None
    method: str | None
    reference: Annotated[str | None, Field(description="The support code that the person was shown.")]


class EventList(Document):
    """A page of audit events, newest first."""

    events: list[EventDocument]
    next: Annotated[str | None, Field(description="`cursor` of the next page. Null on the last page.")]


class SupportCodeDocument(Document):
    """The audit events of the request with a support code, oldest first."""

    support_code: str
    events: list[EventDocument]


class RateLimitDocument(Document):
    """A lock on a sign-in method, with its end."""

    on: Literal["links", "pins"]
    until: Annotated[Timestamp, Field(description="For a browser that has never signed in with this address.")]
    known_browsers_until: Annotated[
        Timestamp | None,
        Field(description="For a browser that has signed in with this address before. Null if it need not wait."),
    ]


class MethodDocument(Document):
    """A sign-in method, and the browsers in which it works at this moment."""

    on: Annotated[str, one_of(*SIGN_IN_METHODS)]
    works_in: Annotated[
        Literal["all", "known_browsers", "none"],
        Field(description="`known_browsers` are browsers that have signed in with this address before."),
    ]


class PersonDiagnosisDocument(Document):
    """The state of one person's sign-in to a client's profile, and the likely causes of a failure."""

    contact: Annotated[str | None, Field(description="Id of the contact. Null for the client.")]
    name: str
    relation: Annotated[str | None, Field(description="Null for the client.")]
    access: AccessStatusField
    address: str | None
    consent: Annotated[bool | None, Field(description="Null if there is no address.")]
    email_status: EmailStatusField
    bounce: BounceDocument | None
    last_mails: list[EventDocument]
    locks: list[RateLimitDocument]
    methods: list[MethodDocument]
    last_refusals: list[EventDocument]
    say: Annotated[list[str], Field(description="Sentences that may be read out on the phone.")]
    note: Annotated[list[str], Field(description="Sentences that only the clinician may read.")]


class DiagnosisDocument(PersonDiagnosisDocument):
    """The diagnosis of a client and of everyone who opens their profile."""

    people: Annotated[
        list[PersonDiagnosisDocument],
        Field(description="The contacts on file. `say` and `note` of the client hold their sentences too."),
    ]
    advice: Annotated[list[str], Field(description="The same sentences as `say`.")]
