"""Tests of shared items, and of the addresses that open them."""

import pytest

from latchkey.rules import items
from latchkey.rules.accounts import Profile
from latchkey.rules.items import MAX_ITEMS, SharedItem
from latchkey.rules.practices import FEATURES, Practice
from latchkey.rules.web_addresses import MAX_LENGTH, MAX_PATH_LENGTH, is_path_below, is_web_address
from tests.kit.clock import NOON

FORM = SharedItem("Form", "/willow/forms/1", NOON)


def test_a_second_share_makes_a_done_item_wait() -> None:
    """B146"""
    done = items.with_done((FORM, SharedItem("Plan")), "Form", NOON)
    assert done
    assert items.waiting(done) == (SharedItem("Plan"),)

    second = items.share(done, [SharedItem("Form", None, NOON + 9)])

    assert [item.title for item in second] == ["Plan", "Form"]
    assert second[-1] == SharedItem("Form", "/willow/forms/1", NOON + 9)


def test_an_item_keeps_the_time_at_which_it_was_done() -> None:
    first = items.with_done((FORM,), "Form", NOON)
    assert first
    second = items.with_done(first, "Form", NOON + 60)
    assert second
    assert second[0].done_at == NOON
    assert items.with_done(second, "Form", None) == (FORM,)
    assert items.with_done(second, "form", NOON) is None


@pytest.mark.parametrize("count", [MAX_ITEMS, MAX_ITEMS + 1])
def test_only_the_newest_items_stay(count: int) -> None:
    stored = items.share((), [SharedItem(str(number)) for number in range(count)])

    assert len(stored) == MAX_ITEMS
    assert stored[-1].title == str(count - 1)


@pytest.mark.parametrize(
    "path", ["/willow/forms", "/willow/forms/1?step=2#top", "/willow/", "/willow/a.b/..c", "/willow/%C3%A9"]
)
def test_a_path_below_the_portal(path: str) -> None:
    assert is_path_below(path, "willow")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/willow",
        "willow/forms",
        "//willow/forms",
        "/harbor/forms",
        "/willow-evil/forms",
        "/willow/../harbor",
        "/willow/./forms",
        "/willow/%2e%2E/harbor",
        "/willow/.%2e/harbor",
        "/willow//evil.example",
        "/willow/%2f%2fevil.example",
        "/willow/\\evil.example",
        "/willow/%5c..%5charbor",
        "/willow/a b",
        "/willow/a\nb",
        "/willow/%0d%0aset-cookie",
        "/willow/<script>",
        "https://portal.example.com/willow/forms",
        "javascript:alert(1)",
        "/willow/" + "x" * MAX_PATH_LENGTH,
    ],
)
def test_a_path_that_leads_elsewhere(path: str) -> None:
    assert not is_path_below(path, "willow")


def test_a_path_has_no_more_than_500_characters() -> None:
    path = "/willow/" + "x" * (MAX_PATH_LENGTH - len("/willow/"))
    assert is_path_below(path, "willow")
    assert not is_path_below(path + "x", "willow")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "http://willow.example/",
        "https://",
        "https://user@evil.example/",
        "//evil.example/",
        "https://willow.example/" + "x" * 3000,
        "https://willow.example/\n",
        "https://[::1",
    ],
)
def test_an_address_that_pages_do_not_link_to(address: str) -> None:
    assert not is_web_address(address)


def test_a_web_address_has_no_more_than_2000_characters() -> None:
    address = "https://willow.example/".ljust(MAX_LENGTH, "x")
    assert is_web_address(address)
    assert not is_web_address(address + "x")


def test_the_portal_opens_what_has_a_link_or_an_application() -> None:
    practice = Practice("willow", "Willow", links={"documents": "/willow/documents"})
    assert items.opens(practice, "documents")
    assert not items.opens(practice, *FEATURES)
    assert items.opens(Practice("willow", "Willow", app_url="https://app.example"), *FEATURES)
    off = Practice("willow", "Willow", app_url="https://app.example", features=frozenset({"messages"}))
    assert not items.opens(off, "documents")


@pytest.mark.parametrize("path", ["/harbor/forms", "//evil.example", "https://evil.example", None])
def test_an_item_with_a_stored_path_outside_the_portal_opens_with_the_documents(path: str | None) -> None:
    """B146: an earlier version may have stored it."""
    practice = Practice("willow", "Willow", links={"documents": "/willow/documents"})
    profile = Profile("01JL", "Leo Gomez")

    assert items.item_url(practice, profile, SharedItem("Form", path)) == "/willow/documents"
    assert items.item_url(practice, profile, FORM) == "/willow/forms/1"
    assert items.item_url(Practice("willow", "Willow"), profile, SharedItem("Form", path)) is None
