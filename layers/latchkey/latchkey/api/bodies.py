"""Bodies of requests. Unknown fields are refused, and values are not converted.

Text for a letter or a page has no control characters, so that it cannot change the text around it.
"""

from typing import Annotated, Self, cast

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from latchkey.api.branding_bodies import ClinicianWordBody, LegalBody, WelcomeBody, welcome_settings
from latchkey.api.fields import RequestBody, Text, not_blank, one_of, with_links, with_switches
from latchkey.api.item_bodies import Item, Items, shared_items
from latchkey.languages import is_time_zone
from latchkey.mail.wording import WordingOverrides
from latchkey.rules import addresses
from latchkey.rules.accounts import DEFAULT_PROFILE_KIND, PROFILE_KINDS, ProfileKind
from latchkey.rules.contacts import RELATIONS, UNSPECIFIED_RELATION
from latchkey.rules.languages import DEFAULT_LANGUAGE, LANGUAGES, Language
from latchkey.rules.mail import LINK_MAILS, LinkMailKind
from latchkey.rules.members import MEMBER_ROLES, Role
from latchkey.rules.practices import FEATURES, UnknownAddressPolicy
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.rules.refusals import Refusal
from latchkey.rules.text_limits import (
    LINE,
    LINES,
    LOCAL_PART,
    MAX_EMAILS,
    MAX_ITEMS,
    MAX_LINE,
    MAX_NAME,
    MAX_PHONE,
    ULID,
)
from latchkey.rules.web_addresses import WEB_ADDRESS, is_web_address
from latchkey.usecases.clients import AddressEntry, ClientDetails, ClientUpdate
from latchkey.usecases.contacts import ContactDetails
from latchkey.usecases.letters import PreviewRequest
from latchkey.usecases.outbox import InvitationRequest
from latchkey.usecases.practices import PracticeSettings


def _zone(name: str) -> str:
    if not is_time_zone(name):
        raise ValueError("no time zone of the IANA database has this name")
    return name


def _link(text: str) -> str:
    if not is_web_address(text):
        raise ValueError("an address of the web begins with https:// and a host")
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME, pattern=LINE), AfterValidator(not_blank)]
Line = Annotated[str, StringConstraints(max_length=MAX_LINE, pattern=LINE)]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PHONE, pattern=LINE), AfterValidator(not_blank)]
ExternalId = Annotated[
    str,
    StringConstraints(pattern=r"^[!-~]{1,100}$"),
    Field(description="The practice's own id of the client. No two clients have the same.", examples=["MRN-20417"]),
]
Address = Annotated[str, Field(description="An email address, as people write it.", examples=["ana@example.com"])]
"""An email address. `rules.addresses` validates it, and its refusal is `email_invalid`."""
Zone = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$"),
    AfterValidator(_zone),
    Field(examples=["America/Los_Angeles"]),
]
WebAddress = Annotated[str, StringConstraints(max_length=2000, pattern=WEB_ADDRESS), AfterValidator(_link)]
Sender = Annotated[
    str,
    StringConstraints(pattern=LOCAL_PART),
    Field(description="The part of the From address before the @. The domain is the stack's."),
]
LanguageField = Annotated[Language, one_of(*LANGUAGES)]
ProfileKindField = Annotated[ProfileKind, one_of(*PROFILE_KINDS)]
UnknownAddressField = Annotated[str, one_of(*UnknownAddressPolicy)]
MemberRoleField = Annotated[str, one_of(*(role.name.lower() for role in MEMBER_ROLES))]


@with_switches(FEATURES, default=True)
class FeaturesBody(RequestBody):
    """The features of a portal. A missing switch is not changed."""

    def switches(self) -> dict[str, bool]:
        """Return the switches that were sent."""
        return {name: getattr(self, name) for name in FEATURES if name in self.model_fields_set}


@with_links(FEATURES)
class LinksBody(RequestBody):
    """The address of the web, or path below the portal, that opens each feature.

    A missing link is not changed, and null removes it.
    """


@with_switches(PROVIDER_NAMES, default=True)
class PracticeBody(RequestBody):
    """A practice's settings. A missing field has its default."""

    name: Name
    phone: Phone | None = None
    language: LanguageField = DEFAULT_LANGUAGE
    time_zone: Zone = "UTC"
    sender: Sender = "yourprovider"
    reply_to: Address | None = None
    website: bool | WebAddress | None = Field(
        default=False, description="True, or its address, if the practice has a website of its own."
    )
    new_client_url: WebAddress | None = None
    app_url: WebAddress | None = None
    help_url: WebAddress | None = None
    welcome: Text | WelcomeBody | None = None
    unknown_address: UnknownAddressField = UnknownAddressPolicy.TELL.value
    mails_per_hour: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Links that clients may ask for in an hour. Only operators set it. Null for 300."
    )
    features: FeaturesBody = FeaturesBody()
    links: LinksBody = LinksBody()
    accent: str | None = Field(default=None, description="The colour of buttons and links, such as `#0b5a63`.")
    address: Annotated[str, StringConstraints(max_length=300, pattern=LINES)] | None = None
    legal: LegalBody = LegalBody()
    clinician_word: ClinicianWordBody = ClinicianWordBody()

    def settings(self) -> PracticeSettings:
        """Return all settings, defaults included."""
        return self._settings(set(PracticeBody.model_fields))

    def _settings(self, names: set[str]) -> PracticeSettings:
        fields = {name: getattr(self, name) for name in names.difference(PROVIDER_NAMES)}
        providers = {name: getattr(self, name) for name in PROVIDER_NAMES if name in names}
        if providers:
            fields["providers"] = providers
        if "website" in fields:
            fields["website"] = bool(self.website)
        if "features" in fields:
            fields["features"] = self.features.switches()
        for name in ("links", "legal", "clinician_word"):
            if name in fields:
                fields[name] = getattr(self, name).model_dump(exclude_unset=True)
        if "welcome" in fields:
            fields |= welcome_settings(self.welcome)
        return cast("PracticeSettings", fields)


