"""Tests of links over HTTP: valid once, for a day, and only the newest. Reading a link's page changes nothing."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import DAY, LivePortal

ANA = "ana@example.com"
TRIES = 3
"""Number of tries for a step that has to happen within a second, because the machine may be busy."""


def expiry(live_portal: LivePortal, practice: str = "willow") -> int:
    """Return the time at which the newest link expires, in Unix seconds."""
    (account,) = live_portal.items("Accounts", practice=practice, address=ANA)
    (link,) = live_portal.items("Links", account=account["key"])
    return int(link["expires_at"])


def dead(answer: HttpResponse, heading: str) -> bool:
    """Return True if the page has this heading and the button for a new link."""
    page = answer.page
    return answer.status == 410 and page.heading == heading and page.buttons[0] == "Send link"


def test_a_link_opens_in_the_last_second_of_24_hours(live_portal: LivePortal) -> None:
    for _ in range(TRIES):
        requested_at = live_portal.now()
        link = live_portal.link(ANA)
        ends = expiry(live_portal)
        assert DAY - 1 <= ends - requested_at < DAY + 5
        live_portal.wait_until(ends - 1)
        answer = live_portal.browser().post(link)
        if live_portal.now() < ends:
            break

    assert answer.location == "/willow/home"


def test_a_link_expires_after_24_hours(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    browser.request_link(ANA)
    link = live_portal.letter(ANA)["url"]
    live_portal.wait_until(expiry(live_portal))

    assert dead(browser.get(link), "This link has expired")
    assert dead(browser.post(link), "This link has expired")
    assert dead(live_portal.browser().get(link), "This link has expired")
    assert live_portal.app().post(link).code == "link_expired"
    assert browser.cookie("session-willow") is None


def test_an_expired_link_says_why_for_a_month(live_portal: LivePortal) -> None:
    link = live_portal.link(ANA)
    live_portal.wait(30 * DAY)

    assert dead(live_portal.browser().get(link), "This link has expired")


def test_a_link_works_once(live_portal: LivePortal) -> None:
    link = live_portal.link(ANA)
    first, second = live_portal.browser(), live_portal.browser()

    assert first.post(link).location == "/willow/home"
    assert dead(second.get(link), "This link has already been used")
    assert dead(second.post(link), "This link has already been used")
    assert live_portal.app().post(link).code == "link_used"
    assert second.cookie("session-willow") is None


def test_only_the_newest_link_works_also_after_an_older_one_was_tried(live_portal: LivePortal) -> None:
    older = live_portal.link(ANA)
    live_portal.wait(61)
    newer = live_portal.link(ANA)
    browser = live_portal.browser()

    assert dead(browser.get(older), "There’s a newer link in your inbox")
    assert dead(browser.post(older), "There’s a newer link in your inbox")
    assert live_portal.app().post(older).code == "link_replaced"
    assert browser.post(newer).location == "/willow/home"


def test_the_browser_that_requested_an_older_one_learns_that_too(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    browser.request_link(ANA)
    older = live_portal.letter(ANA)["url"]
    live_portal.wait(61)
    browser.request_link(ANA)
    newer = live_portal.letter(ANA, 2)["url"]

    assert dead(browser.get(older), "There’s a newer link in your inbox")
    assert browser.get(newer).location == "/willow/home"


def test_from_a_dead_link_a_new_one_can_be_requested_without_typing_the_address_anew(live_portal: LivePortal) -> None:
    """After half an hour the address is gone, so that the next person at a shared computer cannot read it (B140)."""
    browser = live_portal.browser()
    browser.request_link(ANA)
    link = live_portal.letter(ANA)["url"]
    live_portal.wait(61)
    live_portal.link(ANA)
    live_portal.wait(61)
    page = browser.get(link).page
    form = next(form for form in page.all("form") if form.attributes["action"].endswith("/sign-in"))
    browser.post(form.attributes["action"], {"email": page.one("input", name="email").attributes["value"]})

    assert browser.get(live_portal.letter(ANA, 3)["url"]).location == "/willow/home"
    live_portal.wait(DAY)
    assert browser.get(link).page.one("input", name="email").attributes["value"] == ""


def test_reading_a_links_page_elsewhere_changes_nothing(live_portal: LivePortal) -> None:
    link = live_portal.link(ANA)
    live_portal.settle()
    before = live_portal.at_rest()
    for scanner in (live_portal.browser(), live_portal.app(), live_portal.browser(accept_language="es")):
        for _ in range(3):
            assert scanner.get(link).status == 200
            assert scanner.head(link).status == 200

    assert live_portal.changes_since(before) == {}
    assert scanner.cookies == {}
    assert live_portal.browser().post(link).location == "/willow/home"


def test_reading_a_dead_links_page_changes_nothing(live_portal: LivePortal) -> None:
    older = live_portal.link(ANA)
    live_portal.wait(61)
    used = live_portal.link(ANA)
    live_portal.browser().post(used)
    live_portal.settle()
    before = live_portal.at_rest()
    scanner = live_portal.browser()

    assert [scanner.get(link).status for link in (older, used, used[:-1] + "!")] == [410, 410, 404]
    assert [scanner.head(link).status for link in (older, used, used[:-1] + "!")] == [410, 410, 404]
    assert live_portal.changes_since(before) == {}


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
def test_a_browser_that_only_guesses_does_not_open_it(live_portal: LivePortal, hint: dict[str, str]) -> None:
    browser = live_portal.browser()
    browser.request_link(ANA)
    link = live_portal.letter(ANA)["url"]
    live_portal.settle()
    before = live_portal.at_rest()

    assert browser.get(link, **hint).status == 200
    assert browser.head(link).status == 200
    assert live_portal.changes_since(before) == {}
    assert browser.get(link).location == "/willow/home"


def test_a_head_request_of_the_browser_that_requested_it_says_it_is_there_and_no_more(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    browser.request_link(ANA)
    answer = browser.head(live_portal.letter(ANA)["url"])

    assert (answer.status, answer.body) == (200, "")
    assert browser.cookie("session-willow") is None


def test_a_link_of_one_practice_opens_nothing_at_another_and_goes_on_working_at_its_own(
    live_portal: LivePortal,
) -> None:
    link = live_portal.link(ANA)
    elsewhere = link.replace("/willow/", "/harbor/")
    browser = live_portal.browser()
    looked, pressed = browser.get(elsewhere), browser.post(elsewhere)

    assert (looked.status, pressed.status) == (404, 404)
    assert looked.page.heading == "This link doesn’t work"
    assert live_portal.app().post(elsewhere).code == "link_unknown"
    assert browser.post(link).location == "/willow/home"


def test_being_signed_in_at_one_practice_is_nothing_at_another(live_portal: LivePortal) -> None:
    browser = live_portal.signed_in(ANA)
    stolen = live_portal.browser()
    stolen.cookies = {name.replace("willow", "harbor"): value for name, value in browser.cookies.items()}

    assert browser.get("/harbor/session").status == 401
    assert stolen.get("/harbor/session").status == 401
    assert stolen.get("/harbor/home").location == "/harbor/sign-in"


def test_two_practices_in_one_browser_stay_apart(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    browser.post(live_portal.link(ANA))
    browser.post(live_portal.link(ANA, "harbor"))
    willow, harbor = (browser.get(f"/{practice}/session").document for practice in ("willow", "harbor"))
    browser.post("/willow/sign-out")

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
def test_anything_but_the_very_token_is_refused_and_the_link_stays_alive(live_portal: LivePortal, forgery: str) -> None:
    link = live_portal.link(ANA)
    base, _, token = link.rpartition("/")
    live_portal.settle()
    before = live_portal.at_rest()
    answer = live_portal.browser().get(f"{base}/{FORGERIES[forgery](token)}")

    assert answer.status == 404
    assert live_portal.changes_since(before) == {}
    assert live_portal.browser().post(link).location == "/willow/home"


def test_a_token_spelled_in_percent_is_the_same_token(live_portal: LivePortal) -> None:
    link = live_portal.link(ANA)
    base, _, token = link.rpartition("/")

    assert live_portal.browser().post(f"{base}/%{ord(token[0]):02X}{token[1:]}").location == "/willow/home"


def test_32_parallel_openings_of_a_link_start_one_session(live_portal: LivePortal) -> None:
    link = live_portal.link(ANA)
    sessions = live_portal.sessions()
    browsers = [live_portal.browser() for _ in range(32)]
    with ThreadPoolExecutor(32) as crowd:
        answers = list(crowd.map(lambda browser: browser.post(link), browsers))

    assert sorted(answer.status for answer in answers) == [303] + [410] * 31
    assert sum(browser.cookie("session-willow") is not None for browser in browsers) == 1
    assert len(live_portal.sessions() - sessions) == 1


def test_a_browser_that_opens_its_link_in_eight_tabs_has_one_session(live_portal: LivePortal) -> None:
    requested = live_portal.browser()
    requested.request_link(ANA)
    link = live_portal.letter(ANA)["url"]
    sessions = live_portal.sessions()
    tabs = [live_portal.browser(source=requested.source) for _ in range(8)]
    for tab in tabs:
        tab.cookies = dict(requested.cookies)
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda tab: tab.get(link), tabs))

    assert sorted(answer.status for answer in answers) == [303] + [410] * 7
    assert len(live_portal.sessions() - sessions) == 1
