"""Tests of stored data: nothing that could start a session, and no address in a key."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from pynamodb.transactions import TransactWrite

from latchkey import keys, tokens
from latchkey.rules import sources
from latchkey.rules.addresses import canonical
from latchkey.rules.limits import OPEN_LINK_PER_SOURCE, REQUEST_LINK_PER_ADDRESS
from latchkey.store import accounts, credentials, dynamodb, limits, links
from tests.kit import sam_template
from tests.kit.clock import NOON
from tests.store.engines import Engine
from tests.store.flows import RING, ask, link_of, on_file, open_by, send

DAY = 24 * 3600
ADDRESS = "ana.reyes@example.com"


@pytest.fixture(autouse=True)
def lookup_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "lookup", lambda: RING)


def written(raw: bytes) -> Iterator[str]:
    """Yield the forms in which bytes can be part of a text."""
    yield raw.hex()
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    yield repr(raw)[2:-1]


def test_no_table_and_no_message_holds_a_link_a_session_or_what_makes_them(engine: Engine) -> None:
    ana = on_file(key=accounts.key_of("willow", canonical(ADDRESS)), address=ADDRESS)
    limits.count(limits.scope_key("address", ana.key), REQUEST_LINK_PER_ADDRESS.limits, NOON)
    limits.count_source(OPEN_LINK_PER_SOURCE, sources.parse("203.0.113.7"), NOON)
    job = ask(ana)
    token = link_of(job)
    links.mint(job, token, NOON)
    before = str(engine.items())
    _, attempt = open_by(token)
    cookie = tokens.base64url_decode(attempt.cookie)
    assert cookie is not None

    at_rest = before + str(engine.items())

    secrets = [token.secret, cookie[16:], RING.keys["1"]]
    for secret in [token.text(), attempt.cookie, *(text for raw in secrets for text in written(raw))]:
        assert secret not in at_rest
        assert secret[:43] not in at_rest


def test_no_key_of_a_table_tells_an_address(engine: Engine) -> None:
    on_file(key=accounts.key_of("willow", canonical(ADDRESS)), address=ADDRESS)
    digests = [hashlib.new(name, ADDRESS.encode()).digest() for name in ("md5", "sha1", "sha256", "sha512")]
    telling = [ADDRESS, "reyes", "@", *(text[:16] for digest in digests for text in written(digest))]

    found = [value for table, item in _all(engine) for value in _key(table, item)]

    assert found
    assert not [value for value in found for part in telling if part in value]


def test_items_are_deleted_long_after_they_expire(engine: Engine) -> None:
    """A dead link can say why for a month (B39). DynamoDB deletes items up to days late, and never early."""
    ana = on_file()
    scope_key = limits.scope_key("address", ana.key)
    limits.count(scope_key, REQUEST_LINK_PER_ADDRESS.limits, NOON)
    send(ana)

    swept = {
        table: int(item["sweep_at"]["N"])
        for table, item in _all(engine)
        if {scope_key, tokens.base64url_encode(ana.key)} & set(_key(table, item))
        if table in SWEPT
    }

    assert swept.keys() == SWEPT
    assert swept["Links"] == NOON + DAY + 30 * DAY
    assert swept["Budgets"] > NOON + DAY


def test_the_last_sign_in_stays_as_long_as_its_account(engine: Engine) -> None:
    """Clinicians see the last sign-in for years. A newer link does not change that. The item of an erased client is
    deleted after a month.
    """
    ana = on_file()
    open_by(send(ana))
    send(ana, (NOON + DAY) * 1000)

    def swept() -> int:
        mine = tokens.base64url_encode(ana.key)
        return next(int(item["sweep_at"]["N"]) for item in engine.items()["Links"] if item["account"]["S"] == mine)

    assert swept() == credentials.NEVER
    with TransactWrite(connection=dynamodb.connection) as transaction:
        credentials.expire_in(transaction, ana.key, NOON + 2 * DAY)
    assert swept() == NOON + 32 * DAY


SWEPT = {"Links", "Budgets"}


@pytest.mark.parametrize("table", sorted(SWEPT))
def test_the_template_deletes_items_at_their_sweep_time(table: str) -> None:
    declared = sam_template.resources("AWS::DynamoDB::Table")[table]["TimeToLiveSpecification"]

    assert declared == {"AttributeName": "sweep_at", "Enabled": True}


@pytest.mark.parametrize("table", ["Practices", "Accounts", "Events"])
def test_lasting_tables_have_no_expiry(table: str) -> None:
    assert "TimeToLiveSpecification" not in sam_template.resources("AWS::DynamoDB::Table")[table]


def _all(engine: Engine) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, items in engine.items().items():
        for item in items:
            yield table, item


def _key(table: str, item: dict[str, Any]) -> Iterator[str]:
    for part in sam_template.resources("AWS::DynamoDB::Table")[table]["KeySchema"]:
        yield from item[part["AttributeName"]].values()