class PracticeChangesBody(PracticeBody):
    """Some of a practice's settings. A missing field is not changed."""

    name: Name = Field(default_factory=str)

    def settings(self) -> PracticeSettings:
        """Return the settings that were sent."""
        return self._settings(self.model_fields_set)


class MemberBody(RequestBody):
    """A member's role at a practice."""

    role: MemberRoleField
    name: Name | None = Field(default=None, description="The name that audits show. If it is missing, it stays.")

    def member_role(self) -> Role:
        """Return the role."""
        return Role[self.role.upper()]


class NewMemberBody(MemberBody):
    """A colleague to make a member: by address, or by the subject of their tokens."""

    email: Address | None = None
    subject: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9._~:@|+=-]{1,128}$")] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.email is None) is (self.subject is None):
            raise ValueError("send either an email address or a subject")
        return self


class WordingBody(RequestBody):
    """A practice's own wording in a letter. An empty part keeps the standard wording.

    `{name}`, `{practice}`, `{portal}`, `{phone}` and, in the body, `{link}` are replaced by their values.
    """

    greeting: str = ""
    body: str = ""
    footer: str = ""


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


class AddressBody(RequestBody):
    """An address to put on file."""

    address: Address
    email_ok: bool = Field(default=False, description="The person has agreed to be sent email there.")


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


class NewClient(RequestBody):
    """A client to put on file."""

    name: Name
    kind: ProfileKindField = DEFAULT_PROFILE_KIND
    language: LanguageField | None = Field(default=None, description="The practice's language if it is missing.")
    emails: Annotated[list[AddressBody], Field(max_length=MAX_EMAILS)] = Field(default_factory=list)
    features: FeaturesBody = FeaturesBody()
    external_id: ExternalId | None = None
    invite: InvitationTextBody | bool | None = None

    @model_validator(mode="after")
    def _each_address_once(self) -> Self:
        canonical_addresses = [_comparable(email.address) for email in self.emails]
        if len(set(canonical_addresses)) != len(canonical_addresses):
            raise ValueError("an address is there twice")
        return self

    def details(self) -> ClientDetails:
        """Return the client's details for the use case."""
        entries = tuple(AddressEntry(email.address, email.email_ok) for email in self.emails)
        return ClientDetails(self.name, self.kind, self.language, entries, self.features.switches(), self.external_id)

    def invitation(self) -> InvitationRequest | None:
        """Return the invitation to send. None for no invitation."""
        if self.invite is True:
            return InvitationRequest()
        return self.invite.request() if self.invite else None


class ClientChanges(RequestBody):
    """Changes of a client. A missing field is not changed."""

    name: Name = Field(default_factory=str)
    language: LanguageField = DEFAULT_LANGUAGE
    features: FeaturesBody = FeaturesBody()
    external_id: ExternalId | None = Field(default=None, description="Null removes it.")

    def update(self) -> ClientUpdate:
        """Return the changes for the use case."""
        sent = self.model_fields_set
        return ClientUpdate(
            self.name if "name" in sent else None,
            self.language if "language" in sent else None,
            self.features.switches() if "features" in sent else None,
            (self.external_id or "") if "external_id" in sent else None,
        )


class AddressChange(RequestBody):
    """A new address for a client's sign-in, or the same one again to confirm it."""

    email: Address
    email_ok: bool
    disable_and_resend: bool = Field(
        default=False,
        description="Consent to end the sign-in with the old address and to invite the new one.",
    )


class Share(RequestBody):
    """Items to share with a client."""

    items: Annotated[list[Item], Field(min_length=1, max_length=MAX_ITEMS)]
    dry_run: bool = Field(default=False, description="Only return the effect: nothing is shared.")


class NewContact(RequestBody):
    """A person who may open a client's profile with a sign-in of their own."""

    name: Name
    email: Address
    email_ok: bool | None = Field(
        default=None,
        description="The person has agreed to be sent email there. If it is missing, the recorded consent stays.",
    )
    relation: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=LINE)] = Field(
        default=UNSPECIFIED_RELATION,
        description="Pages show these words in the reader's language: "
        f"{', '.join(f'`{relation}`' for relation in RELATIONS)}. Another word is shown as it was typed, and "
        f"`{UNSPECIFIED_RELATION}` is not shown.",
    )

    def details(self) -> ContactDetails:
        """Return the contact's details for the use case."""
        return ContactDetails(self.name, self.email, self.email_ok, self.relation)


class EndedPeople(RequestBody):
    """The people, besides the client, for whom access or sessions end."""

    everyone: bool = Field(default=False, description="All contacts who can open the profile.")
    people: Annotated[list[Annotated[str, Field(pattern=ULID)]], Field(max_length=MAX_EMAILS * 2)] = Field(
        default=[],
        description="Ids of contacts. If another contact can open the profile, the request is refused.",
    )


class PinBody(RequestBody):
    """The contact that a PIN is for. Without a contact it is for the client."""

    contact: Annotated[str, Field(pattern=ULID)] | None = None


def _comparable(address: str) -> str:
    """Return the address in its canonical form. An invalid address stays as it is: the use case refuses it."""
    try:
        return addresses.canonical(address)
    except Refusal:
        return address
