"""Tests of links that are used, expired, replaced or invalid."""

from typing import Any
from urllib.parse import quote

import pytest

from latchkey import tokens
from latchkey.rules.accounts import AccountStatus
from latchkey.rules.sessions import LiveSession
from latchkey.store import sessions
from latchkey.store.proofs import Attempt, Proof
from tests.functions.redeem_link.stored_sessions import sessions_of
from tests.kit.browser import App, Browser
from tests.kit.clock import DAY, HOUR, MINUTE
from tests.kit.portal import Portal
from tests.kit.seed import change


def test_an_expired_link_says_so_and_carries_the_way_on(browser: Browser, another: Browser, portal: Portal) -> None:
    """B33, B37, B128"""
    path = browser.link("ana@example.com")
    portal.now += DAY - 1
    assert another.get(path).status == 200
    portal.now += 1

    for answer in (another.get(path), another.post(path)):
        assert answer.status == 410
        assert answer.page.heading == "This link has expired"
        assert answer.page.buttons == ["Send link"]
        assert answer.page.one("form").attributes["action"] == "/willow/sign-in"
    assert portal.audit()[-1] == ("link_refused", "link_expired")
    assert another.request_link("ana@example.com").status == 303


def test_the_click_of_who_requested_it_a_day_ago_finds_the_link_expired(
    browser: Browser, portal: Portal, path: str
) -> None:
    portal.now += DAY

    assert browser.get(path).status == 410
    assert sessions_of(portal) == 0


def test_a_used_link_asks_for_the_address(browser: Browser, another: Browser, portal: Portal, path: str) -> None:
    """B34, B38"""
    browser.get(path)

    for answer in (another.get(path), another.post(path)):
        assert answer.status == 410
        assert answer.page.heading == "This link has already been used"
        assert answer.page.buttons == ["Send link"]
    assert sessions_of(portal) == 1
    assert not another.is_signed_in()


def test_a_used_link_redirects_home_in_the_browser_that_it_signed_in(
    browser: Browser, portal: Portal, path: str
) -> None:
    """Opening a link twice is no error."""
    browser.get(path)

    assert browser.get(path).location == "/willow/home"
    assert browser.post(path).location == "/willow/home"
    assert browser.get(path, accept="application/json").document["method"] == "link"
    assert sessions_of(portal) == 1


def test_a_used_link_redirects_no_other_account_home(browser: Browser, another: Browser, path: str) -> None:
    browser.get(path)
    another.sign_in("lee@example.com")

    assert another.get(path).status == 410
    assert another.post(path).status == 410
    assert another.get("/willow/home").page.heading == "Welcome, Lee Park"


def test_a_used_link_redirects_nobody_home_after_sign_out(browser: Browser, path: str) -> None:
    browser.get(path)
    browser.post("/willow/sign-out")

    assert browser.get(path).status == 410


def test_an_older_link_says_that_there_is_a_newer_one_and_consumes_nothing(
    browser: Browser, another: Browser, portal: Portal, path: str
) -> None:
    """B35, B36"""
    portal.now += MINUTE
    newer = browser.link("ana@example.com")

    for answer in (another.get(path), another.post(path), browser.get(path)):
        assert answer.status == 410
        assert answer.page.heading == "There’s a newer link in your inbox"
    assert browser.get(newer).location == "/willow/home"


def test_an_app_learns_how_a_link_died(app: App, browser: Browser, portal: Portal) -> None:
    """B130"""
    older = browser.link("ana@example.com")
    portal.now += MINUTE
    newer = browser.link("ana@example.com")

    assert (app.post(older).status, app.post(older).code) == (410, "link_replaced")
    portal.browser().post(newer)
    assert (app.post(newer).status, app.post(newer).code) == (410, "link_used")
    assert (app.post(newer[:-1]).status, app.post(newer[:-1]).code) == (404, "link_unknown")
    portal.now += MINUTE
    last = browser.link("ana@example.com")
    portal.now += DAY
    assert (app.post(last).status, app.post(last).code) == (410, "link_expired")
    assert (app.get(last).status, app.get(last).code) == (410, "link_expired")


def test_a_dead_link_knows_the_address_only_in_the_browser_that_typed_it(
    browser: Browser, another: Browser, portal: Portal, path: str
) -> None:
    """B140: the browser shows the address for half an hour."""
    portal.now += MINUTE
    browser.link("ana@example.com")

    assert browser.get(path).page.one("input").attributes["value"] == "ana@example.com"
    assert another.get(path).page.one("input").attributes["value"] == ""
    portal.now += 30 * MINUTE - 1
    assert browser.get(path).page.one("input").attributes["value"] == "ana@example.com"
    portal.now += 1
    assert browser.get(path).page.one("input").attributes["value"] == ""


