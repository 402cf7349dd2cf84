"""A practice of 10,000 clients: its pages make the same calls, and read as few items, as those of a small practice."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from latchkey import tokens
from latchkey.rules.accounts import AccountKey
from latchkey.rules.addresses import canonical
from latchkey.store import accounts, practices
from tests.functions.console_forms import invited_client
from tests.kit import caches, moto_tables
from tests.kit.browser import Browser
from tests.kit.cloud import Cloud
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal

MANY = 10_000
FEW = 60
"""More than a page has, so that a full page is read."""
STUCK = 50
"""Every so many clients, one was invited four days ago."""
PAGES = {
    "": 104,
    "/clients": 84,
    "/clients?q=kim": 84,
    "/clients?q=kim+word00042": 84,
    "/clients?q=kim00042%40example.com": 27,
    "/clients?show=attention": 104,
    "/clients?show=invited": 84,
    "{client}": 114,
    "{client}/history": 40,
}
"""The most items that each page may read."""


@pytest.fixture
def portal(cloud: Cloud) -> Iterator[Portal]:
    """A portal whose tables are not put back, because nothing else uses them after this module."""
    caches.empty(practices)
    with Portal(cloud).opened() as portal:
        portal.parameters["PracticeCacheSeconds"] = "300"
        yield portal


class Seeder:
    """Copies of one invited client and their account, written to the engine itself."""

    def __init__(self, portal: Portal, staff: Browser) -> None:
        self.id = invited_client(staff, "Kim Wordqqqqq", "kimqqqqq@example.com").rpartition("/")[2]
        portal.deliver()
        self.portal = portal
        rows = {
            name: [json.dumps(row, default=_base64) for row in moto_tables.items_of(name)]
            for name in ("Clients", "Accounts")
        }
        self.sources = {
            "Clients": [row for row in rows["Clients"] if self.id in row],
            "Accounts": [row for row in rows["Accounts"] if "kimqqqqq@example.com" in row],
        }
        # The client, two words, the name, the address, and their account.
        assert [len(found) for found in self.sources.values()] == [5, 1]
        self.key = _keys_of(portal, ["qqqqq"])[0]

    def write(self, numbers: range) -> None:
        """Write the copies with these numbers."""
        tables = moto_tables.tables()
        for number, key in zip(numbers, _keys_of(self.portal, [f"{number:05d}" for number in numbers]), strict=True):
            new_id = tokens.new_ulid((self.portal.now - MANY + number) * 1000)
            for name, sources in self.sources.items():
                if name == "Accounts" and number % STUCK and number > FEW:
                    # Most accounts are left out, because writing them takes time. A page asks for all of its own.
                    continue
                for source in sources:
                    text = source.replace(self.id, new_id).replace("qqqqq", f"{number:05d}")
                    for encode in (_base64, tokens.base64url_encode):
                        text = text.replace(encode(self.key), encode(key))
                    row = json.loads(text)
                    if name == "Accounts":
                        _age(row, number, self.portal.now)
                    _put(tables[name], row)


def _put(table: Any, row: dict[str, Any]) -> None:
    """Write an item into a table of the engine, without the checks of a request."""
    hash_key, range_key = (
        DynamoType(row[name]) if name else None for name in (table.hash_key_attr, table.range_key_attr)
    )
    item = Item(hash_key, range_key, row)  # type: ignore[arg-type]
    if range_key:
        table.items[hash_key][range_key] = item
    else:
        table.items[hash_key] = item


def _keys_of(portal: Portal, ends: Iterable[str]) -> list[AccountKey]:
    with portal._environment("Admin"):  # noqa: SLF001 - keys of accounts need the stack's key
        return [accounts.key_of("willow", canonical(f"kim{end}@example.com")) for end in ends]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _age(row: dict[str, Any], number: int, now: int) -> None:
    """Let one of some clients be stuck: invited four days ago, and not signed in."""
    if number % STUCK:
        row.pop("attention", None)
        row.pop("attention_from", None)
    else:
        row["attention_from"] = {"N": str(now - 24 * 3600 - number)}


def measured(portal: Portal, act: Callable[[], HttpResponse]) -> tuple[list[str], int]:
    """Return the calls of a page, and the most items that they can have read."""
    before = len(portal.aws.calls)
    response = act()
    assert response.status in (200, 303), portal.log.getvalue()[-3000:]
    return portal.aws.summary(before), sum(_items(*call) for call in portal.aws.calls[before:])


def _items(operation: str, arguments: dict[str, Any]) -> int:
    match operation:
        case "TransactGetItems":
            return len(arguments["TransactItems"])
        case "BatchGetItem":
            return sum(len(request["Keys"]) for request in arguments["RequestItems"].values())
        case "Query":
            return int(arguments["Limit"])
        case "GetItem":
            return 1
    raise AssertionError(operation)


def read_pages(portal: Portal, staff: Browser, client: str) -> dict[str, tuple[list[str], int]]:
    """Open each page, and return its calls and items."""
    found = {}
    for page in PAGES:
        staff.cookies.pop("__Host-opened-willow", None)
        path = "/admin/willow" + page.format(client=f"/clients/{client}")
        found[page] = measured(portal, lambda path=path: staff.get(path))  # type: ignore[misc]
    return found


def test_ten_thousand_clients_cost_what_sixty_do(portal: Portal) -> None:
    staff = portal.staff()
    seeder = Seeder(portal, staff)
    seeder.write(range(1, FEW))
    staff.get(f"/admin/willow/clients/{seeder.id}")
    small = read_pages(portal, staff, seeder.id)
    seeder.write(range(FEW, MANY))
    large = read_pages(portal, staff, seeder.id)

    assert {page: calls for page, (calls, _) in large.items()} == {page: calls for page, (calls, _) in small.items()}
    assert [page for page, (calls, _) in large.items() if len(calls) > 3] == []
    assert [(page, items) for page, (_, items) in large.items() if items > PAGES[page]] == []

    found = staff.get("/admin/willow/clients?q=kim+word09876").page
    assert "Kim Word09876" in found.links
    by_address = staff.get("/admin/willow/clients?q=kim09876%40example.com")
    assert by_address.location == found.links["Kim Word09876"]
    listed = staff.get("/admin/willow/clients").page
    following = staff.get(f"/admin/willow/clients{listed.links['More']}").page
    assert len([name for name in listed.links if name.startswith("Kim ")]) == 20
    assert not {name for name in listed.links if name.startswith("Kim ")} & following.links.keys()
