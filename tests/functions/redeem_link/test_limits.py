"""Tests of the rate limits of opened links."""

from collections.abc import Callable

import pytest

from latchkey.rules.limits import OPEN_LINK_PER_NETWORK, OPEN_LINK_PER_SOURCE
from tests.kit.browser import Browser
from tests.kit.clock import DAY
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal
from tests.kit.seed import use_up


def test_thirty_presses_in_ten_minutes_from_one_source_of_what_proves_nothing(portal: Portal) -> None:
    for _ in range(30):
        assert portal.browser().post("/willow/link/AAAA").status == 404

    answer = portal.browser().post("/willow/link/AAAA")
    assert answer.status == 429
    assert answer.headers["retry-after"] == "600"
    assert portal.browser(source="198.51.100.1").post("/willow/link/AAAA").status == 404


@pytest.mark.parametrize("open_it", [Browser.get, Browser.post])
def test_requests_from_the_same_source_never_limit_a_valid_link(
    browser: Browser, portal: Portal, path: str, open_it: Callable[[Browser, str], HttpResponse]
) -> None:
    for _ in range(31):
        portal.browser().post("/willow/link/AAAA")

    assert open_it(browser, path).location == "/willow/home"


def test_a_dead_link_says_why_however_often_it_is_pressed_and_fills_no_audit(portal: Portal, path: str) -> None:
    portal.now += DAY
    for _ in range(35):
        assert portal.browser().post(path).status == 410

    assert portal.audit().count(("link_refused", "link_expired")) == 30


def test_looking_at_links_uses_no_rate_limit_up(browser: Browser, another: Browser, path: str) -> None:
    for _ in range(40):
        another.get(path)

    assert browser.get(path).location == "/willow/home"


def test_a_48_presses_ten_times_as_many_links_that_prove_nothing(portal: Portal, path: str) -> None:
    use_up(portal, OPEN_LINK_PER_NETWORK.limit, 299, "network", "link", "2001:db8:88::/48")
    assert portal.browser("2001:db8:88:1::1").post("/willow/link/AAAA").status == 404
    assert portal.browser("2001:db8:88:2::1").post("/willow/link/AAAA").status == 429
    assert portal.browser("2001:db8:89:1::1").post("/willow/link/AAAA").status == 404
    assert portal.browser("2001:db8:88:2::1").post(path).status == 303


def test_asking_for_links_and_opening_them_are_counted_apart(browser: Browser, portal: Portal, path: str) -> None:
    use_up(portal, OPEN_LINK_PER_SOURCE.limit, 30, "source", "link", "203.0.113.7")

    assert browser.post(path[:-4] + "AAAA").status == 429
    assert browser.request_link("lee@example.com").status == 303
