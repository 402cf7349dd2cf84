"""Routes of clients on file."""

from aws_lambda_powertools.event_handler import Response

from latchkey.api import document_mapping, pagination
from latchkey.api.client_bodies import ClientChanges, NewClient
from latchkey.api.client_documents import ClientDocument, ClientList
from latchkey.api.context import CurrentContext
from latchkey.api.pagination import (
    AttentionFilter,
    ClientId,
    ExternalIdFilter,
    ListCursor,
    Order,
    PageSize,
    SearchText,
    StatusFilter,
)
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.refusals import (
    AddressSuppressed,
    ConsentMissing,
    EmailInUse,
    EmailMalformed,
    ExternalIdInUse,
    RateLimited,
    ValueRefused,
)
from latchkey.usecases import client_search, clients
from latchkey.usecases.client_search import ClientFilter

routes = ResourceRoutes("clients")


@routes.on(
    "POST /clients",
    clients.add_client,
    responses={201: ClientDocument},
    refusals=(
        EmailMalformed,
        ConsentMissing,
        EmailInUse,
        ExternalIdInUse,
        AddressSuppressed,
        RateLimited,
        ValueRefused,
    ),
)
def post_client(body: NewClient, context: CurrentContext) -> ClientDocument:
    """Put a client on file, and invite them in the same step if `invite` is set.

    An invitation needs an address with the consent to be emailed. If the invitation cannot be queued, the client is not
    put on file.
    """
    return document_mapping.client(clients.add_client(context, body.details(), body.invitation()), context.origin)


@routes.on("GET /clients", client_search.list_clients, responses={200: ClientList})
def get_clients(  # noqa: PLR0913, PLR0917 - the parameters of the query
    context: CurrentContext,
    q: SearchText = None,
    status: StatusFilter = None,
    external_id: ExternalIdFilter = None,
    needs_attention: AttentionFilter = False,
    order: Order = "created",
    cursor: ListCursor = None,
    limit: PageSize = pagination.DEFAULT_PAGE,
) -> ClientList:
    """List the clients, or search them.

    `q` finds names by the start of their words, and clients by a whole address of their own or of a contact. A page
    can have fewer clients than `limit`, and can be empty: follow `next` until it is null.
    """
    wanted = ClientFilter(q, status, external_id, needs_attention)
    if needs_attention:
        after = pagination.text_from_cursor(cursor)
    elif q is None and external_id is None and order != "name":
        after = pagination.id_from_cursor(cursor)
    else:
        after = pagination.term_from_cursor(cursor)
    page = client_search.list_clients(context, wanted, order, after, limit)
    return ClientList(
        clients=[document_mapping.client_entry(entry) for entry in page.entries],
        next=pagination.next_cursor(page.next_id),
    )


@routes.on("GET /clients/{client}", clients.read_client, responses={200: ClientDocument})
def get_client(client: ClientId, context: CurrentContext) -> ClientDocument:
    """Read a client, with the state of their sign-in."""
    return document_mapping.client(clients.read_client(context, client), context.origin)


@routes.on(
    "PATCH /clients/{client}", clients.update_client, responses={200: ClientDocument}, refusals=(ExternalIdInUse,)
)
def patch_client(client: ClientId, body: ClientChanges, context: CurrentContext) -> ClientDocument:
    """Change a client's name, language or features.

    Live sessions show the change at once.
    """
    return document_mapping.client(clients.update_client(context, client, body.update()), context.origin)


@routes.on("DELETE /clients/{client}", clients.erase_client, responses={204: None})
def delete_client(client: ClientId, context: CurrentContext) -> Response[None]:
    """Erase a client. Their sign-in ends at once, and so does the access of contacts to their profile.

    Their audit events stay. They contain no names and no addresses.
    """
    clients.erase_client(context, client)
    return Response(204)
