"""The phones and tablets on which the app is signed in, and the end of one of them (B226)."""

from collections.abc import Mapping

from latchkey import languages
from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.console.sentences import done
from latchkey.http.responses import Response, see_other
from latchkey.rules.clients import Client
from latchkey.rules.refusals import RecordNotFound
from latchkey.usecases import devices
from latchkey.usecases.devices import ClientDevices, PersonsDevice

routes = ConsoleRoutes()


@routes.get("/clients/{client}/devices", devices.list_devices)
def devices_page(current: Current) -> Response:
    """Show the devices of the client and of the people who can open the profile."""
    found = devices.list_devices(current.context, current.client_id)
    return _page(current, "devices.html", found, devices=[_shown(row, found.client) for row in found.devices])


@routes.get("/clients/{client}/devices/{device}", devices.list_devices)
def device_page(current: Current) -> Response:
    """Ask before a device is signed out. If it is signed out already, go back to the list."""
    device_id = current.ulid("device")
    found = devices.list_devices(current.context, current.client_id)
    for row in found.devices:
        if row.device.id == device_id:
            return _page(current, "device.html", found, device=_shown(row, found.client))
    return _list(current, "device_gone")


@routes.form("/clients/{client}/devices/{device}", devices.end_device, devices.list_devices, page=device_page)
def end_device(current: Current) -> Response:
    """Sign the device out. The person may sign in on it again."""
    try:
        devices.end_device(current.context, current.client_id, current.ulid("device"))
    except RecordNotFound:
        return _list(current, "device_gone")
    return _list(current, "device_ended")


def _page(current: Current, template: str, found: ClientDevices, **values: object) -> Response:
    say = languages.translator(current.request.language)
    return render.signed_in_page(
        current,
        template,
        client=found.client,
        client_path=current.client_path,
        done=done(current.query("done"), found.client.name, "", say),
        **values,
    )


def _list(current: Current, done_key: str) -> Response:
    return see_other(f"{current.client_path}/devices?done={done_key}")


def _shown(found: PersonsDevice, client: Client) -> Mapping[str, object]:
    device = found.device
    names = {contact.id: contact.name for contact in client.contacts}
    return {
        "id": device.id,
        "name": device.name,
        "person": names.get(found.contact or "", client.name),
        "signed_in_at": device.signed_in_at,
        "last_used_at": device.last_used_at,
    }
