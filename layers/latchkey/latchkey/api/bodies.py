"""Bodies of requests: every field is named, and no other is accepted.

Bodies are strict. Text that gets into a letter or a page has no control characters, so that a name stays a name.
"""

from typing import Annotated, Self, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from latchkey.api.fields import one_of, with_switches
from latchkey.rules import addresses
from latchkey.rules.accounts import DEFAULT_PROFILE_KIND, PROFILE_KINDS, ProfileKind
from latchkey.rules.languages import DEFAULT_LANGUAGE, LANGUAGES, Language
from latchkey.rules.members import MEMBER_ROLES, Role
from latchkey.rules.practices import FEATURES, UnknownAddressPolicy
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.rules.refusals import Refusal
from latchkey.usecases.clients import AddressEntry, ClientDetails, ClientUpdate
from latchkey.usecases.contacts import ContactDetails
from latchkey.usecases.outbox import InvitationRequest
from latchkey.usecases.practices import PracticeSettings

MAX_EMAILS = 10
MAX_ITEMS = 50

ULID = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
LINE = r"^[^\x00-\x1F\x7F-\x9F\u2028-\u202E\u2066-\u2069]*$"
"""No control characters, no line breaks, and no marks that turn text around."""
LINES = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069]*$"
WEB_ADDRESS = r"^(https://[A-Za-z0-9]|http://localhost)[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*$"
LOCAL_PART = r"^[A-Za-z0-9]([A-Za-z0-9_+-]|\.[A-Za-z0-9_+-]){0,62}$"


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("say something")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("no time zone of the IANA database has this name") from None
    return name


def _link(text: str) -> str:
    parts = urlsplit(text)
    plain = parts.scheme == "http" and parts.hostname == "localhost"
    if not parts.hostname or parts.username is not None or not (parts.scheme == "https" or plain):
        raise ValueError("an address of the web begins with https:// and a host")
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE), AfterValidator(_not_blank)]
Line = Annotated[str, StringConstraints(max_length=150, pattern=LINE)]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=LINE), AfterValidator(_not_blank)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=LINES)]
Item = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE), AfterValidator(_not_blank)]
Items = Annotated[list[Item], Field(max_length=MAX_ITEMS)]
Address = Annotated[str, Field(description="An email address, as people write it.", examples=["ana@example.com"])]
"""Looked at by `rules.addresses`, which says `email_invalid`."""
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
    Field(description="What stands before the @ of the From address; the domain is the stack's."),
]
LanguageField = Annotated[Language, one_of(*LANGUAGES)]
ProfileKindField = Annotated[ProfileKind, one_of(*PROFILE_KINDS)]
UnknownAddressField = Annotated[str, one_of(*UnknownAddressPolicy)]
MemberRoleField = Annotated[str, one_of(*(role.name.lower() for role in MEMBER_ROLES))]


class RequestBody(BaseModel):
    """What a clinician sends: fields we do not know are refused, and nothing is turned into what it is not."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


@with_switches(FEATURES, default=True)
class FeaturesBody(RequestBody):
    """What a portal offers behind the sign-in; a switch that is left out stays as it is."""

    def switches(self) -> dict[str, bool]:
        """Return the switches that were sent."""
        return {name: getattr(self, name) for name in FEATURES if name in self.model_fields_set}


@with_switches(PROVIDER_NAMES, default=True)
class PracticeBody(RequestBody):
    """A practice's settings; what is left out has its default."""

    name: Name
    phone: Phone | None = None
    language: LanguageField = DEFAULT_LANGUAGE
    time_zone: Zone = "UTC"
    sender: Sender = "yourprovider"
    reply_to: Address | None = None
    website: bool | WebAddress | None = Field(
        default=False, description="Whether the practice has a website of its own, or its address."
    )
    new_client_url: WebAddress | None = None
    app_url: WebAddress | None = None
    help_url: WebAddress | None = None
    welcome: Text | None = None
    unknown_address: UnknownAddressField = UnknownAddressPolicy.TELL.value
    features: FeaturesBody = FeaturesBody()

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
        return cast("PracticeSettings", fields)


class PracticeChangesBody(PracticeBody):
    """Some of a practice's settings; what is left out stays as it is."""

    name: Name = Field(default_factory=str)

    def settings(self) -> PracticeSettings:
        """Return the settings that were sent."""
        return self._settings(self.model_fields_set)


