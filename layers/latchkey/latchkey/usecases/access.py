"""Use cases of a client's sign-in: invitations, addresses, PINs, sharing, and the end of access."""

from contextlib import nullcontext
from dataclasses import dataclass, field, replace

from latchkey import metrics, tokens
from latchkey.metrics import Metric
from latchkey.rules import access, address_changes, addresses, revocations, shares
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import Account, AccountKey
from latchkey.rules.clients import AddressOnFile, Client
from latchkey.rules.events import EventKind
from latchkey.rules.items import SharedItem
from latchkey.rules.members import Role
from latchkey.rules.providers import ProviderName
from latchkey.rules.refusals import NoAccess, RecordNotFound
from latchkey.rules.revocations import NOBODY_ELSE, People
from latchkey.store import accounts, clients, events, pins
from latchkey.store.limits import Reservations
from latchkey.usecases import client_access, items, outbox, rate_limits
from latchkey.usecases.client_access import ClientAccess
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import RateLimit, use_case
from latchkey.usecases.letters import LetterPreview, PreviewRequest, render_preview
from latchkey.usecases.outbox import InvitationRequest


@dataclass(frozen=True, slots=True)
class GeneratedPin:
    """A PIN to read out. It is returned once, and stored only as a hash."""

    pin: str = field(repr=False)
    address: str = field(repr=False)
    """The address that the PIN works with."""
    expires_at: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class ShareResult:
    """The effect of sharing on the client's sign-in."""

    client: Client
    """The client after sharing. A dry run does not change it."""
    grants_access: bool
    notified: bool = False
    """True if a mail says that something is waiting. An invitation says so too."""


@use_case(Role.CLINICIAN)
def read_access(context: RequestContext, client_id: str) -> ClientAccess:
    """Return a client's sign-in."""
    return client_access.read(context, client_access.find(context, client_id))


@use_case(Role.CLINICIAN, idempotent=True, rate_limit=RateLimit.INVITATIONS)
def invite(
    context: RequestContext, client_id: str, invitation: InvitationRequest, *, preview: bool = False
) -> ClientAccess | LetterPreview:
    """Invite a client, or invite them again as long as they have not signed in. Return the client's sign-in.

    A preview changes nothing and returns the letter. It is refused if the real call would be refused.

    An invitation to another of the client's addresses moves access there and ends the sign-in by the old one.
    """
    invitation = replace(invitation, items=items.checked(context, invitation.items))
    before = client_access.find(context, client_id)
    requested_address = addresses.canonical(invitation.email) if invitation.email is not None else None
    address = access.invitation_address(before, requested_address)
    account_key = accounts.key_of(context.slug, addresses.canonical(address))

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        # Read the address and its consent again, because they may have changed since.
        current_address = access.invitation_address(current, address)
        return _invited(context, current, current_address, account_key, accounts_by_key, invitation.items)

    if preview:
        change = decide(before, accounts.find_all(access.account_keys(before) | {account_key}))
        return _invitation_preview(context, change, change.account(account_key), invitation)
    with rate_limits.reserve(context) as reservations:
        changed = clients.apply(before, decide, {account_key}, context.event_factory())
        _queue_mails(context, before, changed, account_key, reservations, invitation)
    return client_access.read(context, changed.client)


