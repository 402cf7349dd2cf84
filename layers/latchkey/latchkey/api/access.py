"""A client's sign-in: invitations, addresses, what ends it, and the PIN for when mail fails."""

from collections.abc import Callable
from contextlib import nullcontext

from aws_lambda_powertools.event_handler import Response

from latchkey import metrics, tokens
from latchkey.api import documents, outbox
from latchkey.api.bodies import AddressChange, Invitation, InvitationTextBody, PinBody, Share
from latchkey.api.clients import has_pin
from latchkey.api.context import CurrentContext, RequestContext
from latchkey.api.documents import AccessDocument, PinDocument, ShareDocument
from latchkey.api.pagination import ClientId
from latchkey.api.routes import ResourceRoutes
from latchkey.identity.providers import PROVIDERS
from latchkey.metrics import Metric
from latchkey.rules import access, addresses
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import Account
from latchkey.rules.clients import AddressOnFile, Client
from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.rules.providers import Provider
from latchkey.rules.refusals import (
    AddressChangeUnconfirmed,
    AddressSuppressed,
    AlreadySignedIn,
    ConsentMissing,
    EmailInUse,
    EmailMalformed,
    NoAccess,
    OpenedByOthers,
    RateLimited,
    RecordNotFound,
)
from latchkey.store import accounts, clients, events, pins
from latchkey.web.responses import rfc3339

routes = ResourceRoutes("access")

INVITES = (EmailMalformed, ConsentMissing, EmailInUse, AddressSuppressed, RateLimited)
"""What stands in the way of an invitation."""


@routes.on("GET /clients/{client}/portal-access", Role.CLINICIAN, gives={200: AccessDocument})
def get_access(client: ClientId, act: CurrentContext) -> AccessDocument:
    """Read a client's sign-in: which address, since when, and what became of the last mail."""
    return document(clients.find(act.slug, client), act)


@routes.on(
    "POST /clients/{client}/invitations",
    Role.CLINICIAN,
    gives={201: AccessDocument},
    refuses=(*INVITES, AlreadySignedIn),
    sends=True,
)
def post_invitation(client: ClientId, body: Invitation, act: CurrentContext) -> AccessDocument:
    """Invite a client, or invite them again while they have not signed in.

    With another of the client's own addresses in `email`, access moves there: the sign-in by the one before ends at
    once.
    """
    found = clients.find(act.slug, client)
    asked = addresses.canonical(body.email) if body.email is not None else None
    address = access.invitation_address(found, asked)
    key = accounts.key_of(act.slug, addresses.canonical(address))

    def decide(current: Client, known: AccountsByKey) -> AccessChange:
        # the address and its consent as they are now
        now_on_file = access.invitation_address(current, address)
        return _invited(current, now_on_file, key, known, body, act)

    with outbox.reserve(act):
        changed = clients.apply(found, decide, {key}, act.event_factory())
        _send(act, found, changed, key, body)
    return document(changed.client, act)


@routes.on(
    "PUT /clients/{client}/email",
    Role.CLINICIAN,
    gives={200: AccessDocument},
    refuses=(*INVITES, AddressChangeUnconfirmed),
    sends=True,
)
def put_email(client: ClientId, body: AddressChange, act: CurrentContext) -> AccessDocument:
    """Save a client's address, and whether they have agreed to be emailed there.

    Another address than the one that signs in has to be agreed to with `disable_and_resend`: the old one is dead at
    once, the new one is invited. The same address again confirms it, which lets mail go there again after it came back.
    """
    found = clients.find(act.slug, client)
    email = AddressOnFile(addresses.for_mail(body.email), body.email_ok, act.clinician.subject, act.now)
    key = accounts.key_of(act.slug, addresses.canonical(body.email))

    def decide(current: Client, known: AccountsByKey) -> AccessChange:
        return access.change_address(
            current,
            email,
            key,
            known,
            agreed=body.disable_and_resend,
            new_id=tokens.new_ulid(act.now_ms),
            now=act.now,
        )

    noting = act.event_factory({EventKind.CONSENT_CHANGED: "given" if body.email_ok else "withdrawn"})
    if not body.disable_and_resend:
        changed = clients.apply(found, decide, {key}, noting)
    else:
        with outbox.reserve(act) as reservations:
            changed = clients.apply(found, decide, {key}, noting)
            if changed.includes(EventKind.INVITATION_REQUESTED):
                _send(act, found, changed, key)
            else:
                reservations.release_all()
    return document(changed.client, act)


@routes.on("DELETE /clients/{client}/portal-access", Role.CLINICIAN, gives={204: None}, refuses=(OpenedByOthers,))
def delete_access(client: ClientId, act: CurrentContext) -> Response[None]:
    """Disable a client's sign-in: sessions, links and PINs end at once, and no later invitation revives them.

    While others open the profile, nothing is changed and `people` names them. Close the profile to each of them first,
    by deleting the contact.
    """
    return _done(client, act, lambda current, known: access.disable(current, known, act.now))


@routes.on("DELETE /clients/{client}/sessions", Role.CLINICIAN, gives={204: None}, refuses=(OpenedByOthers,))
def delete_sessions(client: ClientId, act: CurrentContext) -> Response[None]:
    """Sign a client out everywhere; they may sign in again.

    While others open the profile, nothing is changed and `people` names them.
    """
    return _done(client, act, access.end_sessions)


