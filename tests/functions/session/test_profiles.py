"""Tests of the home page, and of choosing a profile."""

import pytest

from tests.functions.session.people import MARIA
from tests.kit.browser import App, Browser
from tests.kit.portal import Portal
from tests.kit.seed import CHILDS, OWN, change


def test_home_greets_the_person_and_tells_when_they_were_last_here(ana: Browser) -> None:
    page = ana.get("/willow/home").page

    assert page.heading == "Welcome, Ana Reyes"
    assert page.one("time").attributes["datetime"] == "2026-02-28T12:00:00+00:00"
    assert "Sign out" in page.buttons


def test_someone_with_one_profile_never_sees_the_choice(ana: Browser) -> None:
    """B103"""
    assert ana.get("/willow/profiles").location == "/willow/home"


def test_someone_with_several_profiles_chooses_and_can_choose_another(maria: Browser) -> None:
    """B103, B104, B106"""
    assert maria.get("/willow/home").location == "/willow/profiles"
    page = maria.get("/willow/profiles").page
    assert [button.attributes.get("value") for button in page.all("button", name="profile")] == [OWN.id, CHILDS.id]

    for profile in (CHILDS, OWN):
        assert maria.post("/willow/profiles", {"profile": profile.id}).location == "/willow/home"
        assert profile.name in maria.get("/willow/home").page.text
        assert maria.get("/willow/session").document["profile"] == profile.id


def test_a_profile_offers_what_its_clinician_switched_on(maria: Browser) -> None:
    """B64, B108"""
    assert maria.get("/willow/session").document["features"] == dict.fromkeys(
        ("appointments", "messages", "documents", "payments"), False
    )
    maria.post("/willow/profiles", {"profile": CHILDS.id})

    assert maria.get("/willow/session").document["features"] == {
        "appointments": False,
        "messages": False,
        "documents": True,
        "payments": False,
    }


@pytest.mark.parametrize(
    "profile", ["01KJTESTLEE000000000000000", "01KJTESTANA000000000000000", "", "' OR 1=1", "\u212a"]
)
def test_a_profile_of_someone_else_might_as_well_not_exist(maria: Browser, profile: str) -> None:
    """B104, B107"""
    answer = maria.post("/willow/profiles", {"profile": profile})

    assert answer.status == 404
    assert answer.page.heading == "We can’t find this page"
    assert maria.get("/willow/session").document["profile"] is None


def test_an_app_chooses_a_profile(app: App) -> None:
    app.sign_in(MARIA)

    assert app.post("/willow/profiles", {"profile": CHILDS.id}).document["profile"] == CHILDS.id
    answer = app.post("/willow/profiles", {"profile": "01KJTESTLEE000000000000000"})
    assert (answer.status, answer.code) == (404, "profile_unknown")


def test_taking_a_profile_away_ends_the_session_that_has_it_open(maria: Browser, portal: Portal) -> None:
    """B107"""
    maria.post("/willow/profiles", {"profile": CHILDS.id})
    assert maria.is_signed_in()

    change(portal, "willow", MARIA, profiles=(OWN,))

    assert not maria.is_signed_in()


def test_the_first_sign_in_shows_the_welcome_until_it_was_read(browser: Browser) -> None:
    """B109"""
    browser.sign_in("sam@example.com")
    assert "Good to see you here." in browser.get("/willow/home").page.text

    assert browser.post("/willow/home").status == 303

    assert "Good to see you here." not in browser.get("/willow/home").page.text


def test_someone_who_has_been_here_before_is_not_welcomed_anew(ana: Browser) -> None:
    """B109"""
    assert "Good to see you here." not in ana.get("/willow/home").page.text
