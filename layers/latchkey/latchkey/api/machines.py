"""Routes of machine credentials, for a practice's admin."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from latchkey.api import machine_documents
from latchkey.api.context import CurrentContext
from latchkey.api.machine_documents import CredentialList, NewCredentialBody, NewCredentialDocument
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.refusals import TooManyCredentials
from latchkey.rules.text_limits import ULID
from latchkey.usecases import machines

routes = ResourceRoutes("credentials")

CredentialId = Annotated[str, Path(description="The id of credentials.", pattern=ULID)]


@routes.on("GET /credentials", machines.list_credentials, responses={200: CredentialList})
def get_credentials(context: CurrentContext) -> CredentialList:
    """List the credentials of the practice's systems.

    Revoked credentials stay in the list, because the audit names them.
    """
    return CredentialList(
        credentials=[machine_documents.credential(machine) for machine in machines.list_credentials(context).machines]
    )


@routes.on(
    "POST /credentials",
    machines.add_credential,
    responses={201: NewCredentialDocument},
    refusals=(TooManyCredentials,),
    not_stored=("client_secret",),
)
def post_credential(body: NewCredentialBody, context: CurrentContext) -> NewCredentialDocument:
    """Make credentials for a practice system.

    The secret cannot be read again. The system may do what a clinician may, at this practice alone, except for PINs.
    """
    return machine_documents.new_credential(machines.add_credential(context, body.name), context.origin)


@routes.on("DELETE /credentials/{credential}", machines.revoke_credential, responses={204: None})
def delete_credential(credential: CredentialId, context: CurrentContext) -> Response[None]:
    """Revoke credentials. The next request of the system is refused, whatever token it has."""
    machines.revoke_credential(context, credential)
    return Response(204)
