"""Routes of the addresses on file of a client."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from latchkey.api import document_mapping
from latchkey.api.client_bodies import AddressBody
from latchkey.api.client_documents import EmailDocument
from latchkey.api.context import CurrentContext
from latchkey.api.pagination import ClientId
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.refusals import AccessAddress, EmailInUse, EmailMalformed
from latchkey.usecases import client_emails

routes = ResourceRoutes("emails")

EmailAddress = Annotated[str, Path(description="An address on file, percent-encoded.", max_length=254)]


@routes.on(
    "POST /clients/{client}/emails",
    client_emails.add_email,
    responses={201: EmailDocument},
    refusals=(EmailMalformed, EmailInUse),
)
def post_email(client: ClientId, body: AddressBody, context: CurrentContext) -> EmailDocument:
    """Put one more address on file, with the consent to be emailed there.

    The client's sign-in stays where it is. An address on file gets the new consent.
    """
    (document,) = document_mapping.emails(
        [client_emails.add_email(context, client, body.address, email_ok=body.email_ok)]
    )
    return document


@routes.on(
    "DELETE /clients/{client}/emails/{address}",
    client_emails.remove_email,
    responses={204: None},
    refusals=(AccessAddress,),
)
def delete_email(client: ClientId, address: EmailAddress, context: CurrentContext) -> Response[None]:
    """Take an address off file. The address of the sign-in can only be replaced."""
    client_emails.remove_email(context, client, address)
    return Response(204)
