"""Routes of a client's sign-in."""

from aws_lambda_powertools.event_handler import Response

from latchkey.api import documents
from latchkey.api.bodies import AddressChange, Invitation, PinBody, Share
from latchkey.api.context import CurrentContext
from latchkey.api.documents import AccessDocument, PinDocument, ShareDocument
from latchkey.api.pagination import ClientId
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
)
from latchkey.usecases import access

routes = ResourceRoutes("access")

INVITATION_REFUSALS = (EmailMalformed, ConsentMissing, EmailInUse, AddressSuppressed, RateLimited)


@routes.on("GET /clients/{client}/portal-access", access.read_access, responses={200: AccessDocument})
def get_access(client: ClientId, context: CurrentContext) -> AccessDocument:
    """Read a client's sign-in: which address, since when, and what became of the last mail."""
    return documents.access(access.read_access(context, client))


@routes.on(
    "POST /clients/{client}/invitations",
    access.invite,
    responses={201: AccessDocument},
    refusals=(*INVITATION_REFUSALS, AlreadySignedIn),
)
def post_invitation(client: ClientId, body: Invitation, context: CurrentContext) -> AccessDocument:
    """Invite a client, or invite them again while they have not signed in.

    With another of the client's own addresses in `email`, access moves there: the sign-in by the one before ends at
    once.
    """
    return documents.access(access.invite(context, client, body.request()))


@routes.on(
    "PUT /clients/{client}/email",
    access.change_address,
    responses={200: AccessDocument},
    refusals=(*INVITATION_REFUSALS, AddressChangeUnconfirmed),
)
def put_email(client: ClientId, body: AddressChange, context: CurrentContext) -> AccessDocument:
    """Save a client's address, and whether they have agreed to be emailed there.

    Another address than the one that signs in has to be agreed to with `disable_and_resend`: the old one is dead at
    once, the new one is invited. The same address again confirms it, which lets mail go there again after it came back.
    """
    return documents.access(
        access.change_address(
            context, client, body.email, email_ok=body.email_ok, disable_and_resend=body.disable_and_resend
        )
    )


@routes.on(
    "DELETE /clients/{client}/portal-access",
    access.disable_access,
    responses={204: None},
    refusals=(OpenedByOthers,),
)
def delete_access(client: ClientId, context: CurrentContext) -> Response[None]:
    """Disable a client's sign-in: sessions, links and PINs end at once, and no later invitation revives them.

    While others open the profile, nothing is changed and `people` names them. Close the profile to each of them first,
    by deleting the contact.
    """
    access.disable_access(context, client)
    return Response(204)


@routes.on("DELETE /clients/{client}/sessions", access.end_sessions, responses={204: None}, refusals=(OpenedByOthers,))
def delete_sessions(client: ClientId, context: CurrentContext) -> Response[None]:
    """Sign a client out everywhere; they may sign in again.

    While others open the profile, nothing is changed and `people` names them.
    """
    access.end_sessions(context, client)
    return Response(204)


def _add_unlink_route(provider: Provider) -> None:
    """Add the route that unlinks the identity at a provider."""

    def delete_identity(client: ClientId, context: CurrentContext) -> Response[None]:
        access.unlink_identity(context, client, provider.name)
        return Response(204)

    delete_identity.__name__ = f"delete_{provider.name}"
    delete_identity.__doc__ = (
        f"Unbind the {provider.label} Account that has signed in by a client's address, so that another one can."
        "\n\nUntil then the account that came first decides, even if its address is given to someone else. A client"
        " without a sign-in of their own has none to unbind: while others open the profile, `people` names them."
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
)
def post_pin(client: ClientId, context: CurrentContext, body: PinBody | None = None) -> PinDocument:
    """Make a PIN to read out over the phone, for a client or for a contact of theirs.

    It works once, within 24 hours, with the address that is shown beside it, and ends the one before. Nobody is
    shown it again. Its owner is told by mail that it was made.
    """
    return documents.pin(access.generate_pin(context, client, body.contact if body else None))


@routes.on(
    "POST /clients/{client}/shares",
    access.share,
    responses={201: ShareDocument, 200: ShareDocument},
    refusals=INVITATION_REFUSALS,
)
def post_share(client: ClientId, body: Share, context: CurrentContext) -> tuple[ShareDocument, int]:
    """Share something with a client, which gives them access if they never had it.

    A dry run tells whether it would, and is refused where the real one would be.
    """
    result = access.share(context, client, tuple(body.items), dry_run=body.dry_run)
    return documents.share(result), 200 if body.dry_run else 201
