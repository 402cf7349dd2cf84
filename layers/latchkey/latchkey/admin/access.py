"""A client's sign-in: invitations, addresses, what ends it, and the PIN for when mail fails."""

from collections.abc import Callable
from contextlib import nullcontext

from aws_lambda_powertools.event_handler import Response

from latchkey import metrics, tokens
from latchkey.admin import documents, post
from latchkey.admin.acts import Act, Acting
from latchkey.admin.bodies import AddressChange, Invitation, PinFor, Share, Wording
from latchkey.admin.clients import has_pin
from latchkey.admin.documents import AccessDocument, PinDocument, SharedDocument
from latchkey.admin.parts import ClientId
from latchkey.admin.routes import Routes
from latchkey.metrics import Metric
from latchkey.rules import access, addresses
from latchkey.rules.access import Accounts, Change
from latchkey.rules.accounts import Account
from latchkey.rules.clients import Client, Email
from latchkey.rules.events import Kind
from latchkey.rules.members import Role
from latchkey.rules.refusals import (
    AddressSuppressed,
    AlreadySignedIn,
    ConsentMissing,
    EmailInUse,
    EmailMalformed,
    NoAccess,
    NotYours,
    OpenedByOthers,
    SwitchUnconfirmed,
    Waiting,
)
from latchkey.store import accounts, budgets, clients, events, pins
from latchkey.web.answers import rfc3339

routes = Routes("access")

INVITES = (EmailMalformed, ConsentMissing, EmailInUse, AddressSuppressed, Waiting)
"""What stands in the way of an invitation."""


@routes.on("GET /clients/{client}/portal-access", Role.CLINICIAN, gives={200: AccessDocument})
def get_access(client: ClientId, act: Acting) -> AccessDocument:
    """Read a client's sign-in: which address, since when, and what became of the last mail."""
    return document(clients.find(act.slug, client), act)


@routes.on(
    "POST /clients/{client}/invitations",
    Role.CLINICIAN,
    gives={201: AccessDocument},
    refuses=(*INVITES, AlreadySignedIn),
    sends=True,
)
def post_invitation(client: ClientId, body: Invitation, act: Acting) -> AccessDocument:
    """Invite a client, or invite them again while they have not signed in.

    With another of the client's own addresses in `email`, access moves there: the sign-in by the one before ends at
    once.
    """
    found = clients.find(act.slug, client)
    asked = addresses.canonical(body.email) if body.email is not None else None
    address = access.address_for(found, asked)
    key = accounts.key_of(act.slug, addresses.canonical(address))

    def decide(current: Client, known: Accounts) -> Change:
        # the address and its consent as they are now
        now_on_file = access.address_for(current, address)
        return _invited(current, now_on_file, key, known, body, act)

    with post.counted(act):
        changed = clients.change(found, decide, {key}, act.noting())
        _send(act, found, changed, key, body)
    return document(changed.client, act)


@routes.on(
    "PUT /clients/{client}/email",
    Role.CLINICIAN,
    gives={200: AccessDocument},
    refuses=(*INVITES, SwitchUnconfirmed),
    sends=True,
)
def put_email(client: ClientId, body: AddressChange, act: Acting) -> AccessDocument:
    """Save a client's address, and whether they have agreed to be emailed there.

    Another address than the one that signs in has to be agreed to with `disable_and_resend`: the old one is dead at
    once, the new one is invited. The same address again confirms it, which lets mail go there again after it came back.
    """
    found = clients.find(act.slug, client)
    email = Email(addresses.on_file(body.email), body.email_ok, act.clinician.subject, act.now)
    key = accounts.key_of(act.slug, addresses.canonical(body.email))

    def decide(current: Client, known: Accounts) -> Change:
        return access.readdress(
            current,
            email,
            key,
            known,
            agreed=body.disable_and_resend,
            new_id=tokens.ulid(act.instant),
            now=act.now,
        )

    noting = act.noting({Kind.CONSENT_CHANGED: "given" if body.email_ok else "withdrawn"})
    if not body.disable_and_resend:
        changed = clients.change(found, decide, {key}, noting)
    else:
        with post.counted(act) as count:
            changed = clients.change(found, decide, {key}, noting)
            if changed.happened(Kind.INVITATION_REQUESTED):
                _send(act, found, changed, key)
            else:
                budgets.give_back(count)
    return document(changed.client, act)


@routes.on("DELETE /clients/{client}/portal-access", Role.CLINICIAN, gives={204: None}, refuses=(OpenedByOthers,))
def delete_access(client: ClientId, act: Acting) -> Response[None]:
    """Disable a client's sign-in: sessions, links and PINs end at once, and no later invitation revives them.

    While others open the profile, nothing is changed and `people` names them. Close the profile to each of them first,
    by deleting the contact.
    """
    return _done(client, act, lambda current, known: access.disable(current, known, act.now))


