"""The mapping of the use cases' values to documents."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal

from latchkey.api import pagination
from latchkey.api.client_documents import (
    AccessDocument,
    BounceDocument,
    ClientDocument,
    ContactDocument,
    EmailDocument,
    ItemDocument,
    ListedClientEntry,
    PinDocument,
    ShareDocument,
    timestamp,
)
from latchkey.api.event_documents import (
    DiagnosisDocument,
    EventDocument,
    EventList,
    MethodDocument,
    PersonDiagnosisDocument,
    RateLimitDocument,
)
from latchkey.api.practice_documents import LetterPreviewDocument, LogoDocument, MemberDocument, PracticeDocument
from latchkey.http.responses import rfc3339
from latchkey.rules.accounts import Account
from latchkey.rules.branding import Logo, file_path
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import Event
from latchkey.rules.members import Member
from latchkey.rules.practices import FEATURES, Practice
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.usecases.access import GeneratedPin, ShareResult
from latchkey.usecases.client_access import ClientAccess, access_status, bounce, email_status
from latchkey.usecases.client_search import ListedClient
from latchkey.usecases.contacts import ContactAccount
from latchkey.usecases.diagnosis import METHODS, Diagnosis, PersonDiagnosis, PersonFacts
from latchkey.usecases.events import NamedEvents, is_refusal
from latchkey.usecases.letters import LetterPreview


def practice(practice: Practice, origin: str) -> PracticeDocument:
    """Return the document of a practice. `origin` is `https://host` of the portal."""
    fields = {name: getattr(practice, name) for name in PracticeDocument.model_fields if hasattr(practice, name)}
    providers = {name: name in practice.providers for name in PROVIDER_NAMES}
    return PracticeDocument.model_validate(
        fields
        | providers
        | {
            "portal_url": f"{origin}/{practice.slug}",
            "features": switches(practice.features),
            "welcome": dict(practice.welcomes) or practice.welcome,
            "logo": practice.logo and logo(practice.logo, practice.slug, origin),
        }
    )


def logo(logo: Logo, slug: str, origin: str) -> LogoDocument:
    """Return the document of a practice's logo."""
    return LogoDocument(url=f"{origin}{file_path(slug, 'logo', logo.digest)}", width=logo.width, height=logo.height)


def emails(emails: Iterable[AddressOnFile]) -> list[EmailDocument]:
    """Return the documents of addresses on file."""
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
    """Return the document of a contact, with the status of the newest mail to them."""
    return ContactDocument.model_validate(
        _contact_fields(entry.contact)
        | {
            "status": entry.status,
            "last_sign_in_at": timestamp(entry.account.last_sign_in_at if entry.account else None),
            "email_status": email_status(entry.account),
            "bounce": _bounce(entry.account),
        }
    )


def client_entry(entry: ListedClient) -> ListedClientEntry:
    """Return the document of a client in a list."""
    return ListedClientEntry.model_validate(
        _client_fields(entry.client, entry.own_account) | {"attention": entry.attention}
    )


def client(client_access: ClientAccess, origin: str) -> ClientDocument:
    """Return the document of a client."""
    client = client_access.client
    return ClientDocument.model_validate(
        _client_fields(client, client_access.own_account)
        | {"portal_access": access(client_access, origin), "items": [item.title for item in client.items]}
        | {"shared_items": items(client)}
    )


def access(client_access: ClientAccess, origin: str) -> AccessDocument:
    """Return the document of a client's sign-in at the portal with this origin."""
    client, own_account = client_access.client, client_access.own_account
    status = access_status(client, own_account)
    return AccessDocument(
        email=client.access_address,
        emails=emails(client.emails),
        status=status,
        invited_at=timestamp(client.invited_at),
        first_sign_in_at=timestamp(own_account.first_sign_in_at if own_account else None),
        last_sign_in_at=timestamp(client_access.last_sign_in_at),
        email_status=email_status(own_account),
        bounce=_bounce(own_account),
        has_live_pin=client_access.has_live_pin,
        can_resend=status == "invited",
        banner=client_access.banner,
        tags=list(client_access.tags),
        guide_url=f"{origin}/{client.practice}/guide?lang={client.language}",
    )


def pin(generated: GeneratedPin) -> PinDocument:
    """Return the document of a PIN."""
    return PinDocument(pin=generated.pin, email=generated.address, expires_at=rfc3339(generated.expires_at))


