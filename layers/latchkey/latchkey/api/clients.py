"""Clients on file."""

from contextlib import nullcontext, suppress

from aws_lambda_powertools.event_handler import Response

from latchkey import tokens
from latchkey.api import documents, outbox, pagination
from latchkey.api.bodies import ClientChanges, InvitationTextBody, NewClient
from latchkey.api.context import CurrentContext, RequestContext
from latchkey.api.documents import ClientDocument, ClientList
from latchkey.api.pagination import ClientId, Cursor, PageSize
from latchkey.api.routes import ResourceRoutes
from latchkey.rules import access, addresses
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import Account
from latchkey.rules.clients import AddressOnFile, Client
from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.rules.practices import FEATURES
from latchkey.rules.refusals import (
    AddressSuppressed,
    ConsentMissing,
    EmailInUse,
    EmailMalformed,
    RateLimited,
    RecordNotFound,
    Unavailable,
)
from latchkey.store import accounts, clients, pins
from latchkey.store.dynamodb import OUTAGES

routes = ResourceRoutes("clients")


@routes.on(
    "POST /clients",
    Role.CLINICIAN,
    gives={201: ClientDocument},
    refuses=(EmailMalformed, ConsentMissing, EmailInUse, AddressSuppressed, RateLimited),
    sends=True,
)
def post_client(body: NewClient, act: CurrentContext) -> ClientDocument:
    """Put a client on file, and invite them in the same step if that is wanted.

    Access needs an address whose owner has agreed to be emailed. If the invitation cannot be sent, nobody is put on
    file.
    """
    client = Client(
        id=tokens.new_ulid(act.now_ms),
        practice=act.slug,
        name=body.name,
        kind=body.kind,
        language=body.language or act.practice.language,
        emails=tuple(
            AddressOnFile(addresses.for_mail(email.address), email.email_ok, act.clinician.subject, act.now)
            for email in body.emails
        ),
        features=body.features.applied_to(frozenset(FEATURES)),
        created_at=act.now,
    )
    wording = InvitationTextBody() if body.invite is True else body.invite or None
    with outbox.reserve(act) if wording else nullcontext():
        return add_client(client, wording, act)


@routes.on("GET /clients", Role.CLINICIAN, gives={200: ClientList})
def get_clients(act: CurrentContext, cursor: Cursor = None, limit: PageSize = pagination.DEFAULT_PAGE) -> ClientList:
    """List the clients, oldest first."""
    found = clients.page_of(act.slug, limit + 1, pagination.id_from_cursor(cursor))
    page = found[:limit]
    known = accounts.find_all({client.access_key for client in page if client.access_key})
    return ClientList(
        clients=[documents.client_entry(client, access.own_account(client, known)) for client in page],
        next=pagination.next_cursor([client.id for client in found], limit),
    )


@routes.on("GET /clients/{client}", Role.CLINICIAN, gives={200: ClientDocument})
def get_client(client: ClientId, act: CurrentContext) -> ClientDocument:
    """Read a client, with everything about their sign-in."""
    return document(clients.find(act.slug, client), act)


@routes.on("PATCH /clients/{client}", Role.CLINICIAN, gives={200: ClientDocument})
def patch_client(client: ClientId, body: ClientChanges, act: CurrentContext) -> ClientDocument:
    """Change a client's name, language or features.

    Open sessions see it at once.
    """

    def decide(current: Client, known: AccountsByKey) -> AccessChange:
        changed = body.applied_to(current)
        described = access.update_profile(changed, known)
        return AccessChange(described.client, described.accounts, ((changed.audit_key, EventKind.CLIENT_CHANGED),))

    what = ",".join(sorted(body.model_fields_set))
    changed = clients.apply(
        clients.find(act.slug, client), decide, set(), act.event_factory({EventKind.CLIENT_CHANGED: what})
    )
    return document(changed.client, act)


@routes.on("DELETE /clients/{client}", Role.CLINICIAN, gives={204: None})
def delete_client(client: ClientId, act: CurrentContext) -> Response[None]:
    """Forget a client: their sign-in and everyone's access to their profile end at once.

    What happened stays in the audit, which names nobody.
    """
    clients.erase(clients.find(act.slug, client), act.now, act.event_factory())
    return Response(204)


def document(client: Client, act: RequestContext) -> ClientDocument:
    """A client as they are at this moment."""
    own = access.own_account(client, accounts.find_all(access.account_keys(client)))
    return documents.client(client, own, documents.access(client, own, live_pin=has_pin(client, own, act)))


def has_pin(client: Client, own: Account | None, act: RequestContext) -> bool:
    """Whether the client has a PIN that would still let them in."""
    return client.access_key is not None and own is not None and own.may_sign_in and pins.is_live(own, act.now)


def add_client(client: Client, wording: InvitationTextBody | None, act: RequestContext) -> ClientDocument:
    """Put someone on file; nobody if that or the invitation fails, so that whoever hears no can do it again."""
    try:
        return _create_and_invite(client, wording, act) if wording else _create(client, act)
    except (Unavailable, *OUTAGES):
        with suppress(RecordNotFound, Unavailable, *OUTAGES):
            clients.erase(clients.find(act.slug, client.id), act.now, act.event_factory())
        raise


def _create(client: Client, act: RequestContext) -> ClientDocument:
    added = AccessChange(client, events=((client.audit_key, EventKind.CLIENT_ADDED),))
    return document(clients.apply(client, lambda _, __: added, set(), act.event_factory()).client, act)


def _create_and_invite(client: Client, wording: InvitationTextBody, act: RequestContext) -> ClientDocument:
    asked = addresses.canonical(wording.email) if wording.email is not None else None
    address = access.invitation_address(client, asked)
    key = accounts.key_of(act.slug, addresses.canonical(address))

    def decide(current: Client, known: AccountsByKey) -> AccessChange:
        invited = access.invite(current, address, key, known, tokens.new_ulid(act.now_ms), act.now)
        return AccessChange(
            invited.client.with_shared_items(wording.items),
            invited.accounts,
            ((client.audit_key, EventKind.CLIENT_ADDED), *invited.events),
        )

    invited = clients.apply(client, decide, {key}, act.event_factory())
    outbox.queue_invitation(act, invited.account(key), wording)
    return document(invited.client, act)
