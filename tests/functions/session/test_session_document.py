"""Tests of the document that tells other programs who is signed in."""

import pytest

from tests.kit.browser import App, Browser
from tests.kit.clock import HOUR, MINUTE, NOON
from tests.kit.portal import Portal
from tests.kit.seed import OWN

PLACES = ("home", "profiles")


def test_the_document_tells_other_programs_who_is_signed_in(ana: Browser) -> None:
    answer = ana.get("/willow/session")

    assert answer.headers["content-type"] == "application/json"
    document = answer.document
    assert document.pop("account")
    assert document == {
        "profile": "01KJTESTANA000000000000000",
        "profiles": [{"id": "01KJTESTANA000000000000000", "name": "Ana Reyes", "kind": "individual"}],
        "features": {"appointments": True, "messages": True, "documents": True, "payments": True},
        "signed_in_at": "2026-03-03T12:00:00Z",
        "expires_at": "2026-03-03T12:20:00Z",
        "method": "link",
    }


def test_the_document_holds_no_address(ana: Browser) -> None:
    assert "@" not in ana.get("/willow/session").body


def test_the_session_document_never_shows_more_time_than_there_is(ana: Browser, portal: Portal) -> None:
    for _ in range(71):
        portal.now += 10 * MINUTE
        assert ana.is_signed_in()
    assert ana.get("/willow/session").document["expires_at"] == "2026-03-04T00:00:00Z"
    portal.now = NOON + 12 * HOUR - 1
    assert ana.is_signed_in()
    portal.now += 1
    assert not ana.is_signed_in()


def test_nobody_learns_anything_without_a_session(browser: Browser) -> None:
    answer = browser.get("/willow/session")

    assert (answer.status, answer.code) == (401, "signed_out")


@pytest.mark.parametrize("place", PLACES)
def test_a_signed_out_browser_is_redirected_to_sign_in(browser: Browser, app: App, place: str) -> None:
    assert browser.get(f"/willow/{place}").location == "/willow/sign-in"
    assert browser.post(f"/willow/{place}", {"profile": OWN.id}).location == "/willow/sign-in"
    assert app.get(f"/willow/{place}").code == "signed_out"
