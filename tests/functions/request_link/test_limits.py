"""Tests of the rate limits of an address, a practice and a source."""

from latchkey.rules.limits import (
    MAIL_PER_PRACTICE,
    REQUEST_LINK_PER_NETWORK,
    REQUEST_LINK_PER_SOURCE,
)
from latchkey.rules.practices import Practice
from latchkey.store import practices
from tests.functions.request_link.waits import minutes_left
from tests.kit.browser import App, Browser
from tests.kit.clock import DAY, HOUR, MINUTE
from tests.kit.portal import Portal
from tests.kit.seed import WILLOW, put, use_up


def test_a_second_press_within_a_minute_sends_nothing_and_says_so(browser: Browser, portal: Portal) -> None:
    """B17"""
    browser.request_link("ana@example.com")
    portal.now += 59
    answer = browser.request_link("ana@example.com")

    assert answer.location == "/willow/sign-in/sent"
    assert "We just sent you a link" in browser.get("/willow/sign-in/sent").page.text
    assert portal.deliver() == 1
    assert portal.audit() == [("link_requested", None), ("link_sent", None)]


def test_a_second_press_keeps_the_browser_that_requested_it_the_one_that_opens(
    browser: Browser, portal: Portal
) -> None:
    browser.request_link("ana@example.com")
    stored = browser.cookies["__Host-req-willow"]

    browser.request_link(" ANA@example.com")
    portal.deliver()

    assert browser.cookies["__Host-req-willow"] == stored
    assert browser.get(portal.letters[0].path).location == "/willow/home"


def test_a_minute_later_a_new_link_is_sent(browser: Browser, portal: Portal) -> None:
    """B14"""
    browser.link("ana@example.com")
    portal.now += 60

    assert browser.link("ana@example.com")
    assert "We just sent you a link" not in browser.get("/willow/sign-in/sent").page.text
    assert len(portal.letters) == 2


