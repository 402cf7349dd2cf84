"""Tests of the rate limits of known browsers, which strangers cannot use up."""

import pytest

from latchkey.rules.limits import (
    MAIL_PER_PRACTICE,
)
from latchkey.rules.practices import Practice
from tests.functions.request_link.waits import minutes_left
from tests.kit.browser import Browser
from tests.kit.clock import DAY, HOUR, MINUTE
from tests.kit.portal import Portal
from tests.kit.seed import HARBOR, WILLOW, put, use_up


def test_a_strangers_link_requests_do_not_limit_a_known_browser(browser: Browser, portal: Portal) -> None:
    """A known browser has a rate limit of its own. The last link stays valid."""
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    portal.now += HOUR
    stranger = portal.browser(source="198.51.100.1")
    last = ""
    for _ in range(3):
        last = stranger.link("ana@example.com")
        portal.now += MINUTE
    assert stranger.request_link("ana@example.com").status == 429

    assert portal.browser(source="198.51.100.2").request_link("ana@example.com").status == 429
    assert browser.request_link("ana@example.com").status == 303
    portal.now += MINUTE
    for _ in range(2):
        assert browser.request_link("ana@example.com").status == 303
        portal.now += MINUTE
    minutes_left(browser.request_link("ana@example.com"), 9 * MINUTE)
    assert browser.post(last).location == "/willow/home"


def test_a_browser_known_to_one_account_has_no_limit_of_its_own_at_another(browser: Browser, portal: Portal) -> None:
    browser.sign_in("lee@example.com")
    portal.now += HOUR
    for _ in range(3):
        portal.browser(source="198.51.100.1").link("ana@example.com")
        portal.now += MINUTE

    assert browser.request_link("ana@example.com").status == 429


def test_strangers_cannot_close_a_practices_mail_to_browsers_that_were_here_before(
    browser: Browser, portal: Portal
) -> None:
    """Known browsers have a rate limit of their own, with the same number."""
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    portal.now += HOUR
    use_up(portal, MAIL_PER_PRACTICE.limit, 300, "practice", "willow")
    assert portal.browser(source="198.51.100.1").request_link("ana@example.com").status == 429

    path = browser.link("ana@example.com")
    assert browser.get(path).location == "/willow/home"

    use_up(portal, MAIL_PER_PRACTICE.limit, 299, "practice browser", "willow")
    portal.now += MINUTE
    minutes_left(browser.request_link("ana@example.com"), HOUR - MINUTE)
    assert ("limit_hit", "mail_practice") in portal.audit()


def test_wrong_addresses_from_the_same_source_do_not_limit_a_known_browser(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    portal.now += HOUR
    for number in range(5):
        assert portal.browser().request_link(f"nobody{number}@example.com").status == 422
    assert portal.browser().request_link("lee@example.com").status == 429

    assert browser.request_link("ana@example.com").status == 303
    assert browser.request_link("lee@example.com").status == 429


@pytest.mark.parametrize("practice", [WILLOW, HARBOR], ids=["tells", "one answer"])
def test_one_client_cannot_use_up_what_a_practice_keeps_for_known_browsers(portal: Portal, practice: Practice) -> None:
    """The limit is that of the account, not of each browser. Beyond it, the account shares the practice's limit."""
    put(portal, practice, "lee@example.com")
    ana = [portal.browser(f"198.51.100.{number}") for number in range(5)]
    lee = portal.browser("198.51.100.9")
    for browser, address in [*((one, "ana@example.com") for one in ana), (lee, "lee@example.com")]:
        browser.sign_in(address, practice.slug)
        browser.post(f"/{practice.slug}/sign-out")
        portal.now += HOUR
    portal.now += DAY
    use_up(portal, MAIL_PER_PRACTICE.limit, 300, "practice", practice.slug)
    use_up(portal, MAIL_PER_PRACTICE.limit, 293, "practice browser", practice.slug)

    statuses = []
    for browser in ana * 2:
        statuses.append(browser.request_link("ana@example.com", practice.slug).status)
        portal.now += MINUTE

    assert statuses == [303] * 6 + [429] * 4
    assert lee.request_link("lee@example.com", practice.slug).status == 303
    assert portal.browser("203.0.113.99").request_link("lee@example.com", practice.slug).status == 429


def test_repeated_requests_of_a_known_browser_write_no_audit_rows(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    portal.now += HOUR
    for _ in range(6):
        assert browser.request_link("ana@example.com").status == 303
        portal.now += MINUTE
    for _ in range(20):
        assert browser.request_link("ana@example.com").status == 429

    assert len([row for row in portal.audit() if row[0] == "limit_hit"]) == 7


def test_a_browser_is_known_for_half_a_year(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    cookies = dict(browser.cookies)
    portal.now += 180 * DAY - 1
    use_up(portal, MAIL_PER_PRACTICE.limit, 300, "practice", "willow")

    assert browser.request_link("ana@example.com").status == 303
    portal.now += MINUTE
    browser.cookies |= cookies
    assert browser.request_link("ana@example.com").status == 429
