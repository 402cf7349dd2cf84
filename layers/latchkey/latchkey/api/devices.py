"""Routes and documents of the devices on which an app is signed in."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from latchkey.api.client_documents import Timestamp
from latchkey.api.context import CurrentContext
from latchkey.api.fields import Document
from latchkey.api.pagination import ClientId
from latchkey.api.routes import ResourceRoutes
from latchkey.http.responses import rfc3339
from latchkey.rules.text_limits import ULID
from latchkey.usecases import devices

routes = ResourceRoutes("devices")

DeviceId = Annotated[str, Path(description="A device's id.", pattern=ULID)]


class DeviceDocument(Document):
    """A phone or tablet on which an app is signed in."""

    id: str
    name: Annotated[str, Field(description="The name that the app gave. Empty for none.")]
    contact: Annotated[str | None, Field(description="The contact who signed in. Null for the client.")]
    signed_in_at: Timestamp
    last_used_at: Annotated[Timestamp, Field(description="The app's last activity, to the minute.")]
    expires_at: Timestamp


class DeviceList(Document):
    """The devices of a client and of the contacts who can open the profile."""

    devices: list[DeviceDocument]


@routes.on("GET /clients/{client}/devices", devices.list_devices, responses={200: DeviceList})
def get_devices(client: ClientId, context: CurrentContext) -> DeviceList:
    """List the phones and tablets on which an app is signed in."""
    return DeviceList(
        devices=[
            DeviceDocument(
                id=found.device.id,
                name=found.device.name,
                contact=found.contact,
                signed_in_at=rfc3339(found.device.signed_in_at),
                last_used_at=rfc3339(found.device.last_used_at),
                expires_at=rfc3339(found.device.ends_at),
            )
            for found in devices.list_devices(context, client).devices
        ]
    )


@routes.on("DELETE /clients/{client}/devices/{device}", devices.end_device, responses={204: None})
def delete_device(client: ClientId, device: DeviceId, context: CurrentContext) -> Response[None]:
    """Sign an app out on one device, such as a lost phone. Its session and its refresh token end at once."""
    devices.end_device(context, client, device)
    return Response(204)
