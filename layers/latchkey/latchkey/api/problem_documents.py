"""Documents of refusals."""

from typing import Annotated

from pydantic import Field

from latchkey.api.fields import Document


class FieldError(Document):
    """One error in a request."""

    location: str
    message: str


class OpenerDocument(Document):
    """A contact who can open the client's profile with a sign-in of their own."""

    contact: Annotated[str, Field(description="Id of the contact, as in the list of contacts.")]
    name: str
    email: str
    relation: str


class Problem(Document):
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


class GatewayMessage(Document):
    """The document of a refusal by API Gateway itself, or of a token that is refused."""

    message: str | None = None
    title: str | None = None
    status: int | None = None
    code: str | None = None
