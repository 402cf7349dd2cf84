"""Tests of PINs while DynamoDB fails: no right PIN is lost, and no guess is free."""

import pytest

from latchkey.rules.limits import WRONG_PINS_PER_PRACTICE
from tests.functions.pin.typed_pins import other_than, typed
from tests.kit.aws_faults import SLOW
from tests.kit.browser import Browser
from tests.kit.portal import Portal
from tests.kit.seed import use_up


def test_an_outage_uses_up_no_right_pin_and_locks_nobody_out(portal: Portal, browser: Browser, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for _ in range(5):
        portal.aws.refuse("TransactWriteItems", "InternalServerError")
        assert typed(browser, "ana@example.com", pin).status == 503

    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "0"}
    assert portal.at_rest()["Pins"][0]["failures"] == {"N": "0"}
    assert typed(browser, "ana@example.com", pin).location == "/willow/home"


def test_a_commit_that_never_answers_uses_up_nothing(portal: Portal, browser: Browser, ana: bytes) -> None:
    """The function releases the reservations in the time that it has left."""
    pin = portal.pin_for(ana)

    def wait(seconds: float) -> None:
        portal.milliseconds -= int(1000 * seconds)

    for _ in range(6):
        portal.milliseconds = 10_000
        with portal.aws.injecting(lambda operation, _: SLOW if operation == "TransactWriteItems" else None, wait):
            assert typed(browser, "ana@example.com", pin).status == 503

    portal.milliseconds = 10_000
    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "0"}
    assert typed(browser, "ana@example.com", pin).location == "/willow/home"


def test_twenty_clients_in_an_outage_close_no_practices_hour(portal: Portal, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    use_up(portal, WRONG_PINS_PER_PRACTICE.limit, 99, "pin practice", "willow")
    for visitor in range(20):
        portal.aws.refuse("TransactWriteItems", "InternalServerError")
        browser = portal.browser(f"198.51.100.{visitor}")
        assert typed(browser, "ana@example.com", pin).status == 503

    assert typed(portal.browser(), "ana@example.com", pin).location == "/willow/home"


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
def test_an_outage_before_the_pins_are_compared_counts_no_try(
    portal: Portal, browser: Browser, ana: bytes, operation: str
) -> None:
    pin = portal.pin_for(ana)
    portal.aws.refuse(operation, "InternalServerError")
    assert typed(browser, "ana@example.com", pin).status == 503

    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "0"}
    counts = [window["M"]["count"] for item in portal.at_rest()["Budgets"] for window in item["windows"]["M"].values()]
    assert {count["N"] for count in counts} <= {"0"}


def test_a_try_with_a_lost_response_counts_once(portal: Portal, browser: Browser, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    portal.aws.repeat("UpdateItem", times=4)
    assert typed(browser, "ana@example.com", other_than(pin)).status == 422

    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "1"}
    for _ in range(3):
        assert typed(browser, "ana@example.com", other_than(pin)).status == 422
    assert typed(browser, "ana@example.com", pin).location == "/willow/home"


def test_a_wrong_pin_in_an_outage_is_not_distinguished_from_a_right_one_for_free(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    """A wrong PIN is refused before the commit, and stays counted."""
    pin = portal.pin_for(ana)
    portal.aws.refuse("TransactWriteItems", "InternalServerError")
    assert typed(browser, "ana@example.com", other_than(pin)).status == 422

    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "1"}
