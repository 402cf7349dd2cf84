"""From the audit's stream to the event bus and to the queue of webhooks (B194)."""

import json
from typing import Any

import pytest

from latchkey import tokens
from latchkey.rules.webhooks import Webhook
from latchkey.store import webhooks
from tests.kit.portal import Portal

ANA = "ana@example.com"


def stream(portal: Portal, *kinds: str) -> list[dict[str, Any]]:
    """The records of the audit rows so far, as the stream delivers those of these kinds."""
    return [
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number), "NewImage": row}}
        for number, row in enumerate(portal.at_rest()["Events"])
        if row["kind"]["S"] in kinds
    ]


def publish(portal: Portal, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Publish records, and return the entries that were put on the bus."""
    before = len(portal.aws.calls)
    assert portal.invoke("PublishEvents", {"Records": records}) == {"batchItemFailures": []}
    put = [arguments for operation, arguments in portal.aws.calls[before:] if operation == "PutEvents"]
    return [entry for arguments in put for entry in arguments["Entries"]]


@pytest.fixture
def hook(portal: Portal) -> Webhook:
    """A webhook of Willow for first sign-ins."""
    hook = Webhook(
        "willow", tokens.new_ulid(portal.now * 1000), "https://system.example/", frozenset(["first_sign_in"]),
        tokens.new_webhook_secret(), portal.now,
    )  # fmt: skip
    webhooks.save(hook)
    return hook


def sign_in(portal: Portal, address: str) -> None:
    """Sign in by a link."""
    browser = portal.browser()
    browser.post(portal.link_mailed_after(lambda: browser.request_link(address), address))


def test_only_the_first_sign_in_is_published_once_to_bus_and_webhook(portal: Portal, hook: Webhook) -> None:
    sign_in(portal, "sam@example.com")
    records = stream(portal, "session_started")
    (entry,) = publish(portal, records)
    detail = json.loads(entry["Detail"])
    assert (entry["Source"], entry["DetailType"]) == ("latchkey", "first_sign_in")
    # the seed has no client on file; `tests/journeys` has one
    assert detail["data"].keys() == {"practice", "account"}
    assert "@" not in entry["Detail"]
    (waiting,) = webhooks.newest_deliveries("willow", hook.id, 10, None)
    assert waiting.event == detail["id"]
    assert json.loads(waiting.body) == {name: value for name, value in detail.items() if name != "id"}

    portal.now += 3600
    sign_in(portal, "sam@example.com")
    later = [record for record in stream(portal, "session_started") if record not in records]
    assert publish(portal, [record for record in later if record["dynamodb"]["NewImage"] not in images(records)]) == []

    # the stream delivers a record again
    publish(portal, records)
    assert len(list(webhooks.newest_deliveries("willow", hook.id, 10, None))) == 1


def images(records: list[dict[str, Any]]) -> list[Any]:
    return [record["dynamodb"]["NewImage"] for record in records]


def test_a_bounce_is_published_and_goes_to_no_webhook_that_did_not_ask(portal: Portal, hook: Webhook) -> None:
    row = {
        "subject": {"S": f"willow#{account_of(portal, ANA)}"},
        "id": {"S": "01KJEVENT00000000000000000"},
        "kind": {"S": "link_failed"},
        "at": {"N": str(portal.now * 1000)},
        "actor": {"S": "system"},
        "reason": {"S": "bounced"},
    }
    record = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": row}}
    (entry,) = publish(portal, [record])
    assert entry["DetailType"] == "mail_bounced"
    assert list(webhooks.newest_deliveries("willow", hook.id, 10, None)) == []
    assert publish(portal, [record | {"eventName": "REMOVE"}]) == []


def test_what_a_row_of_a_later_version_says_is_passed_over(portal: Portal) -> None:
    row = {"subject": {"S": "willow#"}, "id": {"S": "01KJ"}, "kind": {"S": "from_tomorrow"}, "at": {"N": "1"}}
    assert publish(portal, [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": row}}]) == []


def test_a_record_that_fails_is_repeated_with_those_after_it(portal: Portal) -> None:
    records = [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": number, "NewImage": {}}} for number in "78"]
    failed = portal.invoke(
        "PublishEvents", {"Records": [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "6"}}, *records]}
    )
    assert failed == {"batchItemFailures": []}
    broken = [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "7", "NewImage": {"id": {"S": "x"}}}}]
    assert portal.invoke("PublishEvents", {"Records": broken + records}) == {
        "batchItemFailures": [{"itemIdentifier": "7"}]
    }


def account_of(portal: Portal, address: str) -> str:
    """The stored key of an account at Willow."""
    rows = [row for row in portal.at_rest()["Accounts"] if row["address"]["S"] == address]
    (row,) = [row for row in rows if row["practice"]["S"] == "willow"]
    return str(row["key"]["S"])
