"""Tests of requests while DynamoDB or SQS fails."""

import pytest

from latchkey.rules.limits import (
    MAIL_PER_PRACTICE,
)
from latchkey.store import limits
from tests.functions.request_link.waits import minutes_left
from tests.kit.aws_faults import Fault, refused
from tests.kit.browser import App, Browser
from tests.kit.clock import HOUR
from tests.kit.portal import Portal
from tests.kit.seed import use_up


def test_when_the_queue_does_not_answer_nothing_is_counted_and_a_retry_works(
    browser: Browser, app: App, portal: Portal
) -> None:
    portal.aws.refuse("SendMessage", "ServiceUnavailable", times=2)

    answer = browser.request_link("ana@example.com")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.page.heading == "The Client Portal is not available right now"
    assert app.request_link("ana@example.com").code == "unavailable"

    assert browser.request_link("ana@example.com").location == "/willow/sign-in/sent"
    assert "We just sent you a link" not in browser.get("/willow/sign-in/sent").page.text
    assert portal.deliver() == 1


def test_when_too_many_count_for_a_practice_at_once_nothing_is_counted_and_a_retry_works(
    browser: Browser, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crowd:
        crowd.setattr(limits, "MAX_CONTENTION_TRIES", 0)
        assert browser.request_link("ana@example.com").status == 503

    assert browser.request_link("ana@example.com").location == "/willow/sign-in/sent"
    assert portal.deliver() == 1


def test_when_one_reservation_cannot_be_released_the_other_is(browser: Browser, portal: Portal) -> None:
    down = refused("InternalServerError", 500)
    use_up(portal, MAIL_PER_PRACTICE.limit, 299, "practice", "willow")
    heard: list[str] = []

    def fault_at(operation: str, _call: int) -> Fault | None:
        """Return a fault for the message to the queue, and for the first write after it."""
        heard.append(operation)
        return down if operation == "SendMessage" or heard[-2:] == ["SendMessage", "UpdateItem"] else None

    with portal.aws.injecting(fault_at, lambda _seconds: None):
        assert browser.request_link("ana@example.com").status == 503

    assert portal.browser().request_link("lee@example.com").status == 303
    minutes_left(portal.browser().request_link("luis@example.com"), HOUR)


def test_when_the_queue_does_not_answer_every_address_gets_the_same_answer(portal: Portal) -> None:
    fields = []
    for address in ("ana@example.com", "nobody@example.com"):
        portal.aws.refuse("SendMessage", "ServiceUnavailable")
        answer = portal.browser().request_link(address, "harbor")
        fields.append((answer.status, sorted(answer.headers), answer.cookies))

    assert fields[0] == fields[1]


def test_without_its_audit_row_no_mail_job_is_queued(browser: Browser, portal: Portal) -> None:
    portal.aws.refuse("PutItem", "InternalServerError")

    assert browser.request_link("ana@example.com").status == 503
    assert portal.waiting() == []
    assert browser.request_link("ana@example.com").status == 303


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
def test_in_a_store_outage_no_mail_job_is_queued(browser: Browser, portal: Portal, operation: str) -> None:
    portal.aws.refuse(operation, "ProvisionedThroughputExceededException")

    answer = browser.request_link("ana@example.com")

    assert answer.status == 503
    assert portal.waiting() == []
    assert "ProvisionedThroughput" not in answer.body