def share(result: ShareResult) -> ShareDocument:
    """Return the document of the effect of sharing."""
    banner = f"{result.client.name} will also receive Client Portal access." if result.grants_access else None
    titles = [item.title for item in result.client.items]
    return ShareDocument(grants_access=result.grants_access, banner=banner, notified=result.notified, items=titles)


def items(client: Client) -> list[ItemDocument]:
    """Return the documents of the items that were shared with a client."""
    return [
        ItemDocument(
            title=item.title,
            path=item.path,
            shared_at=timestamp(item.shared_at),
            done_at=timestamp(item.done_at),
        )
        for item in client.items
    ]


def events(found: NamedEvents) -> EventList:
    """Return the document of a page of audit events."""
    return EventList(
        events=[event(*row, found.names) for row in found.page.entries],
        next=pagination.next_cursor(found.page.next_id),
    )


def event(id: str, event: Event, names: Mapping[str, str] | None = None) -> EventDocument:  # noqa: A002 - the field
    """Return the document of an audit event, without its address."""
    return EventDocument(
        id=id,
        kind=event.kind.value,
        at=datetime.fromtimestamp(event.at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        actor=event.actor,
        actor_name=(names or {}).get(event.actor),
        outcome="refused" if is_refusal(event) else "done",
        reason=event.reason,
        method=event.method,
        reference=event.support_code,
    )


def diagnosis(diagnosis: Diagnosis) -> DiagnosisDocument:
    """Return the document of a diagnosis."""
    people = [person_diagnosis(person) for person in diagnosis.people]
    own = person_diagnosis(diagnosis.own).model_dump()
    say, note = list(diagnosis.advice.say), list(diagnosis.advice.note)
    return DiagnosisDocument.model_validate(own | {"say": say, "note": note, "advice": say, "people": people})


def person_diagnosis(diagnosis: PersonDiagnosis) -> PersonDiagnosisDocument:
    """Return the document of one person's diagnosis."""
    facts = diagnosis.facts
    return PersonDiagnosisDocument(
        contact=facts.contact.id if facts.contact else None,
        name=facts.name,
        relation=facts.contact.relation if facts.contact else None,
        access=facts.access,
        address=facts.address,
        consent=facts.consent,
        email_status=facts.email_status,
        bounce=_bounce(facts.account),
        last_mails=[event(*row) for row in facts.mails],
        locks=[
            RateLimitDocument(
                on=lock.method,
                until=rfc3339(lock.until),
                known_browsers_until=timestamp(lock.known_browsers_until),
            )
            for lock in facts.locks
        ],
        methods=_methods(facts),
        last_refusals=[event(*row) for row in facts.refusals],
        say=list(diagnosis.advice.say),
        note=list(diagnosis.advice.note),
    )


def _methods(facts: PersonFacts) -> list[MethodDocument]:
    names: dict[str | None, Literal["all", "known_browsers", "none"]] = {"all": "all", "known": "known_browsers"}
    has_access = facts.access in ("invited", "active")
    by_browsers = [MethodDocument(on=on, works_in=names.get(facts.works_in(on), "none")) for on in METHODS]
    by_provider = [
        MethodDocument(on=name, works_in="all" if has_access and name in facts.providers else "none")
        for name in PROVIDER_NAMES
    ]
    return [*by_browsers, *by_provider]


def letter_preview(preview: LetterPreview) -> LetterPreviewDocument:
    """Return the document of a letter that is not sent."""
    return LetterPreviewDocument(subject=preview.subject, text=preview.text, html=preview.html)


def member(member: Member) -> MemberDocument:
    """Return the document of a member."""
    return MemberDocument(subject=member.subject, role=member.role.name.lower(), name=member.name, email=member.email)


def switches(features: frozenset[str]) -> dict[str, bool]:
    """Return all features. The value is True if the feature is on."""
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
        "external_id": client.external_id,
        "created_at": rfc3339(client.created_at),
    }


def _contact_fields(contact: Contact) -> dict[str, object]:
    """Return the fields of a contact. `email_ok` is the consent that was recorded with the contact."""
    return {
        "id": contact.id,
        "name": contact.name,
        "email": contact.email.address,
        "email_ok": contact.email.email_ok,
        "relation": contact.relation,
    }


def _bounce(account: Account | None) -> BounceDocument | None:
    found = bounce(account)
    return BounceDocument(at=rfc3339(found.at), reason=found.reason) if found else None
