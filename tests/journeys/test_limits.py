"""How often things can be asked for: by address, by network, and by whom the browser knows."""

from concurrent.futures import ThreadPoolExecutor

from tests.kit.live_portal import Town
from tests.kit.visitors import Answer

ANA = "ana@example.com"


def asked(town: Town, source: str, times: int, first: int = 0) -> list[int]:
    """What someone is told who asks for that many different addresses from one place."""
    app = town.app(source=source)
    return [app.ask("harbor", f"guess{number}@example.com").status for number in range(first, first + times)]


def test_three_links_in_a_quarter_of_an_hour_and_then_a_wait_that_is_true(town: Town) -> None:
    began = town.now()
    for number in range(3):
        assert town.app().ask("willow", ANA).status == 202
        town.letter(ANA, number + 1)
        town.wait(61)
    refused = town.app().ask("willow", ANA)
    over = town.now() + int(refused.headers["retry-after"])
    town.wait_until(over - 3)
    early = town.app().ask("willow", ANA)
    town.wait_until(over)
    late = town.app().ask("willow", ANA)

    assert (refused.status, early.status, late.status) == (429, 429, 202)
    assert abs(over - began - 15 * 60) < 10
    assert len(town.letters(ANA)) == 4


def test_ten_links_a_day(town: Town) -> None:
    statuses = []
    for _ in range(11):
        statuses.append(town.app().ask("willow", ANA).status)
        town.wait(20 * 60)

    assert statuses == [202] * 10 + [429]
    assert len(town.letters(ANA)) == 10


def test_when_no_more_is_sent_the_last_link_that_was_sent_works(town: Town) -> None:
    for number in range(3):
        last = town.link("willow", ANA)
        town.wait(61)
        assert number < 3
    for _ in range(5):
        assert town.app().ask("willow", ANA).status == 429

    assert town.browser().press(last).location == "/willow/home"


def test_a_hundred_strangers_cannot_fill_a_mailbox(town: Town) -> None:
    with ThreadPoolExecutor(8) as crowd:
        answers: list[Answer] = list(crowd.map(lambda _: town.app().ask("willow", ANA), range(100)))

    assert {answer.status for answer in answers} == {202}
    assert len(town.letters(ANA)) == 1


def test_a_browser_that_was_signed_in_before_can_ask_when_strangers_have_used_up_the_address(town: Town) -> None:
    known = town.browser()
    known.press(town.link("willow", ANA))
    known.press("/willow/sign-out")
    for _ in range(2):
        town.wait(61)
        town.link("willow", ANA)
    town.wait(61)

    assert town.browser().ask("willow", ANA).status == 429
    assert known.ask("willow", ANA).status == 303
    assert known.get(town.letter(ANA, 4)["url"]).location == "/willow/home"


def test_that_browser_is_a_stranger_to_every_other_address(town: Town) -> None:
    known = town.signed_in("willow", ANA)
    for number in range(3):
        town.wait(61)
        assert number < 3
        town.link("willow", "luis@example.com")
    town.wait(61)

    assert known.ask("willow", "luis@example.com").status == 429


def test_ten_requests_in_ten_minutes_from_one_address(town: Town) -> None:
    statuses = asked(town, "203.0.113.7", 11)
    wait = int(town.app(source="203.0.113.7").ask("harbor", ANA).headers["retry-after"])
    over = town.now() + wait
    town.wait_until(over - 3)
    early = asked(town, "203.0.113.7", 1)
    town.wait_until(over)
    late = asked(town, "203.0.113.7", 1)

    assert statuses == [202] * 10 + [429]
    assert 10 * 60 - 10 <= wait <= 10 * 60
    assert (early, late) == ([429], [202])


def test_neighbours_do_not_pay_for_one_another(town: Town) -> None:
    asked(town, "203.0.113.8", 11)

    assert asked(town, "203.0.113.9", 1) == [202]


def test_an_ipv4_address_is_the_same_however_it_is_written(town: Town) -> None:
    asked(town, "203.0.113.10", 10)

    assert asked(town, "::ffff:203.0.113.10", 1) == [429]
    assert asked(town, "::ffff:cb00:710a", 1) == [429]


def test_one_subscriber_with_many_ipv6_addresses_counts_once(town: Town) -> None:
    answers = [asked(town, f"2001:db8:1:1::{host:x}", 1, first=host) for host in range(1, 12)]

    assert answers == [[202]] * 10 + [[429]]
    assert asked(town, "2001:db8:1:2::1", 1) == [202]


def test_a_network_with_many_subscribers_has_ten_times_as_much(town: Town) -> None:
    answers = [asked(town, f"2001:db8:2:{subnet:x}::1", 10, first=10 * subnet) for subnet in range(10)]

    assert answers == [[202] * 10] * 10
    assert asked(town, "2001:db8:2:99::1", 1) == [429]
    assert asked(town, "2001:db8:3:99::1", 1) == [202]


def test_thirty_presses_in_ten_minutes_of_what_proves_nothing_and_a_link_of_ours_always_opens(town: Town) -> None:
    link = town.link("willow", ANA)
    browser = town.browser()
    guesses = [browser.press(link[:-2] + "xx").status for _ in range(30)]

    assert guesses == [404] * 30
    assert browser.press(link[:-2] + "xx").status == 429
    assert browser.get(link).status == 200
    assert browser.press(link).location == "/willow/home"
