"""The state that a version leaves for the next one: stored items, mail jobs, cookies, a mailed link, a PIN, the keys.

`versions/` has the state of each version, written before its release. If this version has none, the tests write it.
`0.0` is from before the release of 0.1.0, when links, sessions and the last sign-in were separate items.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import boto3

from latchkey import tokens
from latchkey.rules import access, contacts
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import Event, EventKind
from latchkey.rules.items import SharedItem
from latchkey.rules.members import Role
from latchkey.rules.times import millis
from latchkey.store import clients, idempotency, members
from tests.kit import sam_template
from tests.kit.clock import NOON
from tests.kit.cloud import Cloud
from tests.kit.portal import Portal
from tests.kit.seed import key_of, seed_people, with_lookup_ring

VERSIONS = Path(__file__).parent / "versions"
RINGS = {
    ring: {"current": "1", "1": letter * 64}
    for ring, letter in zip(("LookupKey", "LinkKey", "CookieKey", "PinPepper"), "lkcp", strict=True)
}


@dataclass(frozen=True, slots=True)
class StoredState:
    """The stored state of a version, at noon."""

    tables: dict[str, list[dict[str, Any]]]
    jobs: list[str]
    session: dict[str, str]
    """Cookies of a browser in which Ana is signed in."""
    requesting_browser: dict[str, str]
    """Cookies of a browser that has requested Lee's link."""
    link: str
    """Path of Lee's link."""
    pin: str
    """Luis's PIN."""
    client: str
    """Id of a client of Willow with a contact."""


def keep_rings(cloud: Cloud) -> None:
    """Store the keyrings that all versions' links, cookies and PINs were made with."""
    for ring, document in RINGS.items():
        keep_ring(cloud, ring, document)


def keep_ring(cloud: Cloud, ring: str, document: dict[str, str]) -> None:
    """Store a keyring."""
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    secrets.put_secret_value(SecretId=cloud.names[ring], SecretString=json.dumps(document))


def create_state(portal: Portal) -> StoredState:
    """Do everything that stores something, and return the state."""
    seed_people(portal)
    ana, lee = portal.browser(), portal.browser()
    ana.sign_in("ana@example.com")
    link = lee.link("lee@example.com")
    pin = portal.pin_for(key_of(portal, "willow", "luis@example.com"))
    ana.request_link("sam@example.com")
    with with_lookup_ring(portal):
        client = _on_file(portal)
    members.set_role("willow", "dr", Role.CLINICIAN)
    members.set_role("*", "you", Role.OPERATOR)
    idempotency.save_in_progress("place", "digest", NOON)
    idempotency.save_success("place", idempotency.StoredResponse(201, "{}"), NOON)
    return StoredState(portal.at_rest(), portal.waiting(), dict(ana.cookies), dict(lee.cookies), link, pin, client)


def _on_file(portal: Portal) -> str:
    key = key_of(portal, "willow", "kim@example.com")
    email = AddressOnFile("kim@example.com", True, "dr", NOON)
    client = Client(
        tokens.new_ulid(NOON * 1000),
        "willow",
        "Kim Lee",
        emails=(email,),
        items=(SharedItem("Intake form"),),
        created_at=NOON,
    )

    def note(row: bytes, kind: EventKind) -> Event:
        return Event("willow", row, kind, millis(NOON), actor="dr")

    clients.apply(
        client,
        lambda it, known: access.invite(it, email.address, key, known, tokens.new_ulid(NOON * 1000), NOON),
        {key},
        note,
    )
    parent = key_of(portal, "willow", "pat@example.com")
    contact = Contact(
        tokens.new_ulid(NOON * 1000), "Pat Lee", replace(email, address="pat@example.com"), "guardian", parent
    )
    clients.apply(
        clients.find("willow", client.id),
        lambda it, known: contacts.add_contact(it, contact, known, tokens.new_ulid(NOON * 1000)),
        {parent},
        note,
    )
    return client.id


def write(version: str, left: StoredState) -> None:
    """Write the state of a version to its file."""
    VERSIONS.mkdir(exist_ok=True)
    text = json.dumps(asdict(left), indent=1, sort_keys=True, default=_binary)
    (VERSIONS / f"{version}.json").write_text(text + "\n")


def read(version: str) -> StoredState:
    """Return the state of a version from its file."""
    return StoredState(**json.loads((VERSIONS / f"{version}.json").read_text(), object_hook=_from_binary))


def versions() -> list[str]:
    """Return the versions with a stored state."""
    return sorted(path.stem for path in VERSIONS.glob("*.json"))


def shape(left: StoredState) -> dict[str, set[tuple[str, str]]]:
    """Return the fields of each table and of the mail jobs, with their types. Nested fields have their path as name."""
    found = {table: {field for item in items for field in _fields(item, "")} for table, items in left.tables.items()}
    found["jobs"] = {(name, type(value).__name__) for job in left.jobs for name, value in json.loads(job).items()}
    found["cookies"] = {(name, "") for cookies in (left.session, left.requesting_browser) for name in cookies}
    return found


def later(left: StoredState) -> StoredState:
    """Return the state as a later version might leave it, with an unknown field in each item and mail job."""
    tables = {table: [_later(item) for item in items] for table, items in left.tables.items()}
    jobs = [json.dumps(json.loads(job) | {"later": {"deep": [1]}}) for job in left.jobs]
    return replace(left, tables=tables, jobs=jobs)


def put(dynamodb: Any, left: StoredState) -> None:
    """Store a version's items. Leave out tables that no longer exist."""
    for table, items in left.tables.items():
        for item in items if table in sam_template.resources("AWS::DynamoDB::Table") else ():
            dynamodb.put_item(TableName=table, Item=item)


def _later(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _later_in(value) for name, value in item.items()} | {"later": {"M": {"deep": {"L": [{"N": "1"}]}}}}


def _later_in(value: dict[str, Any]) -> dict[str, Any]:
    match value:
        case {"L": parts}:
            return {"L": [{"M": _later(part["M"])} if "M" in part else part for part in parts]}
        case _:
            return value


def _fields(item: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
    for name, value in item.items():
        ((kind, content),) = value.items()
        yield f"{place}{name}", kind
        if kind == "L":
            for part in content:
                if "M" in part:
                    yield from _fields(part["M"], f"{place}{name}.")


def _binary(value: Any) -> dict[str, str]:
    return {"base64": base64.b64encode(bytes(value)).decode()}


def _from_binary(document: dict[str, Any]) -> Any:
    return base64.b64decode(document["base64"]) if document.keys() == {"base64"} else document