def test_another_browser_that_asks_within_the_minute_is_answered_alike_and_opens_nothing_by_itself(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    """The response must not show that another browser requested a link first."""
    first = browser.request_link("ana@example.com")
    second = another.request_link("ana@example.com")
    portal.deliver()

    assert first.location == second.location
    assert another.get(portal.letters[0].path).status == 200
    assert browser.get(portal.letters[0].path).location == "/willow/home"


def test_a_fourth_link_within_15_minutes_is_refused_with_the_true_wait(browser: Browser, portal: Portal) -> None:
    for _ in range(3):
        assert browser.request_link("ana@example.com").status == 303
        portal.now += MINUTE

    minutes_left(browser.request_link("ana@example.com"), 12 * MINUTE)
    portal.now += 12 * MINUTE - 1
    minutes_left(browser.request_link("ana@example.com"), 1)
    portal.now += 1
    assert browser.request_link("ana@example.com").status == 303
    assert portal.deliver() == 4
    assert ("limit_hit", "ask_quarter") in portal.audit()


def test_an_eleventh_link_within_a_day_is_refused(browser: Browser, portal: Portal) -> None:
    for _ in range(10):
        assert browser.request_link("ana@example.com").status == 303
        portal.now += HOUR

    minutes_left(browser.request_link("ana@example.com"), DAY - 10 * HOUR)


def test_a_practice_sends_300_letters_an_hour_and_its_limit_does_not_count_for_the_address(
    browser: Browser, portal: Portal
) -> None:
    use_up(portal, MAIL_PER_PRACTICE.limit, 299, "practice", "harbor")
    assert browser.request_link("nobody@example.com", "harbor").status == 303

    for number in range(4):
        minutes_left(browser.request_link("ana@example.com", "harbor"), HOUR - number * MINUTE)
        portal.now += MINUTE
    assert browser.request_link("ana@example.com", "willow").status == 303
    portal.now += HOUR
    assert browser.request_link("ana@example.com", "harbor").status == 303


def test_an_eleventh_request_from_one_source_within_ten_minutes_is_refused(portal: Portal) -> None:
    for number in range(10):
        put(portal, WILLOW, f"client{number}@example.com")
        assert portal.browser().request_link(f"client{number}@example.com").status == 303

    minutes_left(portal.browser().request_link("ana@example.com"), 10 * MINUTE)
    assert portal.browser(source="198.51.100.1").request_link("ana@example.com").status == 303
    portal.now += 10 * MINUTE
    assert portal.browser().request_link("lee@example.com").status == 303


def test_an_ipv4_source_is_the_same_when_it_is_written_as_ipv6(portal: Portal) -> None:
    for number in range(10):
        source = "203.0.113.7" if number % 2 else "::ffff:203.0.113.7"
        portal.browser(source).request_link(f"nobody{number}@example.com", "harbor")

    assert portal.browser("::ffff:203.0.113.7").request_link("ana@example.com", "harbor").status == 429


def test_a_64_is_one_source_and_a_48_has_ten_times_its_rate_limit(portal: Portal) -> None:
    def ask(source: str) -> int:
        return portal.browser(source).request_link(f"{len(portal.waiting())}@example.com", "harbor").status

    use_up(portal, REQUEST_LINK_PER_SOURCE.limit, 9, "source", "ask", "2001:db8:77:1::/64")
    assert [ask(f"2001:db8:77:1::{host}") for host in (1, 2)] == [303, 429]
    use_up(portal, REQUEST_LINK_PER_NETWORK.limit, 98, "network", "ask", "2001:db8:77::/48")
    assert [ask(f"2001:db8:77:{subnet}::1") for subnet in (2, 3)] == [303, 429]
    assert ask("2001:db8:78::1") == 303


def test_after_five_unknown_addresses_in_15_minutes_a_known_one_is_refused_too(
    browser: Browser, app: App, portal: Portal
) -> None:
    """B21"""
    for number in range(5):
        assert browser.request_link(f"typo{number}@example.com").status == 422
        portal.now += 10

    for address in ("ana@example.com", "typo@example.com"):
        minutes_left(browser.request_link(address), 15 * MINUTE - 50)
        waiting = app.request_link(address)
        assert (waiting.status, waiting.code) == (429, "wait")
        assert waiting.document["retry_after"] == 15 * MINUTE - 50
        assert waiting.headers["retry-after"] == str(15 * MINUTE - 50)
    portal.now += 15 * MINUTE - 51
    minutes_left(browser.request_link("ana@example.com"), 1)
    portal.now += 1
    assert browser.request_link("ana@example.com").status == 303


def test_after_four_unknown_addresses_a_known_one_is_accepted(browser: Browser) -> None:
    """B21"""
    for number in range(4):
        assert browser.request_link(f"typo{number}@example.com").status == 422

    assert browser.request_link("ana@example.com").status == 303


def test_a_wait_stops_neither_other_people_nor_a_link_that_was_sent(browser: Browser, portal: Portal) -> None:
    path = browser.link("ana@example.com")
    for number in range(6):
        browser.request_link(f"typo{number}@example.com")

    assert browser.request_link("ana@example.com").status == 429
    assert portal.browser(source="198.51.100.1").request_link("lee@example.com").status == 303
    assert browser.get(path).location == "/willow/home"


def test_wrong_addresses_are_counted_at_one_portal_for_all_practices(browser: Browser) -> None:
    practices.save(Practice(slug="oak", name="Oak"))
    for number in range(5):
        browser.request_link(f"typo{number}@example.com", "willow" if number % 2 else "oak")

    assert browser.request_link("ana@example.com").status == 429


def test_after_a_double_click_the_link_opens_with_the_cookies_of_either_response(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    """On a double click, the second request is sent without the cookies that the first response sets."""
    browser.request_link("ana@example.com")
    another.request_link("ana@example.com")
    browser.cookies |= another.cookies
    portal.deliver()

    assert browser.get("/willow/sign-in/sent").status == 200
    assert browser.get(portal.letters[-1].path).location == "/willow/home"
