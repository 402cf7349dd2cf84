"""Bodies and documents about machine credentials."""

from typing import Annotated

from pydantic import Field

from latchkey.api.client_documents import Timestamp, timestamp
from latchkey.api.field_types import Name
from latchkey.api.fields import Document, RequestBody
from latchkey.http.responses import rfc3339
from latchkey.rules.machines import SCOPE, TOKEN_PATH, Machine
from latchkey.usecases.machines import NewCredential


class NewCredentialBody(RequestBody):
    """A practice system that needs credentials."""

    name: Annotated[Name, Field(description="The name that the audit shows.", examples=["Practice system"])]


class CredentialDocument(Document):
    """The credentials of a practice system, without the secret."""

    id: str
    client_id: Annotated[str, Field(description="The id of the OAuth client.")]
    name: str
    created_at: Timestamp
    created_by: str
    used_at: Annotated[Timestamp | None, Field(description="Time of the newest access token. Null for none.")]
    revoked_at: Annotated[Timestamp | None, Field(description="Null while the credentials are valid.")]


class CredentialList(Document):
    """The credentials of all practice systems, oldest first, with those that were revoked."""

    credentials: list[CredentialDocument]


class NewCredentialDocument(CredentialDocument):
    """New credentials. The secret is returned once, and stored only as a digest."""

    client_secret: Annotated[
        str | None, Field(description="Null in the response to a repeated request with the same idempotency key.")
    ]
    token_url: Annotated[str, Field(description="Where an access token is made (OAuth 2.0, client credentials).")]
    scope: str
    api_url: Annotated[str, Field(description="The base of the routes that a practice system may call.")]


def credential(machine: Machine) -> CredentialDocument:
    """Return the document of a practice system."""
    return CredentialDocument(
        id=machine.id,
        client_id=machine.client_id,
        name=machine.name,
        created_at=rfc3339(machine.created_at),
        created_by=machine.created_by,
        used_at=timestamp(machine.used_at),
        revoked_at=timestamp(machine.revoked_at),
    )


def new_credential(created: NewCredential, origin: str) -> NewCredentialDocument:
    """Return the document of new credentials. `origin` is `https://host` of the portal."""
    return NewCredentialDocument(
        **credential(created.machine).model_dump(),
        client_secret=created.secret,
        token_url=origin + TOKEN_PATH,
        scope=SCOPE,
        api_url=origin + created.machine.api_path,
    )
