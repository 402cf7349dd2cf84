"""Documents about practices, their members and their letters."""

from typing import Annotated

from pydantic import Field

from latchkey.api.field_types import LanguageField, MemberRoleField, UnknownAddressField
from latchkey.api.fields import Document, one_of, with_switches
from latchkey.rules.members import Role
from latchkey.rules.providers import PROVIDER_NAMES


class LogoDocument(Document):
    """A practice's logo, as pages show it."""

    url: Annotated[str, Field(description="Its address. A new logo has a new one.")]
    width: Annotated[int, Field(description="Pixels.")]
    height: Annotated[int, Field(description="Pixels.")]


@with_switches(PROVIDER_NAMES)
class PracticeDocument(Document):
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


class MemberDocument(Document):
    """A member of a practice."""

    subject: str
    role: MemberRoleField
    name: str | None
    email: str | None


class MemberList(Document):
    """A page of members."""

    members: list[MemberDocument]
    next: Annotated[str | None, Field(description="`cursor` of the next page. Null on the last page.")]


class MembershipDocument(Document):
    """A membership of the person who asks."""

    practice: Annotated[
        str, Field(description="The practice's slug. `*` for an operator, who acts for every practice.")
    ]
    role: Annotated[str, one_of(*(role.name.lower() for role in Role))]


class PersonDocument(Document):
    """The person who asks."""

    subject: str
    name: Annotated[str | None, Field(description="The name that a practice has on file. Null if there is none.")]
    memberships: list[MembershipDocument]


class PracticeEntry(Document):
    """A practice in a list."""

    slug: str
    name: str
    portal_url: str


class PracticeList(Document):
    """A page of practices, in no order."""

    practices: list[PracticeEntry]
    next: Annotated[str | None, Field(description="`cursor` of the next page. Null on the last page.")]


class LetterDocument(Document):
    """A practice's own wording in a letter. An empty part has the standard wording."""

    greeting: str = ""
    body: str = ""
    footer: str = ""


class SampleDocument(Document):
    """A sample of a letter that is on its way."""

    to: Annotated[str, Field(description="Your own address, as your sign-in provider has verified it.")]


class LetterPreviewDocument(Document):
    """A letter as it would go. Nothing was sent."""

    subject: str
    text: str
    html: str
