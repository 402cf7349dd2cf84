"""Tests of the pages of a link: the button, the question about another account, and four kinds of dead links."""

import pytest

from latchkey import pages
from latchkey.pages import PageContext
from latchkey.pages.links import LinkFailure
from tests.pages.html import read


def test_a_link_opened_elsewhere_shows_the_masked_address_and_one_button(context: PageContext) -> None:
    page = read(pages.confirm(context, action="", masked="m•••@example.com", invitation=False))

    assert page.heading == "Sign in to your Client Portal"
    assert "You asked to sign in with m•••@example.com." in page.text
    assert page.buttons == ["Sign in on this device"]
    assert not page.all("input")
    assert "Didn’t ask for this? Close this page." in page.text


def test_the_button_goes_where_the_browser_is_so_that_the_page_need_not_name_the_token(context: PageContext) -> None:
    here = read(pages.confirm(context, action="", masked="m•••@example.com", invitation=False))
    there = read(pages.confirm(context, action="/willow/link/T", masked="m•••@example.com", invitation=False))

    assert here.one("form").attributes == {"method": "post"}
    assert there.one("form").attributes == {"method": "post", "action": "/willow/link/T"}


def test_an_invited_person_is_welcomed_and_not_used_to_have_requested_it(context: PageContext) -> None:
    page = read(pages.confirm(context, action="", masked="s•••@example.com", invitation=True))

    assert page.heading == "Welcome to your Client Portal"
    assert "You will sign in with s•••@example.com. You don’t need a password." in page.text
    assert "asked" not in page.text


def test_a_person_has_to_confirm_before_another_is_signed_out(context: PageContext) -> None:
    page = read(pages.confirm_switch(context, action="", masked="m•••@example.com", current="Ana Ruiz"))

    assert page.heading == "Do you want to switch to another account?"
    assert "Ana Ruiz is signed in here. The link you opened is for m•••@example.com." in page.text
    assert page.one("button").attributes == {"name": "switch", "value": "yes"}
    assert page.links["Stay signed in as Ana Ruiz"] == "/willow/home"


@pytest.mark.parametrize(
    ("why", "heading", "reason"),
    [
        ("expired", "This link has expired", "each link works for 24 hours"),
        ("used", "This link has already been used", "each link works only once"),
        ("replaced", "This link no longer works", "The newer one has expired or was used."),
        ("unknown", "This link doesn’t work", "make sure you copied all of it"),
    ],
)
def test_a_dead_link_says_how_it_died_and_carries_the_way_on(
    context: PageContext, why: LinkFailure, heading: str, reason: str
) -> None:
    page = read(pages.dead_link(context, why=why))

    assert page.heading == heading
    assert page.title == f"{heading} – Willow Family Therapy"
    assert reason in page.text
    assert page.one("form").attributes["action"] == "/willow/sign-in"
    assert page.one("input").attributes["name"] == "email"
    assert page.buttons == ["Send link"]


def test_an_expired_link_tells_the_lifetime_of_this_stack(context: PageContext) -> None:
    assert "each link works for 1 hour." in read(pages.dead_link(context, why="expired", hours=1)).text


def test_the_address_is_carried_along_so_that_nothing_is_typed_twice(context: PageContext) -> None:
    page = read(pages.dead_link(context, why="used", typed_address="maria@example.com"))

    assert page.one("input").attributes["value"] == "maria@example.com"


def test_a_dead_link_shows_a_code_to_read_out_to_the_practice(context_with_support_code: PageContext) -> None:
    page = read(pages.dead_link(context_with_support_code, why="used"))

    assert "If you ask for help, give this code: K7M-4QX" in page.text
