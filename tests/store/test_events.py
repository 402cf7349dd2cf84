"""Tests of the stored audit: one row for each event, in the order in which they happened."""

from latchkey import tokens
from latchkey.rules.events import Event, EventKind
from latchkey.rules.times import Millis, millis
from latchkey.store import events
from tests.kit.clock import NOON
from tests.kit.seed import an_account
from tests.store.engines import Engine
from tests.store.flows import on_file, sign_in


def rows(engine: Engine, account: bytes) -> list[dict[str, str]]:
    """Return the audit rows of an account at Willow, oldest first."""
    found = engine.client.query(
        TableName="Events",
        KeyConditionExpression="subject = :subject",
        ExpressionAttributeValues={":subject": {"S": f"willow#{tokens.base64url_encode(account)}"}},
    )["Items"]
    return [{name: next(iter(value.values())) for name, value in item.items()} for item in found]


def test_a_row_says_who_what_when_and_why(engine: Engine) -> None:
    """B78"""
    ana = an_account()

    events.append(
        Event(
            "willow",
            ana.key,
            EventKind.LINK_REFUSED,
            millis(NOON),
            reason="link_used",
            method="link",
            support_code="K7",
        )
    )

    (row,) = rows(engine, ana.key)
    assert row.pop("subject") == f"willow#{tokens.base64url_encode(ana.key)}"
    assert row.pop("id")[:10] == tokens.new_ulid(NOON * 1000)[:10]
    assert row == {
        "kind": "link_refused",
        "at": str(NOON * 1000),
        "actor": "client",
        "reason": "link_used",
        "method": "link",
        "reference": "K7",
    }


def test_rows_stand_in_the_order_in_which_things_happened(engine: Engine) -> None:
    ana = an_account()
    for instant in (3, 1, 2):
        events.append(Event("willow", ana.key, EventKind.LINK_REQUESTED, Millis(NOON * 1000 + instant)))

    assert [row["at"] for row in rows(engine, ana.key)] == [str(Millis(NOON * 1000 + instant)) for instant in (1, 2, 3)]


def test_things_of_the_same_millisecond_have_a_row_each(engine: Engine) -> None:
    ana = an_account()
    for _ in range(5):
        events.append(Event("willow", ana.key, EventKind.LINK_REQUESTED, millis(NOON)))

    assert len(rows(engine, ana.key)) == 5


def test_a_sign_in_leaves_one_row_with_its_sign_in_method_and_the_support_code(engine: Engine) -> None:
    ana = on_file()
    sign_in(ana)

    (row,) = rows(engine, ana.key)
    assert (row["kind"], row["method"], row["reference"]) == ("session_started", "link", "JKL5-2M4P")
