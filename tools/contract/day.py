# mypy: ignore-errors
"""A clinician's day with the Python client that is generated from `docs/openapi.json`.

Run it as `python day.py ORIGIN TOKEN PRACTICE` with the generated `latchkey_client` on the path. It prints what it saw.
"""

import json
import sys

from latchkey_client import AuthenticatedClient
from latchkey_client.api.access import delete_access, get_access, post_invitation, post_pin
from latchkey_client.api.clients import delete_client, get_clients, post_client
from latchkey_client.api.contacts import post_contact
from latchkey_client.api.events import get_diagnosis, get_events
from latchkey_client.api.stack import get_me
from latchkey_client.models import AddressBody, Invitation, NewClient, NewClientKind, NewContact


def main(origin: str, token: str, practice: str) -> dict[str, object]:
    """Do a clinician's work with the generated client. Return the results that a test compares."""
    client = AuthenticatedClient(base_url=origin, token=token)
    me = get_me.sync(client=client)
    body = NewClient(
        name="Noa Becker",
        kind=NewClientKind.INDIVIDUAL,
        emails=[AddressBody(address="noa.python@example.com", email_ok=True)],
        external_id="python-1",
    )
    made = post_client.sync(practice, client=client, body=body, idempotency_key="python-day")
    invited = post_invitation.sync_detailed(practice, made.id, client=client, body=Invitation(items=["Intake form"]))
    pins = [post_pin.sync_detailed(practice, made.id, client=client, idempotency_key="python-pin") for _ in range(2)]
    contact = NewContact(name="Jon Becker", email="jon.python@example.com", email_ok=True, relation="guardian")
    post_contact.sync(practice, made.id, client=client, body=contact)
    refused = delete_access.sync_detailed(practice, made.id, client=client)
    ended = delete_access.sync_detailed(practice, made.id, client=client, everyone=True)
    diagnosis = get_diagnosis.sync(practice, made.id, client=client)
    seen = {
        "me": me.memberships[0].practice,
        "invited": int(invited.status_code),
        "pins": [bool(pin.parsed.pin) for pin in pins],
        "replayed": pins[1].headers.get("idempotency-replayed"),
        "refused": [int(refused.status_code), str(refused.parsed.code)],
        "ended": int(ended.status_code),
        "status": str(get_access.sync(practice, made.id, client=client).status),
        "people": [str(person.access) for person in diagnosis.people],
        "found": [entry.name for entry in get_clients.sync(practice, client=client, external_id="python-1").clients],
        "events": len(get_events.sync(practice, made.id, client=client).events) > 0,
    }
    delete_client.sync_detailed(practice, made.id, client=client)
    return seen


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:]), sys.stdout)
