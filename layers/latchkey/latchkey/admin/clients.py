"""Clients on file."""

from contextlib import nullcontext, suppress

from aws_lambda_powertools.event_handler import Response

from latchkey import tokens
from latchkey.admin import documents, parts, post
from latchkey.admin.acts import Act, Acting
from latchkey.admin.bodies import ClientChanges, NewClient, Wording
from latchkey.admin.documents import ClientDocument, ClientList
from latchkey.admin.parts import ClientId, Cursor, Limit
from latchkey.admin.routes import Routes
from latchkey.rules import access, addresses
from latchkey.rules.access import Accounts, Change
from latchkey.rules.accounts import Account
from latchkey.rules.clients import Client, Email
from latchkey.rules.events import Kind
from latchkey.rules.members import Role
from latchkey.rules.practices import FEATURES
from latchkey.rules.refusals import (
    AddressSuppressed,
    ConsentMissing,
    EmailInUse,
    EmailMalformed,
    NotYours,
    Unavailable,
    Waiting,
)
from latchkey.store import accounts, clients, pins
from latchkey.store.tables import OUTAGES

routes = Routes("clients")


@routes.on(
    "POST /clients",
    Role.CLINICIAN,
    gives={201: ClientDocument},
    refuses=(EmailMalformed, ConsentMissing, EmailInUse, AddressSuppressed, Waiting),
    sends=True,
)
def post_client(body: NewClient, act: Acting) -> ClientDocument:
    """Put a client on file, and invite them in the same step if that is wanted.

    Access needs an address whose owner has agreed to be emailed. If the invitation cannot be sent, nobody is put on
    file.
    """
    client = Client(
        id=tokens.ulid(act.instant),
        practice=act.slug,
        name=body.name,
        kind=body.kind,
        language=body.language or act.practice.language,
        emails=tuple(
            Email(addresses.on_file(email.address), email.email_ok, act.clinician.subject, act.now)
            for email in body.emails
        ),
        features=body.features.over(frozenset(FEATURES)),
        created_at=act.now,
    )
    wording = Wording() if body.invite is True else body.invite or None
    with post.counted(act) if wording else nullcontext():
        return _added(client, wording, act)


@routes.on("GET /clients", Role.CLINICIAN, gives={200: ClientList})
def get_clients(act: Acting, cursor: Cursor = None, limit: Limit = parts.USUAL) -> ClientList:
    """List the clients, oldest first."""
    found = clients.all_of(act.slug, limit + 1, parts.after(cursor))
    page = found[:limit]
    known = accounts.find_all({client.access for client in page if client.access})
    return ClientList(
        clients=[documents.entry(client, access.own_account(client, known)) for client in page],
        next=parts.following([client.id for client in found], limit),
    )


@routes.on("GET /clients/{client}", Role.CLINICIAN, gives={200: ClientDocument})
def get_client(client: ClientId, act: Acting) -> ClientDocument:
    """Read a client, with everything about their sign-in."""
    return document(clients.find(act.slug, client), act)


@routes.on("PATCH /clients/{client}", Role.CLINICIAN, gives={200: ClientDocument})
def patch_client(client: ClientId, body: ClientChanges, act: Acting) -> ClientDocument:
    """Change a client's name, language or features.

    Open sessions see it at once.
    """

    def decide(current: Client, known: Accounts) -> Change:
        changed = body.over(current)
        described = access.describe(changed, known)
        return Change(described.client, described.accounts, ((changed.row, Kind.CLIENT_CHANGED),))

    what = ",".join(sorted(body.model_fields_set))
    changed = clients.change(clients.find(act.slug, client), decide, set(), act.noting({Kind.CLIENT_CHANGED: what}))
    return document(changed.client, act)


@routes.on("DELETE /clients/{client}", Role.CLINICIAN, gives={204: None})
def delete_client(client: ClientId, act: Acting) -> Response[None]:
    """Forget a client: their sign-in and everyone's access to their profile end at once.

    What happened stays in the audit, which names nobody.
    """
    clients.erase(clients.find(act.slug, client), act.now, act.noting())
    return Response(204)


def document(client: Client, act: Act) -> ClientDocument:
    """A client as they are at this moment."""
    own = access.own_account(client, accounts.find_all(access.keys(client)))
    return documents.client(client, own, documents.access(client, own, live_pin=has_pin(client, own, act)))


def has_pin(client: Client, own: Account | None, act: Act) -> bool:
    """Whether the client has a PIN that would still let them in."""
    return client.access is not None and own is not None and own.may_sign_in and pins.is_live(own, act.now)


def _added(client: Client, wording: Wording | None, act: Act) -> ClientDocument:
    """Put someone on file; nobody if that or the invitation fails, so that whoever hears no can do it again."""
    try:
        return _invited(client, wording, act) if wording else _filed(client, act)
    except (Unavailable, *OUTAGES):
        with suppress(NotYours, Unavailable, *OUTAGES):
            clients.erase(clients.find(act.slug, client.id), act.now, act.noting())
        raise


def _filed(client: Client, act: Act) -> ClientDocument:
    added = Change(client, events=((client.row, Kind.CLIENT_ADDED),))
    return document(clients.change(client, lambda _, __: added, set(), act.noting()).client, act)


def _invited(client: Client, wording: Wording, act: Act) -> ClientDocument:
    asked = addresses.canonical(wording.email) if wording.email is not None else None
    address = access.address_for(client, asked)
    key = accounts.key_of(act.slug, addresses.canonical(address))

    def decide(current: Client, known: Accounts) -> Change:
        invited = access.invite(current, address, key, known, tokens.ulid(act.instant), act.now)
        return Change(
            invited.client.sharing(wording.items),
            invited.accounts,
            ((client.row, Kind.CLIENT_ADDED), *invited.events),
        )

    invited = clients.change(client, decide, {key}, act.noting())
    post.invite(act, invited.account(key), wording)
    return document(invited.client, act)
