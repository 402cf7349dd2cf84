"""Fixtures: a portal on moto with many more accounts."""

import json
import random
import secrets
from collections.abc import Iterable, Iterator

import pytest

from latchkey import tokens
from tests.functions.conftest import tell_nothing
from tests.kit import sam_template
from tests.kit.cloud import Cloud, mocked_aws
from tests.kit.portal import Portal
from tests.kit.seed import WILLOW, key_of, put, seed_people

CROWD = [f"p{number:03}@example.com" for number in range(640)]
"""Addresses on file, besides those that all tests have."""

PAGE = 25
"""Number of items in one batch write to DynamoDB."""


@pytest.fixture(scope="module")
def crowd() -> Iterator[Portal]:
    """Yield a portal with all these accounts. It is not emptied between tests."""
    with mocked_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "randbelow", random.Random(93).randrange)  # noqa: S311 - the same waits in every run
        portal = Portal(Cloud())
        portal.parameters["PracticeCacheSeconds"] = "60"
        seed_people(portal)
        someone = put(portal, WILLOW, CROWD[0], profiles=())
        key = {"key": {"S": tokens.base64url_encode(someone.key)}}
        pattern = portal.tables.get_item(TableName="Accounts", Key=key)["Item"]
        items = [
            pattern
            | {"key": {"S": tokens.base64url_encode(key_of(portal, "willow", address))}, "address": {"S": address}}
            for address in CROWD
        ]
        for first in range(0, len(items), PAGE):
            page = [{"PutRequest": {"Item": item}} for item in items[first : first + PAGE]]
            portal.tables.batch_write_item(RequestItems={"Accounts": page})
        with portal.opened():
            yield portal
        tell_nothing(portal)


def live_links(portal: Portal) -> set[str]:
    """Return the stored digests of all live links."""
    items = sam_template.items_of(portal.tables, "Links")
    return {item["digest"]["S"] for item in items if item["state"]["S"] == "live"}


def digests(portal: Portal, paths: Iterable[str]) -> set[str]:
    """Return the digests of links in mails."""
    ring = tokens.Keyring.parse(json.loads(portal.secret("LinkKey")))
    return {tokens.verify_link(ring, "willow", path.partition("?")[0].rpartition("/")[2]).digest for path in paths}


def noted(portal: Portal) -> dict[str, str]:
    """Return the mail status of each address."""
    items = sam_template.items_of(portal.tables, "Accounts")
    return {item["address"]["S"]: item["email_status"]["S"] for item in items if "email_status" in item}
