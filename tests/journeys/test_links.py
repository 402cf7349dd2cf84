"""A link's life: once, for a day, and only the newest one; whoever else touches it changes nothing."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kit.live_portal import DAY, Town
from tests.kit.visitors import Answer

ANA = "ana@example.com"
TRIES = 3
"""For what has to be done within a second, on a machine that may be busy."""


def expiry(town: Town, practice: str = "willow") -> int:
    """When the link that was just made dies, in Unix seconds."""
    (account,) = town.items("Accounts", practice=practice, address=ANA)
    (link,) = town.items("Links", account=account["key"])
    return int(link["expires_at"])


def dead(answer: Answer, heading: str) -> bool:
    """Whether a page says so, and carries the way on."""
    page = answer.page
    return answer.status == 410 and page.heading == heading and page.buttons[0] == "Send link"


def test_it_opens_in_the_last_second_of_its_day(town: Town) -> None:
    for _ in range(TRIES):
        asked_at = town.now()
        link = town.link("willow", ANA)
        ends = expiry(town)
        assert DAY - 1 <= ends - asked_at < DAY + 5
        town.wait_until(ends - 1)
        answer = town.browser().press(link)
        if town.now() < ends:
            break

    assert answer.location == "/willow/home"


def test_it_is_dead_when_its_day_is_over(town: Town) -> None:
    browser = town.browser()
    browser.ask("willow", ANA)
    link = town.letter(ANA)["url"]
    town.wait_until(expiry(town))

    assert dead(browser.get(link), "This link has expired")
    assert dead(browser.press(link), "This link has expired")
    assert dead(town.browser().get(link), "This link has expired")
    assert town.app().post(link).code == "link_expired"
    assert browser.cookie("session-willow") is None


def test_it_still_says_why_it_is_dead_a_month_later(town: Town) -> None:
    link = town.link("willow", ANA)
    town.wait(30 * DAY)

    assert dead(town.browser().get(link), "This link has expired")


def test_it_works_once(town: Town) -> None:
    link = town.link("willow", ANA)
    first, second = town.browser(), town.browser()

    assert first.press(link).location == "/willow/home"
    assert dead(second.get(link), "This link has already been used")
    assert dead(second.press(link), "This link has already been used")
    assert town.app().post(link).code == "link_used"
    assert second.cookie("session-willow") is None


def test_only_the_newest_one_works_and_trying_an_older_one_does_not_hurt_it(town: Town) -> None:
    older = town.link("willow", ANA)
    town.wait(61)
    newer = town.link("willow", ANA)
    browser = town.browser()

    assert dead(browser.get(older), "There’s a newer link in your inbox")
    assert dead(browser.press(older), "There’s a newer link in your inbox")
    assert town.app().post(older).code == "link_replaced"
    assert browser.press(newer).location == "/willow/home"


def test_the_browser_that_asked_for_an_older_one_is_told_so_too(town: Town) -> None:
    browser = town.browser()
    browser.ask("willow", ANA)
    older = town.letter(ANA)["url"]
    town.wait(61)
    browser.ask("willow", ANA)
    newer = town.letter(ANA, 2)["url"]

    assert dead(browser.get(older), "There’s a newer link in your inbox")
    assert browser.get(newer).location == "/willow/home"


def test_from_a_dead_link_a_new_one_can_be_asked_for_without_typing_the_address_again(town: Town) -> None:
    """For half an hour: later the next person at that computer would read whose it is (B140)."""
    browser = town.browser()
    browser.ask("willow", ANA)
    link = town.letter(ANA)["url"]
    town.wait(61)
    town.link("willow", ANA)
    town.wait(61)
    page = browser.get(link).page
    form = next(form for form in page.all("form") if form.attributes["action"].endswith("/sign-in"))
    browser.press(form.attributes["action"], email=page.one("input", name="email").attributes["value"])

    assert browser.get(town.letter(ANA, 3)["url"]).location == "/willow/home"
    town.wait(DAY)
    assert browser.get(link).page.one("input", name="email").attributes["value"] == ""


def test_looking_at_it_from_elsewhere_changes_nothing_at_all(town: Town) -> None:
    link = town.link("willow", ANA)
    town.settle()
    before = town.at_rest()
    for scanner in (town.browser(), town.app(), town.browser(speaks="es")):
        for _ in range(3):
            assert scanner.get(link).status == 200
            assert scanner.head(link).status == 200

    assert town.at_rest() == before
    assert scanner.cookies == {}
    assert town.browser().press(link).location == "/willow/home"


def test_looking_at_a_dead_one_changes_nothing_either(town: Town) -> None:
    older = town.link("willow", ANA)
    town.wait(61)
    used = town.link("willow", ANA)
    town.browser().press(used)
    before = town.at_rest()
    scanner = town.browser()

    assert [scanner.get(link).status for link in (older, used, used[:-1] + "!")] == [410, 410, 404]
    assert [scanner.head(link).status for link in (older, used, used[:-1] + "!")] == [410, 410, 404]
    assert town.at_rest() == before


@pytest.mark.parametrize(
    "hint",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Sec-Purpose": "prefetch;anonymous-client-ip"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"X-Moz": "prefetch"},
    ],
)
def test_a_browser_that_only_guesses_does_not_open_it(town: Town, hint: dict[str, str]) -> None:
    browser = town.browser()
    browser.ask("willow", ANA)
    link = town.letter(ANA)["url"]
    town.settle()
    before = town.at_rest()

    assert browser.get(link, hint).status == 200
    assert browser.head(link).status == 200
    assert town.at_rest() == before
    assert browser.get(link).location == "/willow/home"


def test_a_head_request_of_the_browser_that_asked_says_it_is_there_and_no_more(town: Town) -> None:
    browser = town.browser()
    browser.ask("willow", ANA)
    answer = browser.head(town.letter(ANA)["url"])

    assert (answer.status, answer.body) == (200, b"")
    assert browser.cookie("session-willow") is None


def test_a_link_of_one_practice_opens_nothing_at_another_and_goes_on_working_at_its_own(town: Town) -> None:
    link = town.link("willow", ANA)
    elsewhere = link.replace("/willow/", "/harbor/")
    browser = town.browser()
    looked, pressed = browser.get(elsewhere), browser.press(elsewhere)

    assert (looked.status, pressed.status) == (404, 404)
    assert looked.page.heading == "This link doesn’t work"
    assert town.app().post(elsewhere).code == "link_unknown"
    assert browser.press(link).location == "/willow/home"


def test_being_signed_in_at_one_practice_is_nothing_at_another(town: Town) -> None:
    browser = town.signed_in("willow", ANA)
    stolen = town.browser()
    stolen.cookies = {name.replace("willow", "harbor"): value for name, value in browser.cookies.items()}

    assert browser.get("/harbor/session").status == 401
    assert stolen.get("/harbor/session").status == 401
    assert stolen.get("/harbor/home").location == "/harbor/sign-in"


def test_two_practices_in_one_browser_stay_apart(town: Town) -> None:
    browser = town.browser()
    browser.press(town.link("willow", ANA))
    browser.press(town.link("harbor", ANA))
    willow, harbor = (browser.get(f"/{practice}/session").document for practice in ("willow", "harbor"))
    browser.press("/willow/sign-out")

    assert willow["account"] != harbor["account"]
    assert browser.get("/willow/session").status == 401
    assert browser.get("/harbor/session").status == 200


FORGERIES: dict[str, Callable[[str], str]] = {
    "padded": lambda token: token + "=",
    "shortened": lambda token: token[:-1],
    "lengthened": lambda token: token + "A",
    "in the other case": lambda token: token.swapcase(),
    "with another last character": lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    "with a line break": lambda token: token + "%0A",
    "with a space": lambda token: "%20" + token,
    "encoded twice": lambda token: token.replace(token[40], f"%25{ord(token[40]):02x}", 1),
    "with full-width digits": lambda token: re.sub(r"\d", lambda digit: f"%EF%BC%9{digit[0]}", token),
    "very long": lambda token: token[0] * 8000,
    "very short": lambda token: token[0],
    "null": lambda token: token[:0] + "%00",
    "no text": lambda token: token[:0] + "%FF%FE",
    "another path": lambda token: token[:0] + "..%2f..%2fhome",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_anything_but_the_very_token_is_refused_and_the_link_stays_alive(town: Town, forgery: str) -> None:
    link = town.link("willow", ANA)
    base, _, token = link.rpartition("/")
    town.settle()
    before = town.at_rest()
    answer = town.browser().get(f"{base}/{FORGERIES[forgery](token)}")

    assert answer.status == 404
    assert town.at_rest() == before
    assert town.browser().press(link).location == "/willow/home"


def test_a_token_spelled_in_percent_is_the_same_token(town: Town) -> None:
    link = town.link("willow", ANA)
    base, _, token = link.rpartition("/")

    assert town.browser().press(f"{base}/%{ord(token[0]):02X}{token[1:]}").location == "/willow/home"


def test_thirty_two_openings_at_once_make_one_session(town: Town) -> None:
    link = town.link("willow", ANA)
    sessions = len(town.items("Sessions"))
    browsers = [town.browser() for _ in range(32)]
    with ThreadPoolExecutor(32) as crowd:
        answers = list(crowd.map(lambda browser: browser.press(link), browsers))

    assert sorted(answer.status for answer in answers) == [303] + [410] * 31
    assert sum(browser.cookie("session-willow") is not None for browser in browsers) == 1
    assert len(town.items("Sessions")) == sessions + 1


def test_a_browser_that_opens_its_link_in_eight_tabs_has_one_session(town: Town) -> None:
    asked = town.browser()
    asked.ask("willow", ANA)
    link = town.letter(ANA)["url"]
    sessions = len(town.items("Sessions"))
    tabs = [town.browser(source=asked.source) for _ in range(8)]
    for tab in tabs:
        tab.cookies = dict(asked.cookies)
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda tab: tab.get(link), tabs))

    assert sorted(answer.status for answer in answers) == [303] + [410] * 7
    assert len(town.items("Sessions")) == sessions + 1
