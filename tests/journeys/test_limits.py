"""Tests of rate limits by address, by network and for known browsers."""

from concurrent.futures import ThreadPoolExecutor

from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import LivePortal

ANA = "ana@example.com"


def requested(live_portal: LivePortal, source: str, times: int, first: int = 0) -> list[int]:
    """Ask for links with this many unknown addresses from one source. Return the statuses."""
    app = live_portal.app(source=source)
    return [app.request_link(f"guess{number}@example.com", "harbor").status for number in range(first, first + times)]


def test_a_fourth_link_within_15_minutes_is_refused_with_the_true_wait(live_portal: LivePortal) -> None:
    began = live_portal.now()
    for number in range(3):
        assert live_portal.app().request_link(ANA).status == 202
        live_portal.letter(ANA, number + 1)
        live_portal.wait(61)
    refused = live_portal.app().request_link(ANA)
    over = live_portal.now() + int(refused.headers["retry-after"])
    live_portal.wait_until(over - 3)
    early = live_portal.app().request_link(ANA)
    live_portal.wait_until(over)
    late = live_portal.app().request_link(ANA)

    assert (refused.status, early.status, late.status) == (429, 429, 202)
    assert abs(over - began - 15 * 60) < 10
    assert len(live_portal.letters(ANA)) == 4


def test_an_eleventh_link_within_a_day_is_refused(live_portal: LivePortal) -> None:
    statuses = []
    for _ in range(11):
        statuses.append(live_portal.app().request_link(ANA).status)
        live_portal.wait(20 * 60)

    assert statuses == [202] * 10 + [429]
    assert len(live_portal.letters(ANA)) == 10


def test_when_no_more_is_sent_the_last_link_that_was_sent_works(live_portal: LivePortal) -> None:
    for number in range(3):
        last = live_portal.link(ANA)
        live_portal.wait(61)
        assert number < 3
    for _ in range(5):
        assert live_portal.app().request_link(ANA).status == 429

    assert live_portal.browser().post(last).location == "/willow/home"


def test_a_hundred_strangers_cannot_fill_a_mailbox(live_portal: LivePortal) -> None:
    with ThreadPoolExecutor(8) as crowd:
        answers: list[HttpResponse] = list(crowd.map(lambda _: live_portal.app().request_link(ANA), range(100)))

    assert {answer.status for answer in answers} == {202}
    assert len(live_portal.letters(ANA)) == 1


def test_a_browser_that_was_signed_in_before_can_ask_when_strangers_have_used_up_the_address(
    live_portal: LivePortal,
) -> None:
    known = live_portal.browser()
    known.post(live_portal.link(ANA))
    known.post("/willow/sign-out")
    for _ in range(2):
        live_portal.wait(61)
        live_portal.link(ANA)
    live_portal.wait(61)

    assert live_portal.browser().request_link(ANA).status == 429
    assert known.request_link(ANA).status == 303
    assert known.get(live_portal.letter(ANA, 4)["url"]).location == "/willow/home"


def test_that_browser_is_a_stranger_to_every_other_address(live_portal: LivePortal) -> None:
    known = live_portal.signed_in(ANA)
    for number in range(3):
        live_portal.wait(61)
        assert number < 3
        live_portal.link("luis@example.com")
    live_portal.wait(61)

    assert known.request_link("luis@example.com").status == 429


def test_ten_requests_in_ten_minutes_from_one_address(live_portal: LivePortal) -> None:
    statuses = requested(live_portal, "203.0.113.7", 11)
    wait = int(live_portal.app(source="203.0.113.7").request_link(ANA, "harbor").headers["retry-after"])
    over = live_portal.now() + wait
    live_portal.wait_until(over - 3)
    early = requested(live_portal, "203.0.113.7", 1)
    live_portal.wait_until(over)
    late = requested(live_portal, "203.0.113.7", 1)

    assert statuses == [202] * 10 + [429]
    assert 10 * 60 - 10 <= wait <= 10 * 60
    assert (early, late) == ([429], [202])


def test_two_sources_have_separate_rate_limits(live_portal: LivePortal) -> None:
    requested(live_portal, "203.0.113.8", 11)

    assert requested(live_portal, "203.0.113.9", 1) == [202]


def test_an_ipv4_address_is_the_same_however_it_is_written(live_portal: LivePortal) -> None:
    requested(live_portal, "203.0.113.10", 10)

    assert requested(live_portal, "::ffff:203.0.113.10", 1) == [429]
    assert requested(live_portal, "::ffff:cb00:710a", 1) == [429]


def test_one_subscriber_with_many_ipv6_addresses_counts_once(live_portal: LivePortal) -> None:
    answers = [requested(live_portal, f"2001:db8:1:1::{host:x}", 1, first=host) for host in range(1, 12)]

    assert answers == [[202]] * 10 + [[429]]
    assert requested(live_portal, "2001:db8:1:2::1", 1) == [202]


def test_a_network_with_many_subscribers_has_ten_times_as_much(live_portal: LivePortal) -> None:
    answers = [requested(live_portal, f"2001:db8:2:{subnet:x}::1", 10, first=10 * subnet) for subnet in range(10)]

    assert answers == [[202] * 10] * 10
    assert requested(live_portal, "2001:db8:2:99::1", 1) == [429]
    assert requested(live_portal, "2001:db8:3:99::1", 1) == [202]


def test_thirty_presses_in_ten_minutes_of_what_proves_nothing_and_a_valid_link_always_opens(
    live_portal: LivePortal,
) -> None:
    link = live_portal.link(ANA)
    browser = live_portal.browser()
    guesses = [browser.post(link[:-2] + "xx").status for _ in range(30)]

    assert guesses == [404] * 30
    assert browser.post(link[:-2] + "xx").status == 429
    assert browser.get(link).status == 200
    assert browser.post(link).location == "/willow/home"