@routes.on("DELETE /clients/{client}/sessions", Role.CLINICIAN, gives={204: None}, refuses=(OpenedByOthers,))
def delete_sessions(client: ClientId, act: Acting) -> Response[None]:
    """Sign a client out everywhere; they may sign in again.

    While others open the profile, nothing is changed and `people` names them.
    """
    return _done(client, act, access.end_sessions)


@routes.on("DELETE /clients/{client}/google", Role.CLINICIAN, gives={204: None}, refuses=(OpenedByOthers,))
def delete_google(client: ClientId, act: Acting) -> Response[None]:
    """Unbind the Google Account that has signed in by a client's address, so that another one can.

    Until then the account that came first decides, even if its address is given to someone else. A client without a
    sign-in of their own has none to unbind: while others open the profile, `people` names them.
    """
    return _done(client, act, access.unbind_google)


@routes.on("POST /clients/{client}/pin-codes", Role.CLINICIAN, gives={201: PinDocument}, refuses=(NoAccess, Waiting))
def post_pin(client: ClientId, act: Acting, body: PinFor | None = None) -> PinDocument:
    """Make a PIN to read out over the phone, for a client or for a contact of theirs.

    It works once, within 24 hours, with the address that is shown beside it, and ends the one before. Nobody is
    shown it again. Its owner is told by mail that it was made.
    """
    with post.counted(act):
        account = _whose_pin(clients.find(act.slug, client), body)
        events.add(act.event(account.key, Kind.PIN_CREATED))
        pin, expires_at = pins.make(account, act.instant)
    metrics.count(Metric.PIN_MADE)
    post.tell(act, account, "pin_made")
    return PinDocument(pin=pin, email=account.address, expires_at=rfc3339(expires_at))


@routes.on(
    "POST /clients/{client}/shares",
    Role.CLINICIAN,
    gives={201: SharedDocument, 200: SharedDocument},
    refuses=INVITES,
    sends=True,
)
def post_share(client: ClientId, body: Share, act: Acting) -> tuple[SharedDocument, int]:
    """Share something with a client, which gives them access if they never had it.

    A dry run tells whether it would, and is refused where the real one would be.
    """
    found = clients.find(act.slug, client)
    known = accounts.find_all(access.keys(found))
    grants = access.sharing_invites(found, body.items, known, act.now)
    address = access.address_for(found, None) if grants else None
    if not body.dry_run:
        with post.counted(act) if address else nullcontext():
            found = _shared(found, address, body, act)
    banner = f"{found.name} will also receive Client Portal access." if grants else None
    document = SharedDocument(grants_access=grants, banner=banner, items=list(found.items))
    return document, 200 if body.dry_run else 201


def document(client: Client, act: Act) -> AccessDocument:
    """A client's sign-in as it is at this moment."""
    own = access.own_account(client, accounts.find_all(access.keys(client)))
    return documents.access(client, own, live_pin=has_pin(client, own, act))


def _done(client: str, act: Act, decide: Callable[[Client, Accounts], Change]) -> Response[None]:
    clients.change(clients.find(act.slug, client), decide, set(), act.noting())
    return Response(204)


def _invited(client: Client, address: str, key: bytes, known: Accounts, wording: Wording, act: Act) -> Change:
    change = access.invite(client, address, key, known, tokens.ulid(act.instant), act.now)
    return Change(change.client.sharing(wording.items), change.accounts, change.events)


def _shared(client: Client, address: str | None, body: Share, act: Act) -> Client:
    wording = Wording(items=body.items)
    if address is None:

        def add(current: Client, _: Accounts) -> Change:
            return Change(current.sharing(body.items), events=((current.row, Kind.ITEMS_SHARED),))

        return clients.change(client, add, set(), act.noting()).client

    key = accounts.key_of(act.slug, addresses.canonical(address))

    def invite(current: Client, known: Accounts) -> Change:
        change = _invited(current, access.address_for(current, address), key, known, wording, act)
        return Change(change.client, change.accounts, ((current.row, Kind.ITEMS_SHARED), *change.events))

    changed = clients.change(client, invite, {key}, act.noting())
    _send(act, client, changed, key, wording)
    return changed.client


def _send(act: Act, before: Client, change: Change, key: bytes, wording: Wording | None = None) -> None:
    """Mail the invitation of a change, and word of it to the address that signed in until then."""
    post.invite(act, change.account(key), wording)
    for account in change.accounts:
        if account.key == before.access and account.key != key:
            post.tell(act, account, "address_changed")


def _whose_pin(client: Client, asked: PinFor | None) -> Account:
    """The account that a PIN is for.

    :raises NoAccess: it may not sign in.
    :raises NotYours: the client has no such contact.
    """
    known = accounts.find_all(access.keys(client))
    if asked is None or asked.contact is None:
        return access.signs_in(client, known)
    contact = client.contact(asked.contact)
    if contact is None:
        raise NotYours
    account = known.get(contact.account)
    if account is None or not account.may_sign_in or account.profile(client.id) is None:
        raise NoAccess
    return account
