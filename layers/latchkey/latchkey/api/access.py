"""Routes of a client's sign-in."""

from aws_lambda_powertools.event_handler import Response

from latchkey.api import document_mapping
from latchkey.api.client_bodies import AddressChange, EndedPeople, PinBody, Share
from latchkey.api.client_documents import AccessDocument, PinDocument, ShareDocument
from latchkey.api.context import CurrentContext
from latchkey.api.item_bodies import shared_items
from latchkey.api.letter_bodies import Invitation
from latchkey.api.pagination import ClientId, Everyone
from latchkey.api.practice_documents import LetterPreviewDocument
from latchkey.api.routes import ResourceRoutes
from latchkey.identity.providers import PROVIDERS
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
    ValueRefused,
)
from latchkey.rules.revocations import People
from latchkey.usecases import access
from latchkey.usecases.letters import LetterPreview

routes = ResourceRoutes("access")

INVITATION_REFUSALS = (EmailMalformed, ConsentMissing, EmailInUse, AddressSuppressed, RateLimited)


@routes.on("GET /clients/{client}/portal-access", access.read_access, responses={200: AccessDocument})
def get_access(client: ClientId, context: CurrentContext) -> AccessDocument:
    """Read a client's sign-in: its address, its status, and the status of the last mail."""
    return document_mapping.access(access.read_access(context, client), context.origin)


@routes.on(
    "POST /clients/{client}/invitations",
    access.invite,
    responses={201: AccessDocument, 200: LetterPreviewDocument},
    refusals=(*INVITATION_REFUSALS, AlreadySignedIn, ValueRefused),
)
def post_invitation(
    client: ClientId, body: Invitation, context: CurrentContext
) -> tuple[AccessDocument | LetterPreviewDocument, int]:
    """Invite a client, or invite them again as long as they have not signed in.

    If `email` is another of the client's addresses, access moves there. The sign-in with the old address ends at once.
    With `preview`, the answer is the letter, and nothing is sent.
    """
    result = access.invite(context, client, body.request(), preview=body.preview)
    if isinstance(result, LetterPreview):
        return document_mapping.letter_preview(result), 200
    return document_mapping.access(result, context.origin), 201


@routes.on(
    "PUT /clients/{client}/email",
    access.change_address,
    responses={200: AccessDocument},
    refusals=(*INVITATION_REFUSALS, AddressChangeUnconfirmed),
)
def put_email(client: ClientId, body: AddressChange, context: CurrentContext) -> AccessDocument:
    """Save a client's address, with their consent to be emailed there.

    A new address for the sign-in needs `disable_and_resend`. The old sign-in then ends at once, and the new address is
    invited. The same address again confirms it, so that mail goes there again after a bounce.
    """
    return document_mapping.access(
        access.change_address(
            context, client, body.email, email_ok=body.email_ok, disable_and_resend=body.disable_and_resend
        ),
        context.origin,
    )


@routes.on(
    "DELETE /clients/{client}/portal-access",
    access.disable_access,
    responses={204: None},
    refusals=(OpenedByOthers,),
)
def delete_access(
    client: ClientId, context: CurrentContext, everyone: Everyone = False, body: EndedPeople | None = None
) -> Response[None]:
    """Disable a client's sign-in.

    Sessions, links and PINs end at once. A later invitation does not make them valid again. While contacts can open
    the profile, the request is refused and `people` lists them. With `everyone=true` the profile is closed to all of
    them, and with a body to those that it names. They keep their other profiles, and stay on file as contacts.
    """
    access.disable_access(context, client, _people(body, everyone=everyone))
    return Response(204)


@routes.on("DELETE /clients/{client}/sessions", access.end_sessions, responses={204: None}, refusals=(OpenedByOthers,))
def delete_sessions(
    client: ClientId, context: CurrentContext, everyone: Everyone = False, body: EndedPeople | None = None
) -> Response[None]:
    """Sign a client out everywhere. They may sign in again.

    While contacts can open the profile, the request is refused and `people` lists them. With `everyone=true` all of
    them are signed out of the profile, and with a body those that it names. They stay signed in to other profiles.
    """
    access.end_sessions(context, client, _people(body, everyone=everyone))
    return Response(204)


def _people(body: EndedPeople | None, *, everyone: bool) -> People:
    return "everyone" if everyone or (body and body.everyone) else frozenset(body.people if body else ())


def _add_unlink_route(provider: Provider) -> None:
    """Add the route that unlinks the identity at a provider."""

    def delete_identity(client: ClientId, context: CurrentContext) -> Response[None]:
        access.unlink_identity(context, client, provider.name)
        return Response(204)

    delete_identity.__name__ = f"delete_{provider.name}"
    delete_identity.__doc__ = (
        f"Unlink the {provider.label} Account from a client's sign-in, so that another one can sign in."
        "\n\nUntil then only the first account can sign in, even if its address is given to someone else. If the client"
        " has no sign-in of their own and contacts can open the profile, it is refused and `people` lists them."
    )
    path = f"DELETE /clients/{{client}}/{provider.name}"
    routes.on(path, access.unlink_identity, responses={204: None}, refusals=(OpenedByOthers,))(delete_identity)


for row in PROVIDERS:
    _add_unlink_route(row)


@routes.on(
    "POST /clients/{client}/pin-codes",
    access.generate_pin,
    responses={201: PinDocument},
    refusals=(NoAccess, RateLimited),
    not_stored=("pin",),
)
def post_pin(client: ClientId, context: CurrentContext, body: PinBody | None = None) -> PinDocument:
    """Create a PIN to read out on the phone, for a client or for a contact of theirs.

    The PIN works once, within 24 hours, with the address in the response. It replaces the previous PIN. It cannot be
    read again: the response to a repeated request with the same key has no digits. A mail tells the owner of the
    address that a PIN was created.
    """
    return document_mapping.pin(access.generate_pin(context, client, body.contact if body else None))


@routes.on(
    "POST /clients/{client}/shares",
    access.share,
    responses={201: ShareDocument, 200: ShareDocument},
    refusals=(*INVITATION_REFUSALS, ValueRefused),
)
def post_share(client: ClientId, body: Share, context: CurrentContext) -> tuple[ShareDocument, int]:
    """Share items with a client. This gives the client access if they never had it.

    The items wait on the client's home page until they are marked as done. A client with access gets a mail that
    something is waiting. If the client has no sign-in of their own, the contacts get it. A dry run only returns the
    effect. It is refused if the real request would be refused.
    """
    result = access.share(context, client, shared_items(body.items), dry_run=body.dry_run)
    return document_mapping.share(result), 200 if body.dry_run else 201
