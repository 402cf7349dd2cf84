"""Tests of error pages."""

from collections.abc import Callable

import pytest

from latchkey import pages
from latchkey.pages import PageContext
from tests.pages.html import read

ERRORS = [
    (pages.not_found, "We can’t find this page", "Go to the Client Portal"),
    (pages.internal_error, "Sorry, there is a problem with the Client Portal", "Go to the Client Portal"),
    (pages.unavailable, "The Client Portal is not available right now", "Go to the Client Portal"),
    (pages.method_not_allowed, "We can’t do that from here", "Go to the Client Portal"),
    (pages.stale_form, "This did not come from our page", "Go to the sign-in page"),
    (pages.bad_request, "What you sent did not reach us whole", "Go to the sign-in page"),
    (pages.too_large, "What you sent is too long", "Go to the sign-in page"),
]


@pytest.mark.parametrize(("page", "heading", "way_on"), ERRORS)
def test_every_no_says_what_happened_and_shows_the_way_on(
    context_with_support_code: PageContext, page: Callable[[PageContext], str], heading: str, way_on: str
) -> None:
    sheet = read(page(context_with_support_code))

    assert sheet.heading == heading
    assert sheet.links[way_on].startswith("/willow")
    is_in_the_log = page in (pages.internal_error, pages.unavailable)
    assert ("If you ask for help, give this code: K7M-4QX" in sheet.text) == is_in_the_log, (
        "else nobody finds it (B145)"
    )


@pytest.mark.parametrize(("page", "heading"), [error[:2] for error in ERRORS])
def test_where_no_practice_is_known_nothing_leads_astray(page: Callable[[PageContext], str], heading: str) -> None:
    sheet = read(page(PageContext(None, "en")))

    assert sheet.title == f"{heading} – Client Portal"
    assert sheet.links == {"Skip to main content": "#main", "Español": "?lang=es"}


@pytest.mark.parametrize("page", [pages.internal_error, pages.unavailable])
def test_when_it_is_our_fault_the_practice_can_still_be_called(
    page: Callable[[PageContext], str], context: PageContext
) -> None:
    sheet = read(page(context))

    assert "Try again in a few minutes. If you need help now, call Willow Family Therapy: (555) 010-0142" in sheet.text


def test_a_form_from_elsewhere_is_called_that_and_not_old(context: PageContext) -> None:
    """B151"""
    sheet = read(pages.stale_form(context))

    assert sheet.heading == "This did not come from our page"
    assert "we only accept what is sent from the Client Portal itself. Nothing was changed." in sheet.text
    assert "too long" not in sheet.text


def test_every_error_has_a_heading_of_its_own(context: PageContext) -> None:
    """B151"""
    headings = [read(page(context)).heading for page, _, _ in ERRORS]

    assert len(set(headings)) == len(headings)