@use_case(Role.CLINICIAN, idempotent=True, rate_limit=RateLimit.INVITATIONS)
def change_address(
    context: RequestContext, client_id: str, address: str, *, email_ok: bool, disable_and_resend: bool
) -> ClientAccess:
    """Save a client's address, with the consent to be emailed there. Return the client's sign-in.

    A new address for the sign-in needs `disable_and_resend`: the old sign-in ends, and the new address is invited. The
    same address again confirms it, which lifts a suppression.
    """
    before = clients.find(context.slug, client_id)
    email = AddressOnFile(addresses.for_mail(address), email_ok, context.clinician.subject, context.now)
    account_key = accounts.key_of(context.slug, addresses.canonical(address))

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        return address_changes.change_address(
            current,
            email,
            account_key,
            accounts_by_key,
            disable_and_resend=disable_and_resend,
            new_id=tokens.new_ulid(context.now_ms),
            now=context.now,
        )

    to_event = context.event_factory({EventKind.CONSENT_CHANGED: "given" if email_ok else "withdrawn"})
    if not disable_and_resend:
        changed = clients.apply(before, decide, {account_key}, to_event)
    else:
        with rate_limits.reserve(context) as reservations:
            changed = clients.apply(before, decide, {account_key}, to_event)
            if changed.includes(EventKind.INVITATION_REQUESTED):
                _queue_mails(context, before, changed, account_key, reservations)
            else:
                reservations.release_all()
    return client_access.read(context, changed.client)


@use_case(Role.CLINICIAN)
def disable_access(context: RequestContext, client_id: str, people: People = NOBODY_ELSE) -> None:
    """End a client's sign-in at once: sessions, links and PINs. End it for the contacts in `people` too (B154).

    :raises OpenedByOthers: a contact who is not in `people` can open the profile.
    """
    to_event = context.event_factory({EventKind.PROFILE_REVOKED: client_id})

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        return revocations.disable(current, accounts_by_key, context.now, people)

    clients.apply(clients.find(context.slug, client_id), decide, set(), to_event)


@use_case(Role.CLINICIAN)
def end_sessions(context: RequestContext, client_id: str, people: People = NOBODY_ELSE) -> None:
    """Sign a client out everywhere, and the contacts in `people` out of the profile. They may sign in again.

    :raises OpenedByOthers: a contact who is not in `people` can open the profile.
    """
    to_event = context.event_factory({EventKind.SESSION_ENDED: client_id})

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        return revocations.end_sessions(current, accounts_by_key, people, tokens.new_ulid(context.now_ms))

    clients.apply(clients.find(context.slug, client_id), decide, set(), to_event)


@use_case(Role.CLINICIAN)
def unlink_identity(context: RequestContext, client_id: str, provider: ProviderName) -> None:
    """Unlink the identity at a provider from the client's account, so that another one can sign in.

    :raises OpenedByOthers: the client has no sign-in of their own, and contacts can open the profile.
    """

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        return revocations.unlink_identity(current, accounts_by_key, provider)

    clients.apply(clients.find(context.slug, client_id), decide, set(), context.event_factory())


@use_case(Role.CLINICIAN, idempotent=True, rate_limit=RateLimit.EVERY_CALL)
def generate_pin(context: RequestContext, client_id: str, contact_id: str | None = None) -> GeneratedPin:
    """Create a PIN for a client, or for a contact of theirs. It replaces the previous PIN.

    :raises NoAccess: the account may not sign in.
    """
    account = _pin_account(clients.find(context.slug, client_id), contact_id)
    events.append(context.event(account.key, EventKind.PIN_CREATED))
    pin, expires_at = pins.create(account, context.now_ms)
    accounts.set_attention(account.key, "pin_refused", context.now, context.support_code)
    metrics.count(Metric.PIN_CREATED)
    outbox.queue_notice(context, account, "pin_made")
    return GeneratedPin(pin, account.address, expires_at)


