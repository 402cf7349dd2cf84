"""Bodies about letters: a practice's wording, and the text of one invitation."""

from typing import Annotated

from pydantic import Field

from latchkey.api.field_types import Address, LanguageField, Line, Name
from latchkey.api.fields import RequestBody, Text, one_of
from latchkey.api.item_bodies import Items, shared_items
from latchkey.mail.wording import WordingOverrides
from latchkey.rules.languages import DEFAULT_LANGUAGE
from latchkey.rules.mail import LINK_MAILS, LinkMailKind
from latchkey.usecases.letters import PreviewRequest
from latchkey.usecases.outbox import InvitationRequest


class WordingBody(RequestBody):
    """A practice's own wording in a letter. An empty part keeps the standard wording.

    `{name}`, `{practice}`, `{portal}`, `{phone}` and, in the body, `{link}` are replaced by their values.
    """

    greeting: str = ""
    body: str = ""
    footer: str = ""


class SampleBody(RequestBody):
    """A sample of a letter. Without `wording` it has the practice's saved one."""

    wording: WordingBody | None = None


class LetterPreviewBody(RequestBody):
    """A letter to preview. Without `wording` it has the practice's saved one."""

    kind: Annotated[LinkMailKind, one_of(*LINK_MAILS)]
    language: LanguageField = DEFAULT_LANGUAGE
    name: Name = "Ana Reyes"
    wording: WordingBody | None = None
    subject: Line | None = None
    message: Text | None = None
    items: Items = Field(default_factory=list)

    def request(self) -> PreviewRequest:
        """Return the letter for the use case."""
        wording = WordingOverrides(**self.wording.model_dump()) if self.wording else None
        return PreviewRequest(
            self.kind,
            self.language,
            self.name,
            wording=wording,
            subject=self.subject,
            message=self.message,
            items=tuple(item.title for item in shared_items(self.items)),
        )


class InvitationTextBody(RequestBody):
    """One invitation, with the practice's wording or a text of its own."""

    email: Address | None = None
    subject: Line | None = None
    message: Text | None = None
    items: Items = Field(default_factory=list)

    def request(self) -> InvitationRequest:
        """Return the invitation for the use case."""
        return InvitationRequest(self.email, self.subject, self.message, shared_items(self.items))


class Invitation(InvitationTextBody):
    """An invitation to a client on file."""

    resend: bool = Field(
        default=False, description="True if one was sent before. After a sign-in it is refused all the same."
    )
    preview: bool = Field(default=False, description="Only return the letter: nothing is sent, and nothing changes.")
