"""Documents that responses carry, and the mapping of the use cases' values to them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from latchkey.api.bodies import LanguageField, MemberRoleField, ProfileKindField, UnknownAddressField
from latchkey.api.fields import one_of, with_switches
from latchkey.rules.accounts import ACCESS_STATUSES, AccessStatus, Account
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import Event
from latchkey.rules.mail import EMAIL_STATUSES, EmailStatus
from latchkey.rules.practices import FEATURES, Practice
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.usecases.access import GeneratedPin, ShareResult
from latchkey.usecases.client_access import ClientAccess, access_status, email_status
from latchkey.usecases.clients import ListedClient
from latchkey.usecases.contacts import ContactAccount
from latchkey.usecases.diagnosis import Diagnosis
from latchkey.usecases.events import is_refusal
from latchkey.web.responses import rfc3339

Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
AccessStatusField = Annotated[AccessStatus, one_of(*ACCESS_STATUSES)]
EmailStatusField = Annotated[EmailStatus, one_of(*EMAIL_STATUSES)]


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    location: str
    message: str


class OpenerDocument(BaseModel):
    """Someone who can open the client's profile by a sign-in of their own."""

    contact: Annotated[str, Field(description="Id of the contact, as in the list of contacts.")]
    name: str
    email: str
    relation: str


class Problem(BaseModel):
    """Why something was not done (RFC 9457)."""

    title: str
    status: int
    code: Annotated[str, Field(description="Stable, for programs.")]
    detail: str | None = None
    retry_after: Annotated[int | None, Field(description="Seconds.")] = None
    errors: list[FieldError] | None = None
    people: Annotated[
        list[OpenerDocument] | None, Field(description="Of `opened_by_others`: who else opens the profile.")
    ] = None


class GatewayMessage(BaseModel):
    """What API Gateway says when it refuses by itself."""

    message: str | None = None


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
    welcome: str | None
    unknown_address: UnknownAddressField
    features: dict[str, bool]


class MemberDocument(BaseModel):
    """Someone who may act for a practice."""

    subject: str
    role: MemberRoleField


class LetterDocument(BaseModel):
    """A practice's own words in a letter; a part that is empty keeps ours."""

    greeting: str = ""
    body: str = ""
    footer: str = ""


class EmailDocument(BaseModel):
    """An address on file, and who recorded when whether the person may be written to there."""

    address: str
    email_ok: bool
    recorded_by: str
    recorded_at: Timestamp


class ContactEntry(BaseModel):
    """Someone who signs in as themselves and may open the client's profile, as clients show them."""

    id: str
    name: str
    email: str
    email_ok: bool
    relation: str


class ContactDocument(ContactEntry):
    """Someone who signs in as themselves and may open the client's profile."""

    email_status: EmailStatusField


class ContactList(BaseModel):
    """Everyone who may open a client's profile."""

    contacts: list[ContactDocument]


class AccessDocument(BaseModel):
    """A client's sign-in."""

    email: Annotated[str | None, Field(description="The address that signs in, or that the next invitation goes to.")]
    emails: list[EmailDocument]
    status: AccessStatusField
    invited_at: Timestamp | None
    first_sign_in_at: Timestamp | None
    last_sign_in_at: Timestamp | None
    email_status: EmailStatusField
    has_live_pin: bool
    can_resend: bool
    banner: Annotated[str | None, Field(description="The sentence to show, if there is one.")]


class ClientEntry(BaseModel):
    """A client, as lists show them."""

    id: str
    name: str
    kind: ProfileKindField
    language: LanguageField
    emails: list[EmailDocument]
    features: dict[str, bool]
    contacts: list[ContactEntry]
    status: AccessStatusField
    created_at: Timestamp


class ClientDocument(ClientEntry):
    """A client."""

    portal_access: AccessDocument
    items: Annotated[list[str], Field(description="What was shared with the client, newest last.")]


class ClientList(BaseModel):
    """A page of clients, oldest first."""

    clients: list[ClientEntry]
    next: Annotated[str | None, Field(description="`cursor` of the next page; null on the last one.")]


class ShareDocument(BaseModel):
    """What sharing does about the client's sign-in."""

    grants_access: bool
    banner: Annotated[str | None, Field(description="The sentence to show before sharing, if there is one.")]
    items: Annotated[list[str], Field(description="Everything that was shared so far, this included.")]


class PinDocument(BaseModel):
    """A PIN. It is told once, here, and kept nowhere in a form that can be read."""

    pin: Annotated[str, Field(pattern="^[0-9]{6}$")]
    email: Annotated[str, Field(description="The address that it works with.")]
    expires_at: Timestamp


class EventDocument(BaseModel):
    """Something that happened."""

    id: str
    kind: str
    at: Timestamp
    actor: Annotated[str, Field(description="`client`, `system`, or the subject of a clinician's token.")]
    outcome: Literal["done", "refused"]
    reason: str | None
    method: str | None
    reference: Annotated[str | None, Field(description="The support code that the person was shown.")]


class EventList(BaseModel):
    """A page of what happened, newest first."""

    events: list[EventDocument]
    next: Annotated[str | None, Field(description="`cursor` of the next page; null on the last one.")]


class RateLimitDocument(BaseModel):
    """Something that has to be waited for."""

    on: Literal["links", "pins"]
    until: Annotated[Timestamp, Field(description="For a browser that has never signed in with this address.")]
    known_browsers_until: Annotated[
        Timestamp | None,
        Field(description="For a browser that has signed in with this address before; null where it need not wait."),
    ]


