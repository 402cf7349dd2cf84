"""Bodies about a practice and its members. Unknown fields are refused, and values are not converted."""

from typing import Annotated, Self, cast

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from latchkey.api.branding_bodies import ClinicianWordBody, LegalBody, WelcomeBody, welcome_settings
from latchkey.api.field_types import Address, LanguageField, MemberRoleField, Name, Phone, UnknownAddressField
from latchkey.api.fields import RequestBody, Text, with_links, with_switches
from latchkey.languages import is_time_zone
from latchkey.rules.languages import DEFAULT_LANGUAGE
from latchkey.rules.members import Role
from latchkey.rules.practices import FEATURES, UnknownAddressPolicy
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.rules.text_limits import LINES, LOCAL_PART
from latchkey.rules.web_addresses import WEB_ADDRESS, is_web_address
from latchkey.usecases.practices import PracticeSettings


def _zone(name: str) -> str:
    if not is_time_zone(name):
        raise ValueError("no time zone of the IANA database has this name")
    return name


def _link(text: str) -> str:
    if not is_web_address(text):
        raise ValueError("an address of the web begins with https:// and a host")
    return text


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
