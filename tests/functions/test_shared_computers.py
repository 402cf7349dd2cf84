"""Tests of how long a shared computer shows the address of the last request (B140)."""

import re

import pytest

from tests.kit.browser import Browser
from tests.kit.portal import Portal

MINUTE, HOUR = 60, 3600


@pytest.fixture(params=["/willow/sign-in/sent", "/willow/pin"])
def shows(request: pytest.FixtureRequest) -> str:
    """Return the path of a page that shows the address of the last request."""
    return str(request.param)


def test_the_address_is_shown_for_half_an_hour(browser: Browser, portal: Portal, shows: str) -> None:
    """B140"""
    browser.request_link("ana@example.com")
    portal.now += 30 * MINUTE - 1
    assert "ana@example.com" in browser.get(shows).body

    portal.now += 1
    answer = browser.get(shows)
    assert answer.status == 200
    assert "ana@example.com" not in answer.body


def test_the_address_is_shown_no_more_once_the_link_was_used_elsewhere(
    browser: Browser, another: Browser, shows: str
) -> None:
    """B140, at a practice that says when an address is unknown."""
    link = browser.link("ana@example.com")
    assert another.post(link).status == 303

    assert "ana@example.com" not in browser.get(shows).body


def test_anyone_who_looks_where_to_wait_learns_that_the_link_was_used_elsewhere(
    browser: Browser, another: Browser
) -> None:
    another.post(browser.link("ana@example.com"))

    answer = browser.get("/willow/sign-in/sent")
    assert answer.page.heading == "Your link was used on another phone or computer."
    assert answer.page.buttons[0] == "Send link"
    assert browser.get("/willow/sign-in/sent").location == "/willow/sign-in"


@pytest.mark.parametrize("later", [0, 1, 29 * MINUTE, 30 * MINUTE - 1, 30 * MINUTE, HOUR])
def test_where_every_address_gets_one_answer_only_time_ends_it(portal: Portal, later: int) -> None:
    """B140: the pages are the same after a client has signed in elsewhere and for an unknown address."""
    client, stranger = portal.browser(), portal.browser("198.51.100.1")
    assert portal.browser("198.51.100.2").post(client.link("ana@example.com", "harbor")).status == 303
    assert stranger.request_link("bob@example.com", "harbor").status == 303
    portal.now += later

    for path in ("/harbor/sign-in/sent", "/harbor/pin"):
        seen = [browser.get(path) for browser in (client, stranger)]
        bodies = [re.sub("ana@|bob@", "", answer.body) for answer in seen]
        assert bodies[0] == bodies[1]
        assert ("@example.com" in seen[0].body) == (later < 30 * MINUTE)


def test_the_cookie_of_the_address_ends_with_the_half_hour(browser: Browser) -> None:
    (typed,) = (
        cookie for cookie in browser.request_link("ana@example.com").cookies if cookie.startswith("__Host-typed")
    )
    assert typed.endswith("Max-Age=1800")


@pytest.mark.parametrize("path", ["/willow/sign-in", "/willow/sign-in/sent", "/willow/pin", "/willow/link/nothing"])
def test_every_page_that_shows_the_address_clears_it_by_one_press(browser: Browser, path: str) -> None:
    """B140"""
    browser.request_link("ana@example.com")
    page = browser.get(path).page
    assert "ana@example.com" in page.text or page.one("input", id="email").attributes["value"] == "ana@example.com"
    (form,) = page.all("form", **{"class": "clear"})
    button = page.one("button", name="clear").attributes

    cleared = browser.post(form.attributes["action"], {button["name"]: button["value"]})
    assert {"__Host-typed-willow", "__Host-req-willow"}.isdisjoint(browser.cookies)
    assert "The address was cleared." in browser.follow(cleared).page.text
    assert "ana@example.com" not in browser.get("/willow/sign-in").body
    assert browser.get("/willow/sign-in/sent").location == "/willow/sign-in"
