"""Tests of guessed PINs: the limits of an address, its known browsers, a practice and a source."""

import pytest

from latchkey.rules.limits import WRONG_PINS_PER_ADDRESS, WRONG_PINS_PER_PRACTICE
from latchkey.store import limits
from tests.functions.pin.typed_pins import other_than, typed
from tests.kit.browser import App, Browser
from tests.kit.clock import HOUR, MINUTE
from tests.kit.portal import Portal
from tests.kit.seed import key_of, use_up


def test_the_right_pin_works_at_the_fifth_try(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for _ in range(4):
        assert typed(app, "ana@example.com", other_than(pin)).code == "pin_refused"
    assert typed(app, "ana@example.com", pin).status == 200


def test_right_pins_do_not_count_as_tries(portal: Portal, ana: bytes) -> None:
    for _ in range(6):
        assert typed(portal.app(), "ana@example.com", portal.pin_for(ana)).status == 200


def test_after_five_wrong_pins_the_right_one_is_refused_with_the_true_wait(
    portal: Portal, app: App, ana: bytes
) -> None:
    pin = portal.pin_for(ana)
    for _ in range(5):
        typed(app, "ana@example.com", other_than(pin))
    portal.now += MINUTE
    answer = typed(app, "ana@example.com", pin)
    assert (answer.status, answer.code) == (429, "pin_locked")
    assert answer.document["retry_after"] == 14 * MINUTE == int(answer.headers["retry-after"])


@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com"])
def test_a_locked_address_does_not_show_whether_it_has_a_pin(portal: Portal, email: str) -> None:
    app = portal.app()
    codes = [typed(app, email, "123456").code for _ in range(6)]
    assert codes == ["pin_refused"] * 5 + ["pin_locked"]


def test_another_network_and_another_spelling_do_not_give_more_tries(portal: Portal, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for number, email in enumerate(["ana@example.com", "ANA@example.com", " ana@EXAMPLE.com", "Ana@Example.Com"] * 2):
        typed(portal.app(f"198.51.100.{number}"), email, other_than(pin))
    (item,) = portal.at_rest()["Pins"]
    assert item["attempts"]["N"] == "5"


def test_a_pin_stays_invalid_after_five_guesses_when_the_wait_is_over(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for _ in range(5):
        typed(app, "ana@example.com", other_than(pin))
    portal.now += 15 * MINUTE
    assert typed(app, "ana@example.com", pin).code == "pin_refused"


def test_a_new_pin_has_five_tries_of_its_own(portal: Portal, ana: bytes) -> None:
    first = portal.pin_for(ana)
    for _ in range(4):
        typed(portal.app(), "ana@example.com", other_than(first))
    portal.now += 15 * MINUTE
    second = portal.pin_for(ana)
    for _ in range(4):
        typed(portal.app(), "ana@example.com", other_than(second))
    assert typed(portal.app(), "ana@example.com", second).status == 200


def test_after_a_hundred_wrong_pins_in_a_row_another_way_in_has_to_succeed_first(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    """NIST SP 800-63B-4, 3.2.2"""
    for _ in range(20):
        pin = portal.pin_for(ana)
        for _ in range(5):
            assert typed(portal.app(), "ana@example.com", other_than(pin)).code == "pin_refused"
        portal.now += HOUR
    assert typed(portal.app(), "ana@example.com", portal.pin_for(ana)).code == "pin_refused"

    browser.sign_in("ana@example.com")
    assert typed(portal.app(), "ana@example.com", portal.pin_for(ana)).status == 200


def test_a_limit_of_the_practice_is_audited_and_does_not_count_for_the_address(
    portal: Portal, app: App, ana: bytes
) -> None:
    pin = portal.pin_for(ana)
    use_up(portal, WRONG_PINS_PER_PRACTICE.limit, 100, "pin practice", "willow")
    for _ in range(6):
        answer = typed(app, "ana@example.com", pin)
        assert (answer.status, answer.code, answer.document["retry_after"]) == (429, "wait", HOUR)
    assert portal.audit() == [("limit_hit", "wrong_pins_practice")] * 6

    portal.now += HOUR
    assert typed(app, "ana@example.com", pin).status == 200


def test_a_contended_limit_of_the_practice_does_not_count_for_the_address(
    portal: Portal, app: App, ana: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_up(portal, WRONG_PINS_PER_PRACTICE.limit, 1, "pin practice", "willow")
    with monkeypatch.context() as crowd:
        crowd.setattr(limits, "MAX_CONTENTION_TRIES", 0)
        assert typed(app, "ana@example.com", "123456").status == 503

    use_up(portal, WRONG_PINS_PER_ADDRESS.limit, 4, "pin address", ana)
    assert typed(app, "ana@example.com", portal.pin_for(ana)).status == 200


def test_wrong_pins_do_not_lock_a_link_out(portal: Portal, browser: Browser, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for _ in range(6):
        typed(portal.app(), "ana@example.com", other_than(pin))
    assert browser.sign_in("ana@example.com").location == "/willow/home"


def test_strangers_wrong_pins_do_not_lock_out_a_browser_that_was_here_before(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    browser.sign_in("ana@example.com")
    for _ in range(6):
        typed(portal.app("198.51.100.9"), "ana@example.com", "123456")
    assert typed(browser, "ana@example.com", portal.pin_for(ana)).location == "/willow/home"


def test_right_pins_do_not_count_for_their_source(portal: Portal) -> None:
    """Clients in a waiting room share one source."""
    for _ in range(11):
        ana = key_of(portal, "willow", "ana@example.com")
        assert typed(portal.browser(), "ana@example.com", portal.pin_for(ana)).location == "/willow/home"


def test_requests_from_the_same_source_never_limit_the_pin_of_a_known_browser(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    for _ in range(10):
        typed(portal.browser(), "lee@example.com", "123456")
    assert typed(portal.browser(), "sam@example.com", "123456").status == 429

    assert typed(browser, "ana@example.com", portal.pin_for(ana)).location == "/willow/home"


def test_all_known_browsers_of_an_account_have_five_wrong_pins_together_and_then_the_ordinary_five(
    portal: Portal, ana: bytes
) -> None:
    known = [portal.browser(f"198.51.100.{number}") for number in range(3)]
    for browser in known:
        browser.sign_in("ana@example.com")
        browser.post("/willow/sign-out")
        portal.now += HOUR
    for number in range(10):
        assert typed(known[number % 3], "ana@example.com", "123456").status == 422
        portal.now += MINUTE

    locked = typed(known[0], "ana@example.com", "123456")
    assert (locked.status, locked.headers["retry-after"]) == (429, str(5 * MINUTE))
    portal.now += 5 * MINUTE
    assert typed(known[1], "ana@example.com", portal.pin_for(ana)).location == "/willow/home"