@pytest.mark.parametrize("end", [{"status": AccountStatus.DISABLED, "epoch": 2}, {"epoch": 2}])
def test_a_link_of_an_access_that_ended_has_expired(
    browser: Browser, another: Browser, portal: Portal, path: str, end: dict[str, Any]
) -> None:
    """B58, B62: even if access was reinstated since."""
    change(portal, "willow", "ana@example.com", **end)

    for answer in (browser.get(path), another.get(path), another.post(path)):
        assert answer.status == 410
        assert answer.page.heading == "This link has expired"
    assert sessions_of(portal) == 0


@pytest.mark.parametrize("press", [False, True])
def test_a_link_that_expires_while_it_is_opened_is_audited(
    browser: Browser, portal: Portal, path: str, monkeypatch: pytest.MonkeyPatch, press: bool
) -> None:
    """Another browser uses the link between the read and the write."""
    start, elsewhere = sessions.start, portal.browser()

    def overtaken(proof: Proof, attempt: Attempt) -> LiveSession:
        with monkeypatch.context() as fast:
            fast.setattr(sessions, "start", start)
            assert elsewhere.post(path).location == "/willow/home"
        return start(proof, attempt)

    monkeypatch.setattr(sessions, "start", overtaken)
    answer = browser.post(path) if press else browser.get(path)

    assert answer.status == 410
    assert portal.audit().count(("link_refused", "link_used")) == 1


def test_a_stack_can_have_a_shorter_link_lifetime(portal: Portal) -> None:
    portal.parameters["LinkHours"] = "2"
    browser = portal.browser()
    path = browser.link("ana@example.com")

    assert "works for 2 hours" in portal.letters[0].text
    portal.now += 2 * HOUR - 1
    assert browser.send("GET", path, {"purpose": "prefetch"}).status == 200
    portal.now += 1
    assert "works for 2 hours" in browser.get(path).page.text


def variants(path: str) -> dict[str, str]:
    """Return invalid paths that look like that of a link, by name."""
    folder, _, token = path.rpartition("/")
    flipped = token[:50] + token[50:].swapcase()
    return {
        "padded": f"{folder}/{token}=",
        "line feed": f"{folder}/{token}%0A",
        "full-width": folder + "/" + quote("".join(chr(ord(letter) + 0xFEE0) for letter in token)),
        "encoded twice": folder + "/" + quote(quote(token.replace(token[0], f"%{ord(token[0]):02X}", 1))),
        "case": f"{folder}/{flipped}",
        "shorter": f"{folder}/{token[:-1]}",
        "longer": f"{folder}/{token}A",
        "long": f"{folder}/{token * 20}",
        "null": f"{folder}/{token}%00",
        "bytes": f"{folder}/%FF%FE",
        "forged": f"{folder}/{tokens.base64url_encode(bytes([1]) + bytes(80))[:87]}",
        "blank": f"{folder}/%20",
    }


@pytest.mark.parametrize("name", variants("/x/" + "a" * 87))
def test_an_invalid_link_answers_404_and_consumes_nothing(
    browser: Browser, portal: Portal, path: str, name: str
) -> None:
    before = {table: items for table, items in portal.at_rest().items() if table != "Budgets"}
    target = variants(path)[name]

    for answer in (browser.get(target), browser.post(target), browser.get(target, accept="application/json")):
        assert answer.status == 404
    assert browser.get(target).page.heading == "This link doesn’t work"
    assert browser.head(target).status == 404

    assert {table: items for table, items in portal.at_rest().items() if table != "Budgets"} == before
    assert browser.get(path).location == "/willow/home"


def test_a_percent_encoded_letter_is_still_the_letter(browser: Browser, path: str) -> None:
    folder, _, token = path.rpartition("/")

    assert browser.get(f"{folder}/%{ord(token[0]):02X}{token[1:]}").location == "/willow/home"


def test_a_link_of_one_practice_is_unknown_at_another_and_still_opens_where_it_belongs(
    browser: Browser, portal: Portal
) -> None:
    """B7, B90: even if the same person is a client of both."""
    here, there = browser.link("ana@example.com"), browser.link("ana@example.com", "harbor")

    assert browser.get(here.replace("/willow/", "/harbor/")).status == 404
    assert browser.post(there.replace("/harbor/", "/willow/")).status == 404
    assert browser.get(here).location == "/willow/home"
    assert browser.get(there).location == "/harbor/home"
    assert (sessions_of(portal), sessions_of(portal, practice="harbor")) == (1, 1)
