"""Tests of cookies that another host has set, and of cookies of another browser."""

import sys
from itertools import batched
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchkey.http import requests
from tests.kit.browser import Browser
from tests.kit.portal import Portal

EVERY_CHARACTER = [chr(point) for point in range(sys.maxunicode + 1)]
NAMES = [f"__Host-{what}-willow" for what in ("session", "req", "typed", "browser", "google", "lang", "again")]


def read(*cookies: str) -> requests.Request:
    """Return the request of an event with these cookies."""
    http = {"method": "GET", "sourceIp": "203.0.113.7"}
    return requests.parse_event({"requestContext": {"http": http, "timeEpoch": 1}, "cookies": list(cookies)})


def value_of(spelling: str, name: str) -> str | None:
    """Return the value of the cookie `name`, after the value `x` was sent with this spelling of it."""
    return read(f"{spelling}=x").cookies.get(name)


def parsed_as(name: str, spellings: list[str]) -> set[str]:
    """Return the characters whose spelling of a cookie name is read as that name."""
    found: set[str] = set()
    for numbers in batched(range(len(spellings)), 1000, strict=False):
        if name in read(*(f"{spellings[number]}=planted" for number in numbers)).cookies:
            found |= {EVERY_CHARACTER[number] for number in numbers if value_of(spellings[number], name) == "x"}
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_character_before_a_name_vanishes_but_space_and_tab(name: str) -> None:
    """`str.strip` would remove 25 more. Another host may set a cookie whose name begins with one of them."""
    assert parsed_as(name, [f"{character}{name}" for character in EVERY_CHARACTER]) == {" ", "\t"}


@pytest.mark.parametrize("name", NAMES)
def test_no_character_after_a_name_vanishes(name: str) -> None:
    assert parsed_as(name, [f"{name}{character}" for character in EVERY_CHARACTER]) == set()


@given(st.text(min_size=1).filter(lambda text: "=" not in text and text.strip(" \t")), st.sampled_from(NAMES))
def test_what_stands_around_a_name_makes_it_another_one(around: str, name: str) -> None:
    assert read(f"{around}{name}=planted").cookies.get(name) is None
    assert read(f"{name}{around}=planted").cookies.get(name) is None


@pytest.mark.parametrize("blank", ["\x0b", "\x1c", "\x85", "\xa0", "\u2003", "\u3000"], ids=ascii)
def test_a_neighbouring_host_neither_signs_anyone_in_nor_shuts_anyone_out(
    portal: Portal, browser: Browser, blank: str
) -> None:
    thief = portal.browser("198.51.100.9")
    thief.sign_in("lee@example.com")
    planted = f"{blank}__Host-session-willow={thief.cookies['__Host-session-willow']}"

    assert ask_who(portal, planted)["statusCode"] == 401
    browser.sign_in("ana@example.com")
    answer = ask_who(portal, planted, f"__Host-session-willow={browser.cookies['__Host-session-willow']}")
    assert answer["statusCode"] == 200


def ask_who(portal: Portal, *cookies: str) -> dict[str, Any]:
    """Return the response to a read of the session with these cookies."""
    context = {
        "http": {"method": "GET", "sourceIp": "203.0.113.7"},
        "domainName": "portal.example.com",
        "timeEpoch": portal.now * 1000,
    }
    answer: dict[str, Any] = portal.invoke(
        "Session",
        {
            "routeKey": "ANY /{practice}/session",
            "pathParameters": {"practice": "willow"},
            "cookies": list(cookies),
            "requestContext": context,
        },
    )
    return answer


# ── one planted cookie is not enough ──


@pytest.mark.parametrize("was_here", [True, False])
def test_the_cookie_of_another_browsers_request_opens_nothing_by_looking(
    portal: Portal, browser: Browser, was_here: bool
) -> None:
    """A thief could set the cookie of their own request in a person's browser. Opening the thief's link must not sign
    it in.
    """
    thief = portal.browser("198.51.100.9")
    link = thief.link("lee@example.com")
    if was_here:
        browser.request_link("ana@example.com")
    browser.cookies["__Host-req-willow"] = thief.cookies["__Host-req-willow"]

    assert browser.get(link).status == 200
    assert not browser.is_signed_in()
    assert thief.get(link).location == "/willow/home"


def test_the_name_of_another_browser_opens_nothing_by_looking(portal: Portal, browser: Browser) -> None:
    thief = portal.browser("198.51.100.9")
    link = thief.link("lee@example.com")
    browser.link("ana@example.com")
    browser.cookies["__Host-browser-willow"] = thief.cookies["__Host-browser-willow"]

    assert browser.get(link).status == 200


def test_a_browser_keeps_its_name_from_one_request_to_the_next(portal: Portal, browser: Browser) -> None:
    """A link that is mailed late then still opens at once, and Google sign-in of another tab continues."""
    link = browser.link("ana@example.com")
    name = browser.cookies["__Host-browser-willow"]
    portal.now += 60
    browser.request_link("nobody@example.com")

    assert browser.cookies["__Host-browser-willow"] == name
    assert browser.get(link).location == "/willow/home"
