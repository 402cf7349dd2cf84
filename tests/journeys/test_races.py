"""The same thing at once, thirty-two times over, on both engines that stand for DynamoDB: one is enough to win."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import cast

import pytest

from local.oidc_provider import ACCOUNTS
from local.stack import Engine
from tests.kit import live_portal as towns
from tests.kit.live_portal import Town
from tests.kit.provider_consent import agree, leave
from tests.kit.visitors import Browser

ANA = "ana@example.com"
ROUNDS, CROWD = 20, 32
GUESSES = [f"guess{number}@example.com" for number in range(40)]


@pytest.fixture(scope="module", params=["ministack", "dynamodb-local"])
def place(request: pytest.FixtureRequest) -> Iterator[Town]:
    """A town of its own, with either engine under it."""
    with towns.raised(cast("Engine", request.param)) as town:
        yield town


@pytest.fixture
def town(place: Town) -> Town:
    """It, early in the day."""
    place.new_day()
    return place


def test_one_link_opens_one_session_in_twenty_rounds_of_thirty_two(town: Town) -> None:
    with ThreadPoolExecutor(CROWD) as crowd:
        for _ in range(ROUNDS):
            link = town.link("willow", ANA)
            before = len(town.items("Sessions"))
            browsers = [town.browser() for _ in range(CROWD)]
            answers = list(crowd.map(partial(Browser.press, path=link), browsers))
            (winner,) = (browser for browser in browsers if browser.cookie("session-willow"))

            assert sorted(answer.status for answer in answers) == [303] + [410] * (CROWD - 1)
            assert winner.get("/willow/session").status == 200
            assert len(town.items("Sessions")) == before + 1
            town.new_day()


def test_thirty_two_presses_for_one_address_send_one_mail(town: Town) -> None:
    for number in range(1, 4):
        browsers = [town.browser() for _ in range(CROWD)]
        with ThreadPoolExecutor(CROWD) as crowd:
            statuses = list(crowd.map(lambda browser: browser.ask("willow", ANA).status, browsers))

        assert statuses == [303] * CROWD
        assert len(town.letters(ANA)) == number
        town.wait(61)


def test_forty_requests_from_one_place_are_ten_that_count(town: Town) -> None:
    for turn in range(3):
        app = town.app(source=f"192.0.2.{turn}")
        with ThreadPoolExecutor(40) as crowd:
            answers = list(crowd.map(partial(app.ask, "harbor"), GUESSES))

        assert sorted(answer.status for answer in answers) == [202] * 10 + [429] * 30


def test_forty_wrong_addresses_from_one_place_are_five_that_are_told(town: Town) -> None:
    app = town.app()
    with ThreadPoolExecutor(40) as crowd:
        answers = list(crowd.map(partial(app.ask, "willow"), GUESSES))

    assert sorted(answer.status for answer in answers) == [422] * 5 + [429] * 35


def test_of_sixty_guesses_at_a_code_five_are_compared(town: Town) -> None:
    desk = town.desk()
    pin = desk.pin(desk.client(ANA))
    guesses = [f"{(int(pin) + number) % 10**6:06d}" for number in range(1, 61)]
    with ThreadPoolExecutor(60) as crowd:
        answers = list(crowd.map(lambda guess: town.app().post("/willow/pin", email=ANA, pin=guess), guesses))
    (account,) = town.items("Accounts", practice="willow", address=ANA)
    (kept,) = town.items("Pins", account=account["key"])

    assert sorted(answer.status for answer in answers) == [422] * 5 + [429] * 55
    assert kept["attempts"] == 5


def test_sixteen_times_the_right_code_opens_one_session(town: Town) -> None:
    desk = town.desk()
    pin = desk.pin(desk.client(ANA))
    before = len(town.items("Sessions"))
    with ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(lambda _: town.app().post("/willow/pin", email=ANA, pin=pin), range(16)))

    assert [answer.status for answer in answers].count(200) == 1
    assert len(town.items("Sessions")) == before + 1


def test_one_departure_for_google_opens_one_session_in_three_rounds_of_thirty_two_returns(town: Town) -> None:
    """Each comes back with a code of its own, which Google honours."""
    with ThreadPoolExecutor(CROWD) as crowd:
        for _ in range(3):
            browser = town.browser()
            location = leave(browser)
            before = len(town.items("Sessions"))
            tabs = [town.browser() for _ in range(CROWD)]
            for tab in tabs:
                tab.cookies = dict(browser.cookies)
            returns = [agree(location, ACCOUNTS[0]) for _ in tabs]
            answers = list(crowd.map(Browser.get, tabs, returns))
            (winner,) = (tab for tab in tabs if tab.cookie("session-willow"))

            assert len(set(returns)) == CROWD
            assert sorted(answer.status for answer in answers) == [303] + [403] * (CROWD - 1)
            assert winner.get("/willow/session").document["method"] == "google"
            assert len(town.items("Sessions")) == before + 1
            town.new_day()
