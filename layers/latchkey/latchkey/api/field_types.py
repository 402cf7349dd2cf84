"""Types of fields that several bodies and documents have.

Text for a letter or a page has no control characters, so that it cannot change the text around it.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from latchkey.api.fields import not_blank, one_of
from latchkey.rules.accounts import PROFILE_KINDS, ProfileKind
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.members import MEMBER_ROLES
from latchkey.rules.practices import UnknownAddressPolicy
from latchkey.rules.text_limits import LINE, MAX_LINE, MAX_NAME, MAX_PHONE

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME, pattern=LINE), AfterValidator(not_blank)]
Line = Annotated[str, StringConstraints(max_length=MAX_LINE, pattern=LINE)]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PHONE, pattern=LINE), AfterValidator(not_blank)]
Address = Annotated[str, Field(description="An email address, as people write it.", examples=["ana@example.com"])]
"""An email address. `rules.addresses` validates it, and its refusal is `email_invalid`."""
LanguageField = Annotated[Language, one_of(*LANGUAGES)]
ProfileKindField = Annotated[ProfileKind, one_of(*PROFILE_KINDS)]
UnknownAddressField = Annotated[str, one_of(*UnknownAddressPolicy)]
MemberRoleField = Annotated[str, one_of(*(role.name.lower() for role in MEMBER_ROLES))]
