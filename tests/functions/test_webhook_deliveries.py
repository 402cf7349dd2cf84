"""The worker of webhooks: signatures that the public library accepts, a day of tries, and rotations (B195 to B197)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from latchkey import aws, tokens
from latchkey.rules.webhooks import RETRY_SECONDS, Delivery, Webhook
from latchkey.store import webhooks
from latchkey.webhooks import connections, queue
from latchkey.webhooks.connections import NotDelivered
from latchkey.webhooks.queue import Job
from tests.kit.portal import Portal

EVENT, HOOK = "01KJEVENT00000000000000000", "01KJHK0000000000000000000A"
BODY = '{"type":"first_sign_in","timestamp":"2026-03-03T12:00:00Z","data":{"practice":"willow"}}'
JOB = json.dumps({"practice": "willow", "webhook": HOOK, "event": EVENT})


class Receiver:
    """The internet, with one receiver. It answers with the status `answer`, or cannot be reached for that reason."""

    def __init__(self) -> None:
        self.answer: int | str = 204
        self.requests: list[tuple[dict[str, str], bytes]] = []

    def send(self, url: str, headers: dict[str, str], body: bytes, *, allows_loopback: bool) -> int:
        """Stand in for `connections.send`."""
        assert (url, allows_loopback) == ("https://system.example/hook", False)
        self.requests.append((headers, body))
        if isinstance(self.answer, str):
            raise NotDelivered(self.answer)
        return self.answer


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    receiver = Receiver()
    monkeypatch.setattr(connections, "send", receiver.send)
    return receiver


@pytest.fixture
def sent(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The delays of the deliveries that were queued again."""
    delays: list[int] = []
    usual = queue.send

    def send(job: Job, delay: int = 0) -> None:
        delays.append(delay)
        usual(job, delay)

    monkeypatch.setattr(queue, "send", send)
    webhooks.save(
        Webhook("willow", HOOK, "https://system.example/hook", frozenset(["first_sign_in"]), SECRET, portal.now)
    )
    webhooks.add_delivery(Delivery("willow", HOOK, EVENT, "first_sign_in", BODY, portal.now))
    return delays


SECRET = tokens.new_webhook_secret()


def work(portal: Portal) -> None:
    """Let the worker process the message."""
    result = portal.invoke("DeliverWebhooks", {"Records": [{"messageId": "m", "body": JOB}]})
    assert result == {"batchItemFailures": []}


def delivery() -> Delivery:
    """The delivery in the log."""
    found = webhooks.find_delivery("willow", HOOK, EVENT)
    assert found
    return found


def verified(secret: str, request: tuple[dict[str, str], bytes]) -> Any:
    """Return the payload that the public library verifies in a request."""
    headers, body = request
    return Verifier(secret).verify(body, headers)


def test_the_public_library_accepts_an_event_and_no_changed_one(
    portal: Portal, receiver: Receiver, sent: list[int]
) -> None:
    work(portal)
    (request,) = receiver.requests
    assert verified(SECRET, request)["type"] == "first_sign_in"
    assert request[0]["webhook-id"] == EVENT
    for wrong in (
        (SECRET, (request[0], request[1].replace(b"willow", b"harbor"))),
        (SECRET, (request[0] | {"webhook-id": "other"}, request[1])),
        (tokens.new_webhook_secret(), request),
    ):
        with pytest.raises(WebhookVerificationError):
            verified(*wrong)
    assert (delivery().status, delivery().tries, delivery().last_result, delivery().next_at) == (
        "delivered", 1, "204", None,
    )  # fmt: skip
    assert sent == []
    # a message that SQS delivers twice
    work(portal)
    assert len(receiver.requests) == 1


def test_for_a_day_after_a_rotation_both_secrets_are_live(portal: Portal, receiver: Receiver, sent: list[int]) -> None:
    webhook = webhooks.find("willow", HOOK)
    assert webhook
    newest = tokens.new_webhook_secret()
    webhooks.rotate(webhook, newest, portal.now + 100)
    receiver.answer = 500
    work(portal)
    portal.now += 100
    work(portal)
    both, later = receiver.requests
    assert len(sent) == 2
    for secret in (SECRET, newest):
        assert verified(secret, both)
    assert verified(newest, later)
    with pytest.raises(WebhookVerificationError):
        verified(SECRET, later)


@pytest.mark.parametrize("answer", [500, 301, 404, "timeout", "target_forbidden"])
def test_an_event_is_tried_for_a_day_and_then_given_up(
    portal: Portal, receiver: Receiver, sent: list[int], answer: int | str
) -> None:
    receiver.answer, began, messages = answer, portal.now, 0
    while not delivery().is_done:
        work(portal)
        messages += 1
        if not delivery().is_done:
            # what SQS does: it delivers the message after its delay
            assert delivery().status == "retrying"
            portal.now += min(sent[-1], aws.MAX_DELAY_SECONDS)
    assert delivery().status == "failed"
    assert (delivery().tries, delivery().last_result) == (len(RETRY_SECONDS) + 1, str(answer))
    assert len(receiver.requests) == len(RETRY_SECONDS) + 1
    assert 18 * 3600 < portal.now - began < 24 * 3600
    assert len({request[0]["webhook-id"] for request in receiver.requests}) == 1
    assert messages < 140
    assert [kind for kind, _ in portal.audit() if kind.startswith("webhook")] == []


def test_a_receiver_that_recovers_gets_the_event(portal: Portal, receiver: Receiver, sent: list[int]) -> None:
    receiver.answer = "no_connection"
    work(portal)
    portal.now += sent[-1] - 1
    work(portal)
    assert len(receiver.requests) == 1, "it was not due"
    assert sent[-1] == 1
    receiver.answer, portal.now = 200, portal.now + 1
    work(portal)
    assert (delivery().status, delivery().tries) == ("delivered", 2)


def test_a_receiver_that_is_gone_gets_nothing_more(portal: Portal, receiver: Receiver, sent: list[int]) -> None:
    receiver.answer = 410
    work(portal)
    webhook = webhooks.find("willow", HOOK)
    assert webhook
    assert webhook.disabled_at == portal.now
    assert delivery().status == "failed"
    other = replace(delivery(), event="01KJEVENT00000000000000001", status="pending", tries=0, last_result=None)
    webhooks.add_delivery(other)
    body = json.dumps({"practice": "willow", "webhook": HOOK, "event": other.event})
    portal.invoke("DeliverWebhooks", {"Records": [{"messageId": "m", "body": body}]})
    assert len(receiver.requests) == 1
    assert sent == []


def test_a_webhook_that_was_removed_gets_nothing_more(portal: Portal, receiver: Receiver, sent: list[int]) -> None:
    receiver.answer = 500
    work(portal)
    webhooks.delete("willow", HOOK)
    portal.now += sent[-1]
    work(portal)
    assert len(receiver.requests) == 1
    assert (delivery().status, delivery().last_result) == ("failed", "webhook_gone")


def test_a_message_that_is_no_delivery_stays_in_the_queue(portal: Portal) -> None:
    result = portal.invoke("DeliverWebhooks", {"Records": [{"messageId": "m", "body": "{}"}]})
    assert result == {"batchItemFailures": [{"itemIdentifier": "m"}]}
