"""Use cases of clients on file."""

from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace

from latchkey import tokens
from latchkey.rules import access, addresses
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import DEFAULT_PROFILE_KIND, ProfileKind
from latchkey.rules.clients import AddressOnFile, Client
from latchkey.rules.events import EventKind
from latchkey.rules.languages import Language
from latchkey.rules.members import Role
from latchkey.rules.practices import FEATURES, apply_switches
from latchkey.rules.refusals import RecordNotFound, Unavailable
from latchkey.store import accounts, clients
from latchkey.store.dynamodb import OUTAGES
from latchkey.store.limits import Reservations
from latchkey.usecases import client_access, items, outbox, rate_limits
from latchkey.usecases.client_access import ClientAccess
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import RateLimit, use_case
from latchkey.usecases.outbox import InvitationRequest


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """An address to put on file, with the consent to be emailed there."""

    address: str = field(repr=False)
    email_ok: bool


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """A client to put on file."""

    name: str = field(repr=False)
    kind: ProfileKind = DEFAULT_PROFILE_KIND
    language: Language | None = None
    """None for the practice's."""
    emails: tuple[AddressEntry, ...] = ()
    features: Mapping[str, bool] = field(default_factory=dict)
    """Switches by feature. One that is left out is on."""
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class ClientUpdate:
    """Changes of a client. None leaves a field as it is."""

    name: str | None = field(default=None, repr=False)
    language: Language | None = None
    features: Mapping[str, bool] | None = None
    """Switches by feature. One that is left out stays as it is."""
    external_id: str | None = None
    """An empty text removes it."""

    @property
    def changed_fields(self) -> tuple[str, ...]:
        """The names of the fields that change, sorted."""
        changed = {
            "external_id": self.external_id,
            "features": self.features,
            "language": self.language,
            "name": self.name,
        }
        return tuple(name for name, value in changed.items() if value is not None)

    def applied_to(self, client: Client) -> Client:
        """Return the client with these changes."""
        return replace(
            client,
            name=client.name if self.name is None else self.name,
            language=self.language or client.language,
            features=apply_switches(FEATURES, client.features, self.features or {}),
            external_id=client.external_id if self.external_id is None else self.external_id or None,
        )


@use_case(Role.CLINICIAN, idempotent=True, rate_limit=RateLimit.INVITATIONS)
def add_client(
    context: RequestContext, details: ClientDetails, invitation: InvitationRequest | None = None
) -> ClientAccess:
    """Put a client on file, and invite them in the same step if `invitation` is given.

    If the invitation cannot be queued, the client is not put on file.
    """
    if invitation:
        invitation = replace(invitation, items=items.checked(context, invitation.items, "body.invite.items"))
    client = Client(
        id=tokens.new_ulid(context.now_ms),
        practice=context.slug,
        name=details.name,
        kind=details.kind,
        language=details.language or context.practice.language,
        emails=tuple(
            AddressOnFile(addresses.for_mail(email.address), email.email_ok, context.clinician.subject, context.now)
            for email in details.emails
        ),
        features=apply_switches(FEATURES, frozenset(FEATURES), details.features),
        external_id=details.external_id,
        created_at=context.now,
    )
    with rate_limits.reserve(context) if invitation else nullcontext() as reservations:
        # No transaction covers DynamoDB and SQS. If the invitation cannot be queued, erase the client, so that a retry
        # starts clean. Refusals come before the write and leave nothing to erase, so only outages get here.
        # Errors of the cleanup are suppressed: the caller must see the first error.
        try:
            if invitation and reservations:
                return _create_and_invite(context, client, invitation, reservations)
            return _create(context, client)
        except (Unavailable, *OUTAGES):
            with suppress(RecordNotFound, Unavailable, *OUTAGES):
                clients.erase(clients.find(context.slug, client.id), context.now, context.event_factory())
            raise


@use_case(Role.CLINICIAN)
def read_client(context: RequestContext, client_id: str) -> ClientAccess:
    """Return a client, with the state of their sign-in."""
    return client_access.read(context, client_access.find(context, client_id))


@use_case(Role.CLINICIAN)
def update_client(context: RequestContext, client_id: str, update: ClientUpdate) -> ClientAccess:
    """Change a client's name, language or features. Live sessions show the change at once."""

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        updated = update.applied_to(current)
        change = access.update_profile(updated, accounts_by_key)
        return AccessChange(change.client, change.accounts, ((updated.audit_key, EventKind.CLIENT_CHANGED),))

    to_event = context.event_factory({EventKind.CLIENT_CHANGED: ",".join(update.changed_fields)})
    changed = clients.apply(clients.find(context.slug, client_id), decide, set(), to_event)
    return client_access.read(context, changed.client)


@use_case(Role.CLINICIAN)
def erase_client(context: RequestContext, client_id: str) -> None:
    """Erase a client. Their sign-in ends at once, and so does the access of contacts to their profile."""
    clients.erase(clients.find(context.slug, client_id), context.now, context.event_factory())


def _create(context: RequestContext, client: Client) -> ClientAccess:
    added = AccessChange(client, events=((client.audit_key, EventKind.CLIENT_ADDED),))
    changed = clients.apply(client, lambda _, __: added, set(), context.event_factory())
    return client_access.read(context, changed.client)


def _create_and_invite(
    context: RequestContext, client: Client, invitation: InvitationRequest, reservations: Reservations
) -> ClientAccess:
    requested_address = addresses.canonical(invitation.email) if invitation.email is not None else None
    address = access.invitation_address(client, requested_address)
    account_key = accounts.key_of(context.slug, addresses.canonical(address))

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        new_id = tokens.new_ulid(context.now_ms)
        invited = access.invite(current, address, account_key, accounts_by_key, new_id, context.now)
        return AccessChange(
            invited.client.with_invited_items(invitation.items),
            invited.accounts,
            ((client.audit_key, EventKind.CLIENT_ADDED), *invited.events),
        )

    changed = clients.apply(client, decide, {account_key}, context.event_factory())
    outbox.queue_invitation(context, changed.account(account_key), reservations, invitation)
    return client_access.read(context, changed.client)