def _add_unlink_route(provider: Provider) -> None:
    """Add the route that unlinks the identity at a provider."""

    def delete_identity(client: ClientId, act: CurrentContext) -> Response[None]:
        return _done(client, act, lambda current, known: access.unlink_identity(current, known, provider.name))

    delete_identity.__name__ = f"delete_{provider.name}"
    delete_identity.__doc__ = (
        f"Unbind the {provider.label} Account that has signed in by a client's address, so that another one can."
        "\n\nUntil then the account that came first decides, even if its address is given to someone else. A client"
        " without a sign-in of their own has none to unbind: while others open the profile, `people` names them."
    )
    path = f"DELETE /clients/{{client}}/{provider.name}"
    routes.on(path, Role.CLINICIAN, gives={204: None}, refuses=(OpenedByOthers,))(delete_identity)


for row in PROVIDERS:
    _add_unlink_route(row)


@routes.on(
    "POST /clients/{client}/pin-codes", Role.CLINICIAN, gives={201: PinDocument}, refuses=(NoAccess, RateLimited)
)
def post_pin(client: ClientId, act: CurrentContext, body: PinBody | None = None) -> PinDocument:
    """Make a PIN to read out over the phone, for a client or for a contact of theirs.

    It works once, within 24 hours, with the address that is shown beside it, and ends the one before. Nobody is
    shown it again. Its owner is told by mail that it was made.
    """
    with outbox.reserve(act):
        account = _pin_account(clients.find(act.slug, client), body)
        events.append(act.event(account.key, EventKind.PIN_CREATED))
        pin, expires_at = pins.create(account, act.now_ms)
    metrics.count(Metric.PIN_CREATED)
    outbox.queue_notice(act, account, "pin_made")
    return PinDocument(pin=pin, email=account.address, expires_at=rfc3339(expires_at))


@routes.on(
    "POST /clients/{client}/shares",
    Role.CLINICIAN,
    gives={201: ShareDocument, 200: ShareDocument},
    refuses=INVITES,
    sends=True,
)
def post_share(client: ClientId, body: Share, act: CurrentContext) -> tuple[ShareDocument, int]:
    """Share something with a client, which gives them access if they never had it.

    A dry run tells whether it would, and is refused where the real one would be.
    """
    found = clients.find(act.slug, client)
    known = accounts.find_all(access.account_keys(found))
    grants = access.share_grants_access(found, body.items, known, act.now)
    address = access.invitation_address(found, None) if grants else None
    if not body.dry_run:
        with outbox.reserve(act) if address else nullcontext():
            found = _shared(found, address, body, act)
    banner = f"{found.name} will also receive Client Portal access." if grants else None
    document = ShareDocument(grants_access=grants, banner=banner, items=list(found.items))
    return document, 200 if body.dry_run else 201


def document(client: Client, act: RequestContext) -> AccessDocument:
    """A client's sign-in as it is at this moment."""
    own = access.own_account(client, accounts.find_all(access.account_keys(client)))
    return documents.access(client, own, live_pin=has_pin(client, own, act))


def _done(client: str, act: RequestContext, decide: Callable[[Client, AccountsByKey], AccessChange]) -> Response[None]:
    clients.apply(clients.find(act.slug, client), decide, set(), act.event_factory())
    return Response(204)


def _invited(
    client: Client, address: str, key: bytes, known: AccountsByKey, wording: InvitationTextBody, act: RequestContext
) -> AccessChange:
    change = access.invite(client, address, key, known, tokens.new_ulid(act.now_ms), act.now)
    return AccessChange(change.client.with_shared_items(wording.items), change.accounts, change.events)


def _shared(client: Client, address: str | None, body: Share, act: RequestContext) -> Client:
    wording = InvitationTextBody(items=body.items)
    if address is None:

        def add(current: Client, _: AccountsByKey) -> AccessChange:
            return AccessChange(
                current.with_shared_items(body.items), events=((current.audit_key, EventKind.ITEMS_SHARED),)
            )

        return clients.apply(client, add, set(), act.event_factory()).client

    key = accounts.key_of(act.slug, addresses.canonical(address))

    def invite(current: Client, known: AccountsByKey) -> AccessChange:
        change = _invited(current, access.invitation_address(current, address), key, known, wording, act)
        return AccessChange(
            change.client, change.accounts, ((current.audit_key, EventKind.ITEMS_SHARED), *change.events)
        )

    changed = clients.apply(client, invite, {key}, act.event_factory())
    _send(act, client, changed, key, wording)
    return changed.client


def _send(
    act: RequestContext, before: Client, change: AccessChange, key: bytes, wording: InvitationTextBody | None = None
) -> None:
    """Mail the invitation of a change, and word of it to the address that signed in until then."""
    outbox.queue_invitation(act, change.account(key), wording)
    for account in change.accounts:
        if account.key == before.access_key and account.key != key:
            outbox.queue_notice(act, account, "address_changed")


def _pin_account(client: Client, asked: PinBody | None) -> Account:
    """The account that a PIN is for.

    :raises NoAccess: it may not sign in.
    :raises NotYours: the client has no such contact.
    """
    known = accounts.find_all(access.account_keys(client))
    if asked is None or asked.contact is None:
        return access.require_own_account(client, known)
    contact = client.contact(asked.contact)
    if contact is None:
        raise RecordNotFound
    account = known.get(contact.account_key)
    if account is None or not account.may_sign_in or account.profile(client.id) is None:
        raise NoAccess
    return account
