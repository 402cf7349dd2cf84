"""Use cases of the phones and tablets on which a client, or a contact, is signed in to an app (B226)."""

from dataclasses import dataclass

from latchkey.rules import access, revocations
from latchkey.rules.accounts import AccountKey
from latchkey.rules.clients import Client
from latchkey.rules.devices import AppDevice
from latchkey.rules.members import Role
from latchkey.rules.refusals import RecordNotFound
from latchkey.store import devices
from latchkey.usecases import client_access
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import use_case


@dataclass(frozen=True, slots=True)
class PersonsDevice:
    """A device, and who signed in on it."""

    device: AppDevice
    contact: str | None
    """The ULID of the contact. None for the client."""


@dataclass(frozen=True, slots=True)
class ClientDevices:
    """A client, and the live devices of them and of the contacts who can open the profile."""

    client: Client
    devices: tuple[PersonsDevice, ...]
    """The client's own come first, and each person's newest first."""


@use_case(Role.CLINICIAN)
def list_devices(context: RequestContext, client_id: str) -> ClientDevices:
    """Return the live devices of a client and of the contacts who can open the profile.

    :raises RecordNotFound: the practice has no client of this id.
    """
    return _live(context, client_id)


@use_case(Role.CLINICIAN)
def end_device(context: RequestContext, client_id: str, device_id: str) -> None:
    """Sign one of these devices out. The person may sign in on it again.

    :raises RecordNotFound: the client has no such device, or it has ended.
    """
    for found in _live(context, client_id).devices:
        if found.device.id == device_id:
            devices.end(
                found.device, "clinician", context.now_ms, context.support_code, actor=context.clinician.subject
            )
            return
    raise RecordNotFound


def _live(context: RequestContext, client_id: str) -> ClientDevices:
    client = client_access.find(context, client_id)
    accounts_by_key, stored = devices.find_all(access.account_keys(client))
    own = access.own_account(client, accounts_by_key)
    people: list[tuple[AccountKey, str | None]] = [(own.key, None)] if own else []
    people += [(account.key, contact.id) for contact, account in revocations.openers(client, accounts_by_key)]
    return ClientDevices(
        client,
        tuple(
            PersonsDevice(device, contact)
            for key, contact in people
            for device in stored[key]
            if device.is_live(accounts_by_key[key], context.now)
        ),
    )
