"""Documents that responses carry."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from latchkey.api.bodies import LanguageField, MemberRoleField, ProfileKindField, UnknownAddressField
from latchkey.api.fields import one_of, with_switches
from latchkey.rules.accounts import ACCESS_STATUSES, AccessStatus
from latchkey.rules.attention import ATTENTION_REASONS, AttentionReason
from latchkey.rules.mail import BOUNCE_REASONS, EMAIL_STATUSES, BounceReason, EmailStatus
from latchkey.rules.members import Role
from latchkey.rules.providers import PROVIDER_NAMES

SIGN_IN_METHODS = ("links", "pins", *PROVIDER_NAMES)
"""The sign-in methods of a diagnosis."""

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
AttentionField = Annotated[AttentionReason, one_of(*ATTENTION_REASONS)]
AccessStatusField = Annotated[AccessStatus, one_of(*ACCESS_STATUSES)]
BounceReasonField = Annotated[BounceReason, one_of(*BOUNCE_REASONS)]
EmailStatusField = Annotated[EmailStatus, one_of(*EMAIL_STATUSES)]


class FieldError(BaseModel):
    """One error in a request."""

    location: str
    message: str


class OpenerDocument(BaseModel):
    """A contact who can open the client's profile with a sign-in of their own."""

    contact: Annotated[str, Field(description="Id of the contact, as in the list of contacts.")]
    name: str
    email: str
    relation: str


class Problem(BaseModel):
    """A refusal as a problem document (RFC 9457)."""

    title: str
    status: int
    code: Annotated[str, Field(description="Stable, for programs.")]
    detail: str | None = None
    retry_after: Annotated[int | None, Field(description="Seconds.")] = None
    errors: list[FieldError] | None = None
    people: Annotated[
        list[OpenerDocument] | None, Field(description="For `opened_by_others`: the contacts who can open the profile.")
    ] = None


class GatewayMessage(BaseModel):
    """The document of a refusal by API Gateway itself, or of a token that is refused."""

    message: str | None = None
    title: str | None = None
    status: int | None = None
    code: str | None = None


class LogoDocument(BaseModel):
    """A practice's logo, as pages show it."""

    url: Annotated[str, Field(description="Its address. A new logo has a new one.")]
    width: Annotated[int, Field(description="Pixels.")]
    height: Annotated[int, Field(description="Pixels.")]


@with_switches(PROVIDER_NAMES)
class PracticeDocument(BaseModel):
    """A practice."""

    slug: str
    portal_url: str
    name: str
    phone: str | None
    language: LanguageField
    time_zone: str
    sender: str
    reply_to: str | None
    website: bool
    new_client_url: str | None
    app_url: str | None
    help_url: str | None
    welcome: Annotated[str | dict[str, str] | None, Field(description="One text, or one for each language.")]
    unknown_address: UnknownAddressField
    mails_per_hour: Annotated[int | None, Field(description="Links that clients may ask for in an hour. Null for 300.")]
    features: dict[str, bool]
    links: Annotated[dict[str, str], Field(description="The address that opens a feature, by feature.")]
    accent: Annotated[str | None, Field(description="The colour of buttons and links in the light scheme.")]
    address: str | None
    legal: Annotated[dict[str, str], Field(description="The practice's privacy notice, terms and accessibility.")]
    clinician_word: Annotated[dict[str, str], Field(description="The word for the clinician, by language.")]
    logo: LogoDocument | None


class MemberDocument(BaseModel):
    """A member of a practice."""

    subject: str
    role: MemberRoleField
    name: str | None
    email: str | None


class MemberList(BaseModel):
    """A page of members."""

    members: list[MemberDocument]
    next: Annotated[str | None, Field(description="`cursor` of the next page. Null on the last page.")]


class MembershipDocument(BaseModel):
    """A membership of the person who asks."""

    practice: Annotated[
        str, Field(description="The practice's slug. `*` for an operator, who acts for every practice.")
    ]
    role: Annotated[str, one_of(*(role.name.lower() for role in Role))]


class PersonDocument(BaseModel):
    """The person who asks."""

    subject: str
    name: Annotated[str | None, Field(description="The name that a practice has on file. Null if there is none.")]
    memberships: list[MembershipDocument]


class PracticeEntry(BaseModel):
    """A practice in a list."""

    slug: str
    name: str
    portal_url: str