class MemberBody(RequestBody):
    """What someone may do for a practice."""

    role: MemberRoleField

    def member_role(self) -> Role:
        """Return the role."""
        return Role[self.role.upper()]


class WordingBody(RequestBody):
    """A practice's own words in a letter; a part that is empty keeps ours.

    `{name}`, `{practice}`, `{portal}`, `{phone}` and, in the body, `{link}` stand for what they say.
    """

    greeting: str = ""
    body: str = ""
    footer: str = ""


class AddressBody(RequestBody):
    """An address to put on file."""

    address: Address
    email_ok: bool = Field(default=False, description="The person has agreed to be sent email there.")


class InvitationTextBody(RequestBody):
    """One invitation, by the practice's letter or in words of its own."""

    email: Address | None = None
    subject: Line | None = None
    message: Text | None = None
    items: Items = []

    def request(self) -> InvitationRequest:
        """Return the invitation as the use cases take it."""
        return InvitationRequest(self.email, self.subject, self.message, tuple(self.items))


class Invitation(InvitationTextBody):
    """An invitation to a client on file."""

    resend: bool = Field(
        default=False, description="Says that one was sent before; refused like any other after a sign-in."
    )


class NewClient(RequestBody):
    """A client to put on file."""

    name: Name
    kind: ProfileKindField = DEFAULT_PROFILE_KIND
    language: LanguageField | None = Field(default=None, description="The practice's, if it is left out.")
    emails: Annotated[list[AddressBody], Field(max_length=MAX_EMAILS)] = []
    features: FeaturesBody = FeaturesBody()
    invite: InvitationTextBody | bool | None = None

    @model_validator(mode="after")
    def _each_address_once(self) -> Self:
        known = [_comparable(email.address) for email in self.emails]
        if len(set(known)) != len(known):
            raise ValueError("an address is there twice")
        return self

    def details(self) -> ClientDetails:
        """Return the client as the use cases take it."""
        entries = tuple(AddressEntry(email.address, email.email_ok) for email in self.emails)
        return ClientDetails(self.name, self.kind, self.language, entries, self.features.switches())

    def invitation(self) -> InvitationRequest | None:
        """Return the invitation to send, None if none is wanted."""
        if self.invite is True:
            return InvitationRequest()
        return self.invite.request() if self.invite else None


class ClientChanges(RequestBody):
    """What is to be changed of a client; what is left out stays as it is."""

    name: Name = Field(default_factory=str)
    language: LanguageField = DEFAULT_LANGUAGE
    features: FeaturesBody = FeaturesBody()

    def update(self) -> ClientUpdate:
        """Return the changes as the use cases take them."""
        sent = self.model_fields_set
        return ClientUpdate(
            self.name if "name" in sent else None,
            self.language if "language" in sent else None,
            self.features.switches() if "features" in sent else None,
        )


class AddressChange(RequestBody):
    """The address by which a client is to sign in, or the same one again, to confirm it."""

    email: Address
    email_ok: bool
    disable_and_resend: bool = Field(
        default=False,
        description="Agrees that the sign-in by the old address ends, and an invitation goes to the new one.",
    )


class Share(RequestBody):
    """What to share with a client."""

    items: Annotated[list[Item], Field(min_length=1, max_length=MAX_ITEMS)]
    dry_run: bool = Field(default=False, description="Only tell whether the client would be given access.")


class NewContact(RequestBody):
    """Someone who is to open a client's profile by a sign-in of their own."""

    name: Name
    email: Address
    email_ok: bool | None = Field(
        default=None,
        description="The person has agreed to be sent email there; what is known of the address, if it is left out.",
    )
    relation: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=LINE)] = "contact"

    def details(self) -> ContactDetails:
        """Return the contact as the use cases take it."""
        return ContactDetails(self.name, self.email, self.email_ok, self.relation)


class PinBody(RequestBody):
    """Whom a PIN is for, if not the client."""

    contact: Annotated[str, Field(pattern=ULID)] | None = None


def _comparable(address: str) -> str:
    """The address as it is compared; what is none is told by whoever puts it on file."""
    try:
        return addresses.canonical(address)
    except Refusal:
        return address