class DiagnosisDocument(BaseModel):
    """Why a client cannot sign in, as far as anyone can know."""

    access: AccessStatusField
    address: str | None
    consent: Annotated[bool | None, Field(description="Null where there is no address.")]
    email_status: EmailStatusField
    last_mails: list[EventDocument]
    locks: list[RateLimitDocument]
    last_refusals: list[EventDocument]
    advice: Annotated[list[str], Field(description="Sentences to read out on the phone.")]


def practice(practice: Practice, origin: str) -> PracticeDocument:
    """Return a practice with the URL of its portal."""
    fields = {name: getattr(practice, name) for name in PracticeDocument.model_fields if hasattr(practice, name)}
    providers = {name: name in practice.providers for name in PROVIDER_NAMES}
    return PracticeDocument.model_validate(
        fields | providers | {"portal_url": f"{origin}/{practice.slug}", "features": switches(practice.features)}
    )


def emails(emails: Iterable[AddressOnFile]) -> list[EmailDocument]:
    """Return the addresses on file."""
    return [
        EmailDocument(
            address=email.address,
            email_ok=email.email_ok,
            recorded_by=email.recorded_by,
            recorded_at=rfc3339(email.recorded_at),
        )
        for email in emails
    ]


def contact(entry: ContactAccount) -> ContactDocument:
    """Return a contact, and what became of the newest mail to them."""
    return ContactDocument.model_validate(
        _contact_fields(entry.contact) | {"email_status": email_status(entry.account)}
    )


def client_entry(entry: ListedClient) -> ClientEntry:
    """Return a client as lists show them."""
    return ClientEntry.model_validate(_client_fields(entry.client, entry.own_account))


def client(client_access: ClientAccess) -> ClientDocument:
    """Return a client with everything about them."""
    client = client_access.client
    return ClientDocument.model_validate(
        _client_fields(client, client_access.own_account)
        | {"portal_access": access(client_access), "items": list(client.items)}
    )


def access(client_access: ClientAccess) -> AccessDocument:
    """Return a client's sign-in."""
    client, own_account = client_access.client, client_access.own_account
    status = access_status(client, own_account)
    is_waiting = status == "invited"
    return AccessDocument(
        email=client.access_address,
        emails=emails(client.emails),
        status=status,
        invited_at=_timestamp(client.invited_at),
        first_sign_in_at=_timestamp(own_account.first_sign_in_at if own_account else None),
        last_sign_in_at=_timestamp(own_account.last_sign_in_at if own_account else None),
        email_status=email_status(own_account),
        has_live_pin=client_access.has_live_pin,
        can_resend=is_waiting,
        banner=f"{client.name} hasn't signed in yet." if is_waiting else None,
    )


def pin(generated: GeneratedPin) -> PinDocument:
    """Return a PIN to read out."""
    return PinDocument(pin=generated.pin, email=generated.address, expires_at=rfc3339(generated.expires_at))


def share(result: ShareResult) -> ShareDocument:
    """Return what sharing does about the client's sign-in."""
    banner = f"{result.client.name} will also receive Client Portal access." if result.grants_access else None
    return ShareDocument(grants_access=result.grants_access, banner=banner, items=list(result.client.items))


def event(id: str, event: Event) -> EventDocument:  # noqa: A002 - what the document calls it
    """Return an audit event, without the address that it is about."""
    return EventDocument(
        id=id,
        kind=event.kind.value,
        at=datetime.fromtimestamp(event.at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        actor=event.actor,
        outcome="refused" if is_refusal(event) else "done",
        reason=event.reason,
        method=event.method,
        reference=event.support_code,
    )


def diagnosis(diagnosis: Diagnosis) -> DiagnosisDocument:
    """Return why a client cannot sign in."""
    return DiagnosisDocument(
        access=diagnosis.access,
        address=diagnosis.address,
        consent=diagnosis.consent,
        email_status=diagnosis.email_status,
        last_mails=[event(*row) for row in diagnosis.last_mails],
        locks=[
            RateLimitDocument(
                on=lock.on,
                until=rfc3339(lock.until),
                known_browsers_until=_timestamp(lock.known_browsers_until),
            )
            for lock in diagnosis.locks
        ],
        last_refusals=[event(*row) for row in diagnosis.last_refusals],
        advice=diagnosis.advice,
    )


def switches(features: frozenset[str]) -> dict[str, bool]:
    """Return every feature, and whether it is on."""
    return {feature: feature in features for feature in FEATURES}


def _client_fields(client: Client, own_account: Account | None) -> dict[str, object]:
    return {
        "id": client.id,
        "name": client.name,
        "kind": client.kind,
        "language": client.language,
        "emails": emails(client.emails),
        "features": switches(client.features),
        "contacts": [_contact_fields(contact) for contact in client.contacts],
        "status": access_status(client, own_account),
        "created_at": rfc3339(client.created_at),
    }


def _contact_fields(contact: Contact) -> dict[str, object]:
    """Return a contact. `email_ok` is the consent that was recorded with the contact."""
    return {
        "id": contact.id,
        "name": contact.name,
        "email": contact.email.address,
        "email_ok": contact.email.email_ok,
        "relation": contact.relation,
    }


def _timestamp(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