class PracticeList(BaseModel):
    """A page of practices, in no order."""

    practices: list[PracticeEntry]
    next: Annotated[str | None, Field(description="`cursor` of the next page. Null on the last page.")]


class LetterDocument(BaseModel):
    """A practice's own wording in a letter. An empty part has the standard wording."""

    greeting: str = ""
    body: str = ""
    footer: str = ""


class LetterPreviewDocument(BaseModel):
    """A letter as it would go. Nothing was sent."""

    subject: str
    text: str
    html: str


class EmailDocument(BaseModel):
    """An address on file, with the consent to be written to there, its author and its time."""

    address: str
    email_ok: bool
    recorded_by: str
    recorded_at: Timestamp


class ContactEntry(BaseModel):
    """A contact in the document of a client."""

    id: str
    name: str
    email: str
    email_ok: bool
    relation: str


class BounceDocument(BaseModel):
    """The newest mail that came back, or was reported as spam."""

    at: Timestamp
    reason: BounceReasonField


class ContactDocument(ContactEntry):
    """A contact: a person who signs in as themselves and may open the client's profile."""

    status: Annotated[AccessStatusField, Field(description="Of this profile: `disabled` if they cannot open it.")]
    last_sign_in_at: Timestamp | None
    email_status: EmailStatusField
    bounce: Annotated[BounceDocument | None, Field(description="Null if no mail ever came back.")]


class ContactList(BaseModel):
    """The contacts of a client."""

    contacts: list[ContactDocument]


class AccessDocument(BaseModel):
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


class ClientEntry(BaseModel):
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


class ItemDocument(BaseModel):
    """An item that was shared with a client."""

    title: str
    path: str | None
    shared_at: Annotated[Timestamp | None, Field(description="Null for an item that an earlier version stored.")]
    done_at: Annotated[Timestamp | None, Field(description="Null while it waits for the client.")]


class ItemList(BaseModel):
    """The items that were shared with a client, newest last."""

    items: list[ItemDocument]


class ClientDocument(ClientEntry):
    """A client."""

    portal_access: AccessDocument
    items: Annotated[list[str], Field(description="Titles of the items that were shared, newest last.")]
    shared_items: Annotated[list[ItemDocument], Field(description="The same items with path and state.")]


class ClientList(BaseModel):
    """A page of clients."""

    clients: list[ListedClientEntry]
    next: Annotated[str | None, Field(description="`cursor` of the next page. Null on the last page.")]


class ShareDocument(BaseModel):
    """The effect of sharing on the client's sign-in."""

    grants_access: bool
    banner: Annotated[str | None, Field(description="A sentence to show before sharing. Null for none.")]
    notified: Annotated[bool, Field(description="True if a mail tells the person that something is waiting.")]
    items: Annotated[list[str], Field(description="Titles of all items that were shared so far, these included.")]


class PinDocument(BaseModel):
    """A PIN. It is returned once, and stored only as a hash."""

    pin: Annotated[
        Annotated[str, Field(pattern="^[0-9]{6}$")] | None,
        Field(description="Null in the response to a repeated request with the same idempotency key."),
    ]
    email: Annotated[str, Field(description="The address that the PIN works with.")]
    expires_at: Timestamp


class EventDocument(BaseModel):
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


class EventList(BaseModel):
    """A page of audit events, newest first."""

    events: list[EventDocument]
    next: Annotated[str | None, Field(description="`cursor` of the next page. Null on the last page.")]


class SupportCodeDocument(BaseModel):
    """The audit events of the request with a support code, oldest first."""

    support_code: str
    events: list[EventDocument]


class RateLimitDocument(BaseModel):
    """A lock on a sign-in method, with its end."""

    on: Literal["links", "pins"]
    until: Annotated[Timestamp, Field(description="For a browser that has never signed in with this address.")]
    known_browsers_until: Annotated[
        Timestamp | None,
        Field(description="For a browser that has signed in with this address before. Null if it need not wait."),
    ]


class MethodDocument(BaseModel):
    """A sign-in method, and the browsers in which it works at this moment."""

    on: Annotated[str, one_of(*SIGN_IN_METHODS)]
    works_in: Annotated[
        Literal["all", "known_browsers", "none"],
        Field(description="`known_browsers` are browsers that have signed in with this address before."),
    ]


class PersonDiagnosisDocument(BaseModel):
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
