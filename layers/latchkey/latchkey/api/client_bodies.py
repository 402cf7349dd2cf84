"""Bodies about clients and the people who may open their profiles."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from latchkey.api.field_types import Address, LanguageField, Name, ProfileKindField
from latchkey.api.fields import RequestBody
from latchkey.api.item_bodies import Item
from latchkey.api.letter_bodies import InvitationTextBody
from latchkey.api.practice_bodies import FeaturesBody
from latchkey.rules import addresses
from latchkey.rules.accounts import DEFAULT_PROFILE_KIND
from latchkey.rules.contacts import RELATIONS, UNSPECIFIED_RELATION
from latchkey.rules.languages import DEFAULT_LANGUAGE
from latchkey.rules.refusals import Refusal
from latchkey.rules.text_limits import LINE, MAX_EMAILS, MAX_ITEMS, ULID
from latchkey.usecases.clients import AddressEntry, ClientDetails, ClientUpdate
from latchkey.usecases.contacts import ContactDetails
from latchkey.usecases.outbox import InvitationRequest

ExternalId = Annotated[
    str,
    StringConstraints(pattern=r"^[!-~]{1,100}$"),
    Field(description="The practice's own id of the client. No two clients have the same.", examples=["MRN-20417"]),
]


class AddressBody(RequestBody):
    """An address to put on file."""

    address: Address
    email_ok: bool = Field(default=False, description="The person has agreed to be sent email there.")


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