@use_case(Role.CLINICIAN, idempotent=True, rate_limit=RateLimit.INVITATIONS)
def share(
    context: RequestContext, client_id: str, shared: tuple[SharedItem, ...], *, dry_run: bool = False
) -> ShareResult:
    """Share items with a client. This gives the client access if they never had it.

    Someone who has access already gets a mail that something is waiting (B146). A dry run changes nothing. It is
    refused if the real call would be refused.

    :raises ValueRefused: the path of an item leads out of the practice's portal.
    """
    shared = items.checked(context, shared)
    client = clients.find(context.slug, client_id)
    accounts_by_key = accounts.find_all(access.account_keys(client))
    grants_access = shares.share_grants_access(client, shared, accounts_by_key, context.now)
    address = access.invitation_address(client, None) if grants_access else None
    people = () if grants_access else shares.accounts_to_notify(client, accounts_by_key)
    if dry_run:
        return ShareResult(client, grants_access, any(account.can_receive_mail for account in people))
    with rate_limits.reserve(context) if address or people else nullcontext() as reservations:
        if address and reservations:
            return ShareResult(_share_and_invite(context, client, address, shared, reservations), grants_access, True)
        client = _share(context, client, shared)
        notified = [outbox.queue_notice(context, account, "waiting") for account in people]
    return ShareResult(client, grants_access, any(notified))


def _invitation_preview(
    context: RequestContext, change: AccessChange, account: Account, invitation: InvitationRequest
) -> LetterPreview:
    return render_preview(
        context,
        PreviewRequest(
            "invitation",
            account.language,
            account.name,
            account.address,
            subject=invitation.subject,
            message=invitation.message,
            items=change.client.invited_items,
        ),
    )


def _invited(
    context: RequestContext,
    client: Client,
    address: str,
    account_key: AccountKey,
    accounts_by_key: AccountsByKey,
    shared: tuple[SharedItem, ...],
) -> AccessChange:
    change = access.invite(client, address, account_key, accounts_by_key, tokens.new_ulid(context.now_ms), context.now)
    return AccessChange(change.client.with_invited_items(shared), change.accounts, change.events)


def _share(context: RequestContext, client: Client, shared: tuple[SharedItem, ...]) -> Client:
    def add_items(current: Client, _: AccountsByKey) -> AccessChange:
        return AccessChange(current.with_shared_items(shared), events=((current.audit_key, EventKind.ITEMS_SHARED),))

    return clients.apply(client, add_items, set(), context.event_factory()).client


def _share_and_invite(
    context: RequestContext, client: Client, address: str, shared: tuple[SharedItem, ...], reservations: Reservations
) -> Client:
    account_key = accounts.key_of(context.slug, addresses.canonical(address))

    def decide(current: Client, accounts_by_key: AccountsByKey) -> AccessChange:
        current_address = access.invitation_address(current, address)
        change = _invited(context, current, current_address, account_key, accounts_by_key, shared)
        return AccessChange(
            change.client, change.accounts, ((current.audit_key, EventKind.ITEMS_SHARED), *change.events)
        )

    changed = clients.apply(client, decide, {account_key}, context.event_factory())
    _queue_mails(context, client, changed, account_key, reservations, InvitationRequest(items=shared))
    return changed.client


def _queue_mails(
    context: RequestContext,
    before: Client,
    change: AccessChange,
    account_key: AccountKey,
    reservations: Reservations,
    invitation: InvitationRequest | None = None,
) -> None:
    """Queue the invitation of a change, and a notice to the address of the old sign-in."""
    text = replace(
        invitation or InvitationRequest(), items=tuple(SharedItem(title) for title in change.client.invited_items)
    )
    outbox.queue_invitation(context, change.account(account_key), reservations, text)
    for account in change.accounts:
        if account.key == before.access_key and account.key != account_key:
            outbox.queue_notice(context, account, "address_changed")


def _pin_account(client: Client, contact_id: str | None) -> Account:
    """Return the account that a PIN is for.

    :raises NoAccess: the account may not sign in.
    :raises RecordNotFound: the client has no such contact.
    """
    accounts_by_key = accounts.find_all(access.account_keys(client))
    if contact_id is None:
        return access.require_own_account(client, accounts_by_key)
    contact = client.contact(contact_id)
    if contact is None:
        raise RecordNotFound
    account = accounts_by_key.get(contact.account_key)
    if account is None or not account.may_sign_in or account.profile(client.id) is None:
        raise NoAccess
    return account
