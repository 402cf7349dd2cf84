"""Documents about clients, their contacts and their access."""

from typing import Annotated

from pydantic import Field

from latchkey.api.field_types import LanguageField, ProfileKindField
from latchkey.api.fields import Document, one_of
from latchkey.http.responses import rfc3339
from latchkey.rules.accounts import ACCESS_STATUSES, AccessStatus
from latchkey.rules.attention import ATTENTION_REASONS, AttentionReason
from latchkey.rules.mail import BOUNCE_REASONS, EMAIL_STATUSES, BounceReason, EmailStatus

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
AttentionField = Annotated[AttentionReason, one_of(*ATTENTION_REASONS)]
AccessStatusField = Annotated[AccessStatus, one_of(*ACCESS_STATUSES)]
BounceReasonField = Annotated[BounceReason, one_of(*BOUNCE_REASONS)]
EmailStatusField = Annotated[EmailStatus, one_of(*EMAIL_STATUSES)]


def timestamp(at: int | None) -> str | None:
    """Return a time as documents have it, or None. `at` is Unix seconds."""
    return None if at is None else rfc3339(at)


class EmailDocument(Document):
    """An address on file, with the consent to be written to there, its author and its time."""

    address: str
    email_ok: bool
    recorded_by: str
    recorded_at: Timestamp


class ContactEntry(Document):
    """A contact in the document of a client."""

    id: str
    name: str
    email: str
    email_ok: bool
    relation: str


class BounceDocument(Document):
    """The newest mail that came back, or was reported as spam."""

    at: Timestamp
    reason: BounceReasonField


class ContactDocument(ContactEntry):
    """A contact: a person who signs in as themselves and may open the client's profile."""

    status: Annotated[AccessStatusField, Field(description="Of this profile: `disabled` if they cannot open it.")]
    last_sign_in_at: Timestamp | None
    email_status: EmailStatusField
    bounce: Annotated[BounceDocument | None, Field(description="Null if no mail ever came back.")]


class ContactList(Document):
    """The contacts of a client."""

    contacts: list[ContactDocument]


class AccessDocument(Document):
    """A client's sign-in."""

    email: Annotated[str | None, Field(description="The address of the sign-in, or of the next invitation.")]
    emails: list[EmailDocument]
    status: AccessStatusField
    invited_at: Timestamp | None
    first_sign_in_at: Timestamp | None
    last_sign_in_at: Timestamp | None
    email_status: EmailStatusField
    bounce: Annotated[
        BounceDocument | None,
        Field(description="The newest mail that came back. It stays when the address is confirmed. Null for none."),
    ]
    has_live_pin: bool
    can_resend: bool
    banner: Annotated[str | None, Field(description="A sentence to show. Null for none.")]
    tags: Annotated[list[str], Field(description="Short labels to show, such as `Disabled` or `Opened by 2 people`.")]
    guide_url: Annotated[str, Field(description="The guide *How to log in*, in the client's language, to hand on.")]


class ClientEntry(Document):
    """A client in a list."""

    id: str
    name: str
    kind: ProfileKindField
    language: LanguageField
    emails: list[EmailDocument]
    features: dict[str, bool]
    contacts: list[ContactEntry]
    status: AccessStatusField
    external_id: Annotated[str | None, Field(description="The practice's own id of the client.")]
    created_at: Timestamp


class ListedClientEntry(ClientEntry):
    """A client in a list, with the reason to look at them."""

    attention: Annotated[
        AttentionField | None,
        Field(description="The reason in a list by `needs_attention`. Null in every other list."),
    ]


class ItemDocument(Document):
    """An item that was shared with a client."""

    title: str
    path: str | None
    shared_at: Annotated[Timestamp | None, Field(description="Null for an item that an earlier version stored.")]
    done_at: Annotated[Timestamp | None, Field(description="Null while it waits for the client.")]


class ItemList(Document):
    """The items that were shared with a client, newest last."""

    items: list[ItemDocument]


class ClientDocument(ClientEntry):
    """A client."""

    portal_access: AccessDocument
    items: Annotated[list[str], Field(description="Titles of the items that were shared, newest last.")]
    shared_items: Annotated[list[ItemDocument], Field(description="The same items with path and state.")]


class ClientList(Document):
    """A page of clients."""

    clients: list[ListedClientEntry]
    next: Annotated[str | None, Field(description="`cursor` of the next page. Null on the last page.")]


class ShareDocument(Document):
    """The effect of sharing on the client's sign-in."""

    grants_access: bool
    banner: Annotated[str | None, Field(description="A sentence to show before sharing. Null for none.")]
    notified: Annotated[bool, Field(description="True if a mail tells the person that something is waiting.")]
    items: Annotated[list[str], Field(description="Titles of all items that were shared so far, these included.")]


class PinDocument(Document):
    """A PIN. It is returned once, and stored only as a hash."""

    pin: Annotated[
        Annotated[str, Field(pattern="^[0-9]{6}$")] | None,
        Field(description="Null in the response to a repeated request with the same idempotency key."),
    ]
    email: Annotated[str, Field(description="The address that the PIN works with.")]
    expires_at: Timestamp
